"""Which run is made when, on stands that are none: what is not made twice, what may not go on side by side, what a stop leaves."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.faults.cases import SHORT, Case
from tests.faults.catalogue import KAFKA, THREE_AND_FEW, THREE_MEMBERS, catalogue
from tests.faults.lanes import chosen
from tests.faults.plans import Planned, plan
from tests.faults.stand import EMBEDDED, Shape

ROOT = Path(__file__).resolve().parents[2]
MINUTES = 15
RUNS, MADE, UNDER_WAY = 6, 3, 2
SECONDS = 100
TINY = """
import asyncio, os, sys
from pathlib import Path
from tests.faults import __main__, lanes
from tests.faults.cases import SHORT
from tests.faults.catalogue import catalogue
from tests.faults.plans import Planned
from tests.faults.test_report import a_verdict

folder = Path(sys.argv.pop(1))

class NoStand:
    def __init__(self, _folder, shape, _settings):
        self.shape = shape

    async def start(self):
        pass

    async def stop(self):
        with (folder / "ended").open("a") as ended:
            ended.write("stand\\n")

async def run(_stand, case, seed, _profile):
    with (folder / "begun").open("a") as begun:
        begun.write(f"{seed}\\n")
    while seed >= MADE and not (folder / "go").exists():
        await asyncio.sleep(0.02)
    return a_verdict(fault=case.name, seed=seed)

lanes.Stand, lanes.run = NoStand, run
case = catalogue()["smtp_drop"]
__main__.plan = lambda *_: [Planned(case=case, seed=seed) for seed in range(RUNS)]
sys.exit(__main__.main())
""".replace("RUNS", str(RUNS)).replace("MADE", str(MADE))


def planned(*names: str) -> list[Planned]:
    return [Planned(case=catalogue()[name], seed=1) for name in names]


def name_of(one: Planned | None) -> str | None:
    return one.case.name if one else None


def test_a_lane_keeps_its_stand_and_makes_long_runs_before_short_ones_and_controls_last() -> None:
    due = planned("smtp_drop", "lost_tail:reconciliation", "broker_gone_0", "primary_kill_0")
    order = []
    while (one := chosen(due, EMBEDDED, [THREE_MEMBERS])) is not None:
        due.remove(one)
        order.append(one.case.name)
    assert order == ["broker_gone_0", "smtp_drop", "lost_tail:reconciliation"]
    assert name_of(due[0]) == "primary_kill_0"


def test_a_lane_without_work_takes_the_shape_that_nobody_has_and_only_then_helps() -> None:
    due = planned("broker_gone_0", "broker_gone_1", "zombie_0")
    assert name_of(chosen(due, None, [EMBEDDED])) == "zombie_0"
    assert name_of(chosen(planned("broker_gone_0", "broker_gone_1"), THREE_AND_FEW, [EMBEDDED])) == "broker_gone_0"
    assert chosen(planned("smtp_defer"), THREE_AND_FEW, [EMBEDDED]) is None, "less than what another stand takes to start"
    assert chosen([], EMBEDDED, []) is None


@pytest.mark.parametrize("others", [[KAFKA], [THREE_MEMBERS]])
def test_of_stands_with_many_servers_there_is_one_at_a_time(others: list[Shape]) -> None:
    assert chosen(planned("broker_gone@kafka", "primary_kill_0"), EMBEDDED, others) is None
    assert name_of(chosen(planned("broker_gone@kafka"), None, [EMBEDDED])) == "broker_gone@kafka"


def test_the_short_profile_fits_into_its_time_on_two_lanes() -> None:
    """By what each run is known to take; starts of stands included, one for each shape and lane."""
    runs = plan(SHORT, 1, 0)
    starts = 2 * len({one.case.shape for one in runs}) * 12
    longest = max(one.case.expected for one in runs)
    assert (sum(one.case.expected for one in runs) + starts) / 2 + longest / 2 < 60 * MINUTES


def tiny(folder: Path, file: Path) -> subprocess.Popen[str]:
    """A plan of a few runs of nothing, of which the first are made at once and the others only once they may."""
    arguments = [str(folder), "--results", str(file), "--jobs", "2", "--folder", str(folder / "stands")]
    command = [sys.executable, "-c", TINY, *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})


def lines(file: Path) -> Sequence[str]:
    return file.read_text().splitlines() if file.exists() else []


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("how", "status"), [(signal.SIGINT, 3), (signal.SIGTERM, 3), (signal.SIGKILL, -signal.SIGKILL)], ids=["INT", "TERM", "KILL"]
)
def test_what_is_stopped_goes_on_without_making_again_what_has_a_result(how: signal.Signals, status: int, tmp_path: Path) -> None:
    file = tmp_path / "results.jsonl"
    first = tiny(tmp_path, file)
    while len(lines(tmp_path / "begun")) < MADE + UNDER_WAY or len(lines(file)) < MADE:
        assert first.poll() is None
        time.sleep(0.02)
    first.send_signal(how)
    _, said = first.communicate(timeout=SECONDS)
    assert first.returncode == status
    assert {json.loads(line)["seed"] for line in lines(file)} == set(range(MADE))
    if status == 3:
        assert "goes on from here" in said
        assert lines(tmp_path / "ended") == ["stand", "stand"], "nothing runs any more"
    with file.open("a") as results:
        results.write('{"seed": 5, "fault": "smtp_dr')  # killed while it wrote
    (tmp_path / "go").touch()
    second = tiny(tmp_path, file)
    printed, _ = second.communicate(timeout=SECONDS)
    assert second.returncode == 0
    again = {int(seed) for seed in lines(tmp_path / "begun")[MADE + UNDER_WAY :]}
    assert again == set(range(MADE, RUNS))
    assert sorted(json.loads(line)["seed"] for line in lines(file)) == list(range(RUNS))
    sums = json.loads(printed.splitlines()[-1])
    assert (sums["runs"], sums["lost"], sums["seeds"]) == (RUNS, 0, list(range(RUNS)))


def test_every_run_names_how_long_it_takes() -> None:
    assert all(isinstance(case, Case) and case.expected > 0 for case in catalogue().values())
