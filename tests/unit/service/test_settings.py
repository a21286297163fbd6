"""Settings: secrets from files, and none that can be guessed outside development."""

import os
import subprocess
import sys
import traceback
from itertools import combinations
from pathlib import Path

import pytest

from services.notify.settings import NotifySettings
from services.routing.settings import RoutingSettings
from shared.http.access import peppers_of
from shared.schemas.envelope import SOURCES
from shared.service.settings import Settings, SettingsError


class EverySecret(NotifySettings, RoutingSettings):
    """The settings of a service that had all secrets there are."""


LONG = "x7Kq-this-is-no-word-of-any-dictionary-4711"
PRODUCTION = {
    "BACKLINE_MONGO_URI": "mongodb://db",
    "BACKLINE_BROKER": "broker:9092",
    "BACKLINE_SERVICE_TOKEN": "a-service-token-of-tests",
    "BACKLINE_LINK_SECRET": "q4Wz-links-of-files-are-signed-with-this-0815",
}


def read(**changes: str | None) -> Settings:
    environment = {**PRODUCTION, **{f"BACKLINE_{name}": value for name, value in changes.items()}}
    return Settings.read("intake", {name: value for name, value in environment.items() if value is not None})


def problem(**changes: str | None) -> str:
    with pytest.raises(SettingsError) as error:
        read(**changes)
    return str(error.value)


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_secret_may_lie_in_a_file(tmp_path: Path, ending: str):
    file = tmp_path / "token"
    file.write_text(f"{LONG}{ending}")
    assert read(SERVICE_TOKEN=None, SERVICE_TOKEN_FILE=str(file)).service_token == LONG
    pepper = read(KEY_PEPPER_FILE=str(file)).key_pepper
    assert pepper is not None
    assert pepper.get_secret_value() == LONG


def test_every_setting_may(tmp_path: Path):
    (tmp_path / "password").write_text("geheim 密码\n", encoding="utf-8")
    (tmp_path / "uri").write_text("mongodb://user:secret@db/?w=majority\n")
    environment = {
        **PRODUCTION,
        "BACKLINE_SMTP_PASSWORD_FILE": str(tmp_path / "password"),
        "BACKLINE_MONGO_URI_FILE": str(tmp_path / "uri"),
    }
    del environment["BACKLINE_MONGO_URI"]
    settings = NotifySettings.read("notify", environment)
    assert settings.smtp_password is not None
    assert settings.smtp_password.get_secret_value() == "geheim 密码"
    assert settings.mongo_uri == "mongodb://user:secret@db/?w=majority"


def test_the_keys_file_is_a_setting_of_its_own(tmp_path: Path):
    assert read(KEYS_FILE="/run/secrets/keys.yaml").keys_file == "/run/secrets/keys.yaml"


def test_a_secret_is_given_in_one_way_alone(tmp_path: Path):
    (tmp_path / "token").write_text(LONG)
    said = problem(SERVICE_TOKEN_FILE=str(tmp_path / "token"))
    assert "BACKLINE_SERVICE_TOKEN and BACKLINE_SERVICE_TOKEN_FILE are both set" in said


@pytest.mark.parametrize("content", [b"", b"\n", b"  \n", b"\xff\xfe", b"x" * 300_000])
def test_a_file_that_says_nothing_usable_is_named(tmp_path: Path, content: bytes):
    (tmp_path / "token").write_bytes(content)
    said = problem(SERVICE_TOKEN=None, SERVICE_TOKEN_FILE=str(tmp_path / "token"))
    assert f"BACKLINE_SERVICE_TOKEN_FILE: {tmp_path / 'token'} cannot be used" in said


def test_a_file_that_is_missing_or_a_folder_is_named(tmp_path: Path):
    assert "FileNotFoundError" in problem(KEY_PEPPER_FILE=str(tmp_path / "none"))
    assert "IsADirectoryError" in problem(KEY_PEPPER_FILE=str(tmp_path))


