"""The deployment files say nothing that the code does not: settings, modules, metrics, folders."""

import json
import re
from pathlib import Path

import pytest
import yaml
from prometheus_client import REGISTRY

from shared.service.settings import PREFIX
from shared.telemetry import metrics

ROOT = Path(__file__).resolve().parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yml").read_text(encoding="utf-8"))
DOCKERFILE = (ROOT / "infra/docker/Dockerfile").read_text(encoding="utf-8")
METRIC = re.compile(r"\bbackline_[a-z0-9_]+\b")
SERVICES = ("intake", "routing", "notify", "documents")


def _known() -> set[str]:
    """Every sample name the vocabulary can expose, histogram buckets included."""
    assert metrics.BUILD is not None
    return set(REGISTRY._names_to_collectors)


@pytest.mark.parametrize("file", ["infra/prometheus/alerts.yml", "infra/grafana/dashboards/overview.json"])
def test_every_metric_asked_for_exists(file: str) -> None:
    asked = set(METRIC.findall((ROOT / file).read_text(encoding="utf-8")))
    assert len(asked) >= 8
    assert asked <= _known()


def test_a_metric_that_does_not_exist_would_be_found() -> None:
    assert not {"backline_no_such_total"} <= _known()


@pytest.mark.parametrize("service", SERVICES)
def test_compose_sets_what_every_service_needs(service: str) -> None:
    given = {name.removeprefix(PREFIX).lower().removesuffix("_file") for name in COMPOSE["services"][service]["environment"]}
    assert {"mongo_uri", "broker", "service_token", "key_pepper", "keys", "host"} <= given


@pytest.mark.parametrize("service", SERVICES)
def test_compose_runs_modules_that_exist(service: str) -> None:
    (module,) = COMPOSE["services"][service]["command"]
    assert (ROOT / (module.replace(".", "/") + ".py")).exists()


def test_the_image_copies_what_exists_and_runs_as_nobody_special() -> None:
    copied = [word for line in DOCKERFILE.splitlines() if line.startswith("COPY") for word in line.split()[1:-1]]
    assert copied
    assert all((ROOT / name).exists() for name in copied)
    assert re.search(r"^USER (?!0|root)", DOCKERFILE, re.MULTILINE)
    assert "--require-hashes" in DOCKERFILE


def test_prometheus_scrapes_every_service() -> None:
    jobs = yaml.safe_load((ROOT / "infra/prometheus/prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    (found,) = (group for job in jobs for group in job["dns_sd_configs"])
    assert set(found["names"]) == set(SERVICES)
    assert {COMPOSE["services"][service]["environment"]["BACKLINE_PORT"] for service in SERVICES} == {str(found["port"])}


def test_every_panel_asks_something_and_says_what_the_lines_are() -> None:
    dashboard = json.loads((ROOT / "infra/grafana/dashboards/overview.json").read_text(encoding="utf-8"))
    panels = [panel for panel in dashboard["panels"] if panel["type"] != "row"]
    assert panels
    assert all(panel["targets"] and panel["fieldConfig"]["defaults"]["unit"] for panel in panels)
    assert all(target["expr"] and target["legendFormat"] for panel in panels for target in panel["targets"])
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_the_dashboard_asks_the_data_source_that_is_provisioned() -> None:
    dashboard = json.loads((ROOT / "infra/grafana/dashboards/overview.json").read_text(encoding="utf-8"))
    (source,) = yaml.safe_load((ROOT / "infra/grafana/provisioning/datasources/prometheus.yml").read_text())["datasources"]
    (provider,) = yaml.safe_load((ROOT / "infra/grafana/provisioning/dashboards/backline.yml").read_text())["providers"]
    used = {panel["datasource"]["uid"] for panel in dashboard["panels"] if panel["type"] != "row"}
    mounts = dict(volume.split(":")[:2] for volume in COMPOSE["services"]["grafana"]["volumes"])
    assert used == {source["uid"]}
    assert source["url"].removeprefix("http://").split(":")[0] in COMPOSE["services"]
    assert mounts["./infra/grafana/dashboards"] == provider["options"]["path"]
