"""The compose file names only what exists: modules, variables, files, topics' command, and each other."""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from infra.cli import app
from infra.commands.keys import OWN
from services.intake.settings import IntakeSettings
from services.notify.settings import NotifySettings
from services.routing.settings import RoutingSettings
from shared.http.access import peppers_of
from shared.http.auth import check_bind
from shared.http.keys import read_keys
from shared.schemas.envelope import SOURCES
from shared.service.settings import PREFIX, Settings
from shared.storage import connect
from tests.infra.dockerfile import Dockerfile

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
COMPOSE: dict[str, Any] = yaml.safe_load(FILE.read_text(encoding="utf-8"))
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
SECRET = re.compile(r"(TOKEN|PEPPER|PASSWORD|SECRET)$")
MODELS: dict[str, type[Settings]] = {"intake": IntakeSettings, "routing": RoutingSettings, "notify": NotifySettings}


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the keys and the environment that `backline keys` makes."""
    folder = tmp_path_factory.mktemp("deployment")
    run = CliRunner().invoke(app, ["keys", "east", "south", "--person", "QH10001", *placed_in(folder)])
    assert run.exit_code == 0, run.output
    (folder / "shown").write_text(run.output)
    return folder


def placed_in(folder: Path) -> list[str]:
    return ["--folder", str(folder / "secrets"), "--environment", str(folder / ".env")]


def environment_of(service: str, deployment: Path) -> dict[str, str]:
    """What the service is given, its secrets where compose would mount them."""
    environment = {name: str(value) for name, value in SERVICES[service]["environment"].items()}
    return {name: value.replace("/run/secrets/", f"{secrets_of(deployment)}/") for name, value in environment.items()}


def secrets_of(deployment: Path) -> str:
    """The folder that .env names."""
    return dict(line.split("=", 1) for line in (deployment / ".env").read_text().splitlines())["BACKLINE_SECRETS"]


@pytest.mark.parametrize("service", SOURCES)
def test_a_service_accepts_the_environment_it_is_given(service: Any, deployment: Path) -> None:
    environment = environment_of(service, deployment)
    model = MODELS.get(service, Settings)
    settings = model.read(service, environment)
    check_bind(settings.host, settings.environment, settings.keys_file, service_token=settings.service_token)
    assert peppers_of(settings, development=False).usable
    connect(settings.mongo_uri).close()
    known = {PREFIX + name.upper() for name in model.model_fields}
    assert {name if name in known else name.removesuffix("_FILE") for name in environment} <= known


def test_the_keys_that_are_made_can_be_read_and_are_no_tokens(deployment: Path) -> None:
    shown = (deployment / "shown").read_text()
    keys = read_keys(str(deployment / "secrets" / "keys.yaml"))
    assert [(key.kind, key.id) for key in keys] == [("unit", "east"), ("unit", "south"), ("person", "QH10001")]
    for key in keys:
        found = re.search(rf"^{key.id}\t(\S+)$", shown, re.MULTILINE)
        assert found
        assert hashlib.sha256(found[1].encode()).hexdigest() == key.sha256
        assert found[1] not in (deployment / "secrets" / "keys.yaml").read_text()


def test_the_containers_user_can_read_what_is_mounted_and_nobody_else_gets_there(deployment: Path) -> None:
    folder = deployment / "secrets"
    assert {file.name for file in folder.iterdir()} == {"keys.yaml", *OWN}
    assert all(file.stat().st_mode & 0o004 for file in folder.iterdir())
    assert not folder.stat().st_mode & 0o077


def test_every_secret_is_mounted_as_a_file_and_none_is_in_an_environment(deployment: Path) -> None:
    files = {name: secret["file"].rsplit("/", 1)[-1] for name, secret in COMPOSE["secrets"].items()}
    assert set(files.values()) == {file.name for file in (deployment / "secrets").iterdir()}
    for name, service in SERVICES.items():
        mounted = {one if isinstance(one, str) else one["source"] for one in service.get("secrets", ())}
        assert mounted <= files.keys()
        values = [str(value) for value in service.get("environment", {}).values()]
        assert all(value.rsplit("/", 1)[-1] in {*mounted, "keys.yaml"} for value in values if "/run/secrets/" in value), name
        assert not [variable for variable in service.get("environment", {}) if SECRET.search(variable)]
    assert SECRET.search("BACKLINE_SERVICE_TOKEN"), "the control"


def test_a_service_has_the_secrets_it_uses_and_no_others() -> None:
    everybodys = {"keys", "service_token", "key_pepper"}
    more = {
        "intake": {"link_secret", "callback_secret"},
        "notify": {"callback_secret", "act_secret"},
        "routing": {"clash_pepper", "act_secret"},
        "documents": {"link_secret"},
    }
    for name in SOURCES:
        mounted = {one if isinstance(one, str) else one["source"] for one in SERVICES[name]["secrets"]}
        assert mounted == everybodys | more.get(name, set()), name
        named = {
            str(value).rsplit("/", 1)[-1] for value in SERVICES[name]["environment"].values() if "/run/secrets/" in str(value)
        }
        assert {one.removesuffix(".yaml") for one in named} == mounted, name


def test_the_secrets_that_are_made_are_no_weak_ones(deployment: Path) -> None:
    made = [Path(secrets_of(deployment), name).read_text().strip() for name in OWN]
    assert len(set(made)) == len(OWN)
    assert all(len(secret) >= 40 for secret in made)


def test_keys_are_never_overwritten(deployment: Path) -> None:
    before = (deployment / "secrets" / "keys.yaml").read_text()
    run = CliRunner().invoke(app, ["keys", "north", *placed_in(deployment)])
    assert run.exit_code == 1
    assert "exists" in run.output
    assert (deployment / "secrets" / "keys.yaml").read_text() == before


@pytest.mark.parametrize("service", [*SOURCES, "topics"])
def test_what_a_container_runs_exists(service: str) -> None:
    module, *arguments = SERVICES[service]["command"]
    assert importlib.util.find_spec(module)
    assert Dockerfile.read().entrypoint == ["python", "-m"]
    if module == "infra.cli":
        assert arguments[0] in {command.name or getattr(command.callback, "__name__", "") for command in app.registered_commands}


def test_all_four_services_are_one_image_from_the_one_dockerfile() -> None:
    images = {SERVICES[service]["image"] for service in (*SOURCES, "topics")}
    builds = {SERVICES[service]["build"]["dockerfile"] for service in (*SOURCES, "topics")}
    assert len(images) == 1
    assert builds == {"infra/docker/Dockerfile"}


def test_every_address_a_service_is_given_is_another_containers(deployment: Path) -> None:
    for service in SOURCES:
        environment = environment_of(service, deployment)
        hosts = [environment["BACKLINE_BROKER"].split(":")[0]]
        hosts += [environment[f"BACKLINE_{source.upper()}_URL"].split("//")[1].split(":")[0] for source in SOURCES]
        hosts += [environment["BACKLINE_MONGO_URI"].split("//")[1].split(":")[0]]
        hosts += [environment["BACKLINE_SMTP_HOST"]] if "BACKLINE_SMTP_HOST" in environment else []
        assert set(hosts) <= SERVICES.keys()


def test_every_mounted_folder_exists_or_is_made_by_keys() -> None:
    mounts = [volume.split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", ())]
    named = {mount for mount in mounts if not mount.startswith(".")}
    assert named == COMPOSE["volumes"].keys()
    missing = {mount for mount in mounts if mount.startswith(".") and not (ROOT / mount).exists()}
    assert missing <= {"./secrets/keys.yaml"}


def test_everything_is_published_on_this_machine_alone() -> None:
    ports = [port for service in SERVICES.values() for port in service.get("ports", ())]
    assert ports
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_every_image_names_its_version() -> None:
    images = [service["image"] for service in SERVICES.values()]
    assert all(":" in image and not image.endswith(":latest") for image in images)
    assert any(image.startswith("apache/kafka:4.") for image in images)


def test_compose_itself_accepts_the_file(deployment: Path) -> None:
    compose = shutil.which("docker-compose")
    if compose is None:
        pytest.skip("NOT CHECKED: docker-compose is not installed (Debian: apt-get install docker-compose)")
    command = [compose, "--env-file", str(deployment / ".env"), "--file", str(FILE), "config", "--quiet"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr


def test_compose_refuses_to_start_without_secrets_and_says_how_to_make_them(tmp_path: Path) -> None:
    compose = shutil.which("docker-compose")
    if compose is None:
        pytest.skip("NOT CHECKED: docker-compose is not installed (Debian: apt-get install docker-compose)")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    (tmp_path / "empty.env").touch()
    command = [compose, "--env-file", str(tmp_path / "empty.env"), "--file", str(FILE), "config", "--quiet"]
    run = subprocess.run(command, cwd=ROOT, env=clean, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode != 0
    assert "backline keys" in run.stderr
