"""Dashboards and alerts ask only for what the product tells."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.infra.monitoring import ADDED, DASHBOARD, OUTSIDE, ROOT, RULES, Query, queries, vocabulary

QUERIES = list(queries())
PROMETHEUS = ROOT / "infra" / "prometheus"


def told_by_the_product() -> frozenset[str]:
    """The constants of the vocabulary that some line of the product sets."""
    sources = [file for room in ("shared", "services") for file in (ROOT / room).rglob("*.py")]
    return frozenset(name for file in sources for name in re.findall(r"\bmetrics\.([A-Z_]+)", file.read_text(encoding="utf-8")))


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.where)
def test_a_query_asks_for_what_the_vocabulary_has(query: Query) -> None:
    known = vocabulary()
    own = query.names - OUTSIDE
    assert query.names
    assert own <= known.keys()
    assert query.labels <= ADDED.union(*(known[name][1] for name in own))


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.where)
def test_a_query_asks_for_what_is_really_told(query: Query) -> None:
    known, told = vocabulary(), told_by_the_product()
    assert {known[name][0] for name in query.names - OUTSIDE} <= told


def test_a_metric_that_does_not_exist_would_be_noticed() -> None:
    assert not Query("made up", "rate(backline_mails_total[5m])").names <= vocabulary().keys()


def test_a_label_that_does_not_exist_would_be_noticed() -> None:
    query = Query("made up", 'sum by (service, colour) (backline_parked_requests{shade="dark"})')
    assert query.labels == {"service", "colour", "shade"}


def test_every_alert_says_what_happened_how_bad_it_is_and_what_to_do() -> None:
    for group in yaml.safe_load(RULES.read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            assert rule["labels"]["severity"] in {"page", "ticket"}, rule["alert"]
            assert rule["annotations"].keys() == {"summary", "runbook"}, rule["alert"]


def test_a_panel_does_not_hide_one_figure_behind_another() -> None:
    """`a or b` shows b only where a has no such labels: with the same grouping, never."""
    panels = json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]
    assert [panel["title"] for panel in panels for target in panel["targets"] if " or " in target["expr"]] == []


def test_panels_do_not_lie_on_one_another() -> None:
    places = [panel["gridPos"] for panel in json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"]]
    cells = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(cells) == len(set(cells))


@pytest.mark.parametrize("arguments", [["check", "config", "prometheus.yml"], ["test", "rules", "alerts.test.yml"]])
def test_prometheus_own_tool_accepts_the_rules(arguments: list[str]) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("NOT CHECKED: promtool is not installed (Debian: apt-get install prometheus)")
    run = subprocess.run([promtool, *arguments], cwd=PROMETHEUS, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stdout + run.stderr


def test_prometheus_own_tool_accepts_every_query_of_the_dashboard(tmp_path: Path) -> None:
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("NOT CHECKED: promtool is not installed (Debian: apt-get install prometheus)")
    rules = [{"record": f"query_{number}", "expr": query.text} for number, query in enumerate(QUERIES)]
    (tmp_path / "queries.yml").write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}))
    run = subprocess.run(
        [promtool, "check", "rules", "queries.yml"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert run.returncode == 0, run.stdout + run.stderr