@pytest.mark.parametrize("weak", ["short-one", "dev-service-token-that-is-long", "local-service-token", "a" * 40, "abc123" * 10])
def test_a_service_token_that_can_be_guessed_is_refused_outside_development(weak: str):
    said = problem(SERVICE_TOKEN=weak)
    assert "BACKLINE_SERVICE_TOKEN can be guessed" in said
    assert weak not in said
    assert read(SERVICE_TOKEN=weak, ENVIRONMENT="development").service_token == weak


@pytest.mark.parametrize("name", ["KEY_PEPPER", "KEY_PEPPER_BEFORE"])
@pytest.mark.parametrize("weak", ["too short to be one", "dev-pepper-of-every-local-stack-and-more", "xy" * 20])
def test_a_pepper_that_can_be_guessed_is_refused_outside_development(name: str, weak: str):
    said = problem(**{name: weak})
    assert f"BACKLINE_{name} can be guessed" in said
    assert weak not in said
    read(**{name: weak, "ENVIRONMENT": "development"})


def test_development_has_a_pepper_and_production_only_what_it_was_given():
    assert peppers_of(read(ENVIRONMENT="development"), development=True).usable
    assert not peppers_of(read(), development=False).usable
    assert peppers_of(read(KEY_PEPPER=LONG), development=False).usable


@pytest.mark.parametrize("weak", ["q4Wz-only-16-chars", f"{LONG},q4Wz-only-16-chars", "ab" * 20])
def test_a_link_secret_that_can_be_guessed_is_refused_outside_development(weak: str):
    said = problem(LINK_SECRET=weak, SERVICE_TOKEN=LONG)
    assert "BACKLINE_LINK_SECRET should be" in said
    assert weak not in said
    read(LINK_SECRET=weak, SERVICE_TOKEN=LONG, ENVIRONMENT="development")


def test_links_are_signed_with_a_secret_of_their_own_wherever_files_are_handed_out():
    assert "BACKLINE_LINK_SECRET should be" in problem(LINK_SECRET=None)
    plain = {name: value for name, value in PRODUCTION.items() if name != "BACKLINE_LINK_SECRET"}
    with pytest.raises(SettingsError, match="LINK_SECRET"):
        Settings.read("documents", plain)
    for service in ("routing", "notify"):
        assert Settings.read(service, plain).link_secrets == ()
    assert read(LINK_SECRET=f"{LONG},{LONG[::-1]}").link_secrets == (LONG, LONG[::-1])
    assert read(LINK_SECRET=None, ENVIRONMENT="development").link_secrets == ("a-service-token-of-tests",)


OWN = ("SERVICE_TOKEN", "LINK_SECRET", "ACT_SECRET", "KEY_PEPPER", "KEY_PEPPER_BEFORE", "CLASH_PEPPER", "CALLBACK_SECRET")


@pytest.mark.parametrize("two", list(combinations(OWN, 2)), ids=" ".join)
def test_no_two_secrets_are_the_same_outside_development(two: tuple[str, str]):
    random = {f"BACKLINE_{name}": f"{LONG}-of-its-own-{place}" for place, name in enumerate(OWN)}
    given = {**PRODUCTION, **random}
    same = {f"BACKLINE_{name}": f"{LONG}-of-both" for name in two}
    EverySecret.read("notify", given)
    with pytest.raises(SettingsError, match="are the same; set a random one for each") as error:
        EverySecret.read("notify", {**given, **same})
    assert all(f"BACKLINE_{name}" in str(error.value) for name in two)
    assert LONG not in str(error.value)
    EverySecret.read("notify", {**given, **same, "BACKLINE_ENVIRONMENT": "development"})


def test_a_secret_is_the_same_as_any_of_several():
    assert "are the same" in problem(SERVICE_TOKEN=LONG, LINK_SECRET=f"{LONG[::-1]},{LONG}")


