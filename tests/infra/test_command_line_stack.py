"""`backline up`, `status` and `down` on the real services: what is started is seen, ended, and never left behind."""

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from typer.testing import CliRunner

from infra.cli import app
from shared.messaging.producer import Producer
from shared.schemas.envelope import SOURCES
from shared.schemas.topics import INBOUND
from tests.infra.monitoring import queries, vocabulary
from tests.infra.waiting import eventually, runs

pytestmark = [pytest.mark.stack, pytest.mark.timeout(180)]
ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "infra" / "demo" / "sample"
FAMILY = re.compile(r"^# TYPE (\S+) (\w+)$", re.MULTILINE)
START_SECONDS = 90
STOP_SECONDS = 60


@contextmanager
def backline_up(folder: Path, *arguments: str) -> Iterator[subprocess.Popen[str]]:
    """The command as somebody would start it, ready; killed at the end of the block if it still runs."""
    command = [sys.executable, "-m", "infra.cli", "up", "--folder", str(folder), *arguments]
    output = folder.with_suffix(".output")
    with output.open("w+", encoding="utf-8") as written:
        process = subprocess.Popen(command, cwd=ROOT, stdout=written, stderr=subprocess.STDOUT, text=True)
        try:
            ready = eventually(lambda: "The stack is ready" in output.read_text() or process.poll() is not None, START_SECONDS)
            assert ready, output.read_text()
            assert process.poll() is None, output.read_text()
            yield process
        finally:
            process.kill()
            process.wait(STOP_SECONDS)


def state_of(folder: Path) -> dict[str, Any]:
    state: dict[str, Any] = json.loads((folder / "stack.json").read_text(encoding="utf-8"))
    return state


def backline(*arguments: str) -> tuple[int, str]:
    run = CliRunner(env={"COLUMNS": "200"}).invoke(app, list(arguments))
    return run.exit_code, run.output


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a stack with two routing processes that somebody started and that the last test here ends."""
    folder = tmp_path_factory.mktemp("up") / "stack"
    with backline_up(folder, "--scale", "routing=2"):
        yield folder


def test_every_process_is_ready(stack: Path) -> None:
    code, shown = backline("status", "--folder", str(stack))
    assert {"intake-1", "routing-1", "routing-2", "notify-1", "documents-1", "mongod", "broker"} <= state_of(stack)["pids"].keys()
    assert (code, shown.count(" yes ")) == (0, 5), shown


def test_every_query_of_alerts_and_dashboard_asks_for_what_the_running_services_tell(stack: Path) -> None:
    told: set[str] = {"up"}
    for service in SOURCES:
        answer = httpx.get(f"http://127.0.0.1:{state_of(stack)['ports'][f'{service}-1']}/metrics", timeout=30)
        for name, kind in FAMILY.findall(answer.text):
            told.update([f"{name}_bucket", f"{name}_sum", f"{name}_count"] if kind == "histogram" else [name])
    asked = list(queries())
    assert asked
    assert vocabulary().keys() <= told
    assert [query for query in asked if not query.names <= told] == []


def test_people_are_imported_and_said_again_on_demand(stack: Path) -> None:
    code, shown = backline("people", str(SAMPLE / "directory.yaml"), "--folder", str(stack))
    assert code == 0, shown
    code, again = backline("people", str(SAMPLE / "directory.yaml"), "--folder", str(stack))
    assert "0 entries recorded" in again
    code, shown = backline("replay", "--service", "intake", "--folder", str(stack))
    assert code == 0, shown
    assert re.search(r"intake said again [1-9]\d* events of [1-9]\d* subjects", shown)


def test_a_file_of_requests_gets_a_verdict_for_every_line_and_the_same_when_sent_again(stack: Path, tmp_path: Path) -> None:
    file, result = tmp_path / "requests.jsonl", tmp_path / "verdicts.jsonl"
    source = {"system": "crm", "reference": "CL-1"}
    request = {"type": "tech.survey", "business_unit": "east", "source": source, "requester": {"id": "nobody", "role": "none"}}
    file.write_text(json.dumps(request) + "\n\nno json\n", encoding="utf-8")
    command = ["import", str(file), "--unit", "east", "--folder", str(stack), "--result", str(result)]
    code, shown = backline(*command)
    assert code == 1, shown
    first, broken = (json.loads(line) for line in result.read_bytes().splitlines())
    assert (first["line"], broken["line"], broken["outcome"]) == (1, 3, "refused")
    assert first["outcome"] in {"returned", "rejected"}

    code, shown = backline(*command)
    again = json.loads(result.read_bytes().splitlines()[0])
    assert (code, again["id"], again["outcome"]) == (1, first["id"], first["outcome"]), shown


def test_nothing_is_parked_or_dead_in_a_stack_that_is_well(stack: Path) -> None:
    assert backline("parked", "list", "--folder", str(stack)) == (0, "Nothing is set aside.\n")
    assert backline("dead-letters", "list", "--folder", str(stack)) == (0, "There are no dead letters.\n")


def test_a_dead_letter_of_a_running_service_is_found_and_handed_to_its_handler_again(stack: Path) -> None:
    async def send() -> None:
        producer = Producer(f"127.0.0.1:{state_of(stack)['ports']['broker']}", "units")
        assert await producer.send(INBOUND.name, [(b"nobody", b"{broken", [])]) == [True]
        await producer.stop()

    asyncio.run(send())
    there = ["--service", "intake", "--folder", str(stack)]
    assert eventually(lambda: INBOUND.name in backline("dead-letters", "list", *there)[1])
    code, shown = backline("dead-letters", "redrive", "--all", "--as", "a-test", *there)
    assert (code, "0 done, 1 left, 0 unknown." in shown) == (1, True), shown
    assert "JSON" in shown, "the handler said again what is wrong with it"


def test_a_second_stack_on_the_same_folder_is_refused(stack: Path) -> None:
    code, shown = backline("up", "--folder", str(stack))
    assert code == 1
    assert f"process {state_of(stack)['supervisor']}" in shown


def test_down_ends_the_stack_and_leaves_no_process(stack: Path) -> None:
    pids = state_of(stack)["pids"]
    assert all(map(runs, pids.values()))
    code, shown = backline("down", "--folder", str(stack))
    assert code == 0, shown
    assert not [name for name, pid in pids.items() if runs(pid)]
    assert "stopping" in stack.with_suffix(".output").read_text()


def test_a_service_that_is_killed_ends_the_command_which_names_it_and_leaves_nothing(tmp_path: Path) -> None:
    folder = tmp_path / "stack"
    with backline_up(folder) as supervisor:
        pids = state_of(folder)["pids"]
        os.kill(pids["documents-1"], signal.SIGKILL)
        assert supervisor.wait(STOP_SECONDS) == 1
        assert "documents-1 ended by itself (signal SIGKILL)" in folder.with_suffix(".output").read_text()
        assert not [name for name, pid in pids.items() if runs(pid)]
