"""The sum of all runs: what counts as a breach, what as a control, and what is not made again."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.faults import plans
from tests.faults.cases import PROFILES, SHORT
from tests.faults.catalogue import catalogue
from tests.faults.plans import Planned, plan
from tests.faults.report import Results
from tests.faults.runs import Verdict


def a_verdict(**changes: Any) -> Verdict:
    plain: dict[str, Any] = {
        "seed": 1,
        "profile": "short",
        "fault": "kill_grid_0",
        "broker": "embedded",
        "control": False,
        "verdict": "held",
        "lost": [],
        "twice": [],
        "inversions": [],
        "unlisted_doubtful": [],
        "unknown": 0,
        "requests": 12,
        "seconds": 1.0,
        "figures": {"restarts": 10, "at_points": 6},
    }
    return Verdict(**{**plain, **changes})


CONTROLLED = (
    "kill",
    "smtp",
    "chat",
    "broker",
    "lost_tail",
    "poison",
    "read_only",
    "disk_full",
    "zombie",
    "cap",
    "primary",
    "late_write",
    "restore_routing",
    "restore_notify",
    "slow_handler",
    "rebuild",
)
CAUGHT = a_verdict(fault="kill_grid:outbox", control=True, verdict="caught", lost=["an event"])
MISSED = replace(CAUGHT, verdict="missed", lost=[])


def results_of(*verdicts: Verdict, file: Path | None = None) -> Results:
    results = Results(file)
    for verdict in verdicts:
        results.add(verdict)
    return results


def test_a_run_whose_fault_never_struck_shows_nothing() -> None:
    assert results_of(a_verdict(), CAUGHT).good()
    assert not results_of(a_verdict(), a_verdict(verdict="unstruck"), CAUGHT).good()


def test_fewer_than_three_kills_in_ten_from_outside_are_too_few() -> None:
    """Of the grid six in ten are at points; beside it there is a run of kills from outside."""
    outside = a_verdict(fault="kill_outside_0", figures={"restarts": 2, "at_points": 0})
    assert results_of(a_verdict(), outside, CAUGHT).good()
    at_points = a_verdict(figures={"restarts": 10, "at_points": 10})
    assert not results_of(at_points, outside, CAUGHT).good()
    assert results_of(at_points, CAUGHT).good(), "a run alone shows what it shows"


def test_who_ended_by_itself_was_not_killed() -> None:
    results = results_of(a_verdict(figures={"restarts": 10, "at_points": 6, "exits": 3}))
    assert results.kills() == {"kills": 7, "from_outside": 1, "exits": 3}


def test_points_at_which_nobody_died_are_named_once_the_whole_grid_was_made() -> None:
    results = results_of(a_verdict(figures={"points": ["intake after_fetch"]}))
    assert results.unreached() == []
    for turn in range(2, 13, 2):
        results.add(a_verdict(fault=f"kill_grid_{turn}"))
    assert "intake after_fetch" not in results.unreached()
    assert "notify before_point" in results.unreached()


def test_what_another_commit_found_is_found_anew(tmp_path: Path) -> None:
    file, run = tmp_path / "runs.jsonl", Planned(case=catalogue()["kill_grid_0"], seed=1)
    Results(file, "old").add(a_verdict(verdict="broken", lost=["an event"]))
    assert Results(file, "old").has(run, SHORT)
    newer = Results(file, "new")
    assert not newer.has(run, SHORT)
    assert newer.figures()["lost"] == 0


def test_the_last_line_has_exactly_what_it_promises() -> None:
    sums = results_of(a_verdict(unknown=2), CAUGHT).figures()
    assert sums == {
        "runs": 1,
        "lost": 0,
        "twice": 0,
        "inversions": 0,
        "unlisted_doubtful": 0,
        "controls": 1,
        "controls_caught": 1,
        "unknown": 2,
        "by_broker": {"embedded": 2},
        "seeds": [1],
    }


@pytest.mark.parametrize("breach", ["lost", "twice", "inversions", "unlisted_doubtful"])
def test_one_breach_in_a_run_is_enough(breach: str) -> None:
    assert not results_of(a_verdict(**{breach: ["a sentence"]}), CAUGHT).good()


def test_a_missed_control_or_no_run_at_all_is_no_success() -> None:
    assert results_of(a_verdict(), CAUGHT).good()
    assert not results_of(a_verdict(), MISSED).good()
    assert not results_of(CAUGHT).good()


def test_what_has_a_result_is_not_run_again(tmp_path: Path) -> None:
    file = tmp_path / "long.jsonl"
    results_of(a_verdict(), file=file)
    continued = Results(file)
    case = catalogue()["kill_grid_0"]
    assert continued.has(Planned(case=case, seed=1), SHORT)
    assert not continued.has(Planned(case=case, seed=2), SHORT)
    assert json.loads(file.read_text())["fault"] == "kill_grid_0"


def test_kills_from_outside_are_those_that_no_point_ordered() -> None:
    assert results_of(a_verdict()).kills() == {"kills": 10, "from_outside": 4, "exits": 0}


def test_every_kind_of_fault_has_a_control_that_names_its_damage() -> None:
    controls = [case for case in catalogue().values() if case.without]
    assert all(case.damage for case in controls)
    for fault in CONTROLLED:
        assert any(case.fault.startswith(fault) for case in controls), fault
    others = {case.fault for case in catalogue().values() if not case.fault.startswith(CONTROLLED)}
    # A restore of documents is that of any service; a roll-out meets what a kill meets, and has its end in time besides.
    assert {fault.partition("_")[0] for fault in others} == {"restore", "rolled"}


@pytest.fixture
def no_kafka(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "hindrance", lambda: "no Java")


@pytest.mark.usefixtures("no_kafka")
def test_the_long_plan_goes_on_with_new_seeds_and_can_be_drawn_again() -> None:
    runs = plan(PROFILES["long"], 5, 200)
    assert len(runs) >= 200
    assert len({(run.case.name, run.seed) for run in runs}) == len(runs)
    assert sum(run.case.fault.startswith("primary_") and not run.case.without for run in runs) >= 50
    assert runs == plan(PROFILES["long"], 5, 200)
    assert {run.seed for run in plan(SHORT, 5, 0)} == {5}


@pytest.mark.usefixtures("no_kafka")
def test_where_kafka_cannot_run_its_runs_are_left_out_and_that_is_said_loudly(capsys: pytest.CaptureFixture[str]) -> None:
    assert {run.case.shape.broker for run in plan(SHORT, 1, 0)} == {"embedded"}
    assert "!!! NOTHING WAS TRIED ON APACHE KAFKA: no Java" in capsys.readouterr().out