def test_a_comma_in_a_secret_that_is_one_makes_no_parts():
    read(SERVICE_TOKEN=f"{LONG},?", KEY_PEPPER=f"{LONG[::-1]},?")


SECRETS = {
    "MONGO_URI": "mongodb://intake:{}@db/",
    "SERVICE_TOKEN": "{}",
    "LINK_SECRET": "{}",
    "KEY_PEPPER": "{}",
    "KEY_PEPPER_BEFORE": "{}",
    "KAFKA_PASSWORD": "{}",
    "SMTP_PASSWORD": "{}",
    "CALLBACK_SECRET": "{}",
    "CHAT_ROOMS": '{{"east": "{}"}}',
    "WEBHOOKS": '{{"erp": {{"url": "https://erp.example", "secret": "{}"}}}}',
}
CANARIES = {name: f"{name.replace('_', '-')}-canary-4711-of-no-dictionary" for name in SECRETS}
HIDDEN = {f"BACKLINE_{name}": form.format(CANARIES[name]) for name, form in SECRETS.items()}


def shown(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


def test_secrets_are_not_shown():
    settings = NotifySettings.read("notify", {**PRODUCTION, **HIDDEN})
    assert str(settings.smtp_port) in repr(settings), "the control"
    assert [name for name, canary in CANARIES.items() if canary in repr(settings) + str(settings)] == []


@pytest.mark.parametrize("model", [Settings, NotifySettings])
@pytest.mark.parametrize("wrong", [{"PORT": "x"}, {"LINK_SECRET": "{} with a blank"}, {"OIDC_ISSUER": "alone"}])
def test_no_error_of_settings_shows_a_secret(model: type[Settings], wrong: dict[str, str]):
    given = {f"BACKLINE_{name}": value.format(CANARIES.get(name, "")) for name, value in wrong.items()}
    with pytest.raises(SettingsError) as error:
        model.read("notify", {**PRODUCTION, **HIDDEN, **given})
    assert "BACKLINE_" in str(error.value)
    beginnings = {canary[:14] for canary in CANARIES.values()}  # what is long is shown in part
    assert [beginning for beginning in beginnings if beginning in shown(error.value)] == []


@pytest.mark.parametrize("service", SOURCES)
def test_a_service_with_wrong_settings_ends_with_one_line_and_status_2(service: str):
    environment = {**os.environ, **PRODUCTION, **HIDDEN, "BACKLINE_SERVICE_TOKEN": "dev-canary"}
    command = [sys.executable, "-m", f"services.{service}.app"]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert (run.returncode, run.stdout, run.stderr.count("\n")) == (2, "", 1), run.stderr
    assert "BACKLINE_SERVICE_TOKEN can be guessed" in run.stderr
    assert "canary" not in run.stderr


ISSUER = {"OIDC_ISSUER": "https://login.example", "OIDC_AUDIENCE": "backline", "OIDC_JWKS_URL": "https://login.example/keys"}


def test_an_issuer_is_named_whole():
    assert read(**ISSUER).oidc_audience == "backline"
    for name in ISSUER:
        assert "go together" in problem(**{**ISSUER, name: None})


def test_an_issuers_keys_come_over_https_outside_development():
    plain = {**ISSUER, "OIDC_JWKS_URL": "http://login.example/keys"}
    assert "BACKLINE_OIDC_JWKS_URL is http" in problem(**plain)
    read(**plain, ENVIRONMENT="development")


@pytest.mark.parametrize("wrong", ["none", "HS256", "RS256,none", "RS512", "", ","])
def test_only_signatures_with_public_keys_can_be_configured(wrong: str):
    assert "BACKLINE_OIDC_ALGORITHMS" in problem(OIDC_ALGORITHMS=wrong)


def test_only_scopes_that_exist_can_be_given_to_people():
    assert "BACKLINE_OIDC_PERSON_SCOPES" in problem(OIDC_PERSON_SCOPES="requests:read,everything")
    assert read(OIDC_PERSON_SCOPES="").oidc_person_scopes == ""
