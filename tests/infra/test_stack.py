"""The supervisor, on the real database, broker and sinks with fake services: nothing stays behind, nothing is forgotten."""

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from infra.embedded.programs import ProgramError
from infra.stack import Stack
from tests.infra.waiting import eventually, runs

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]
ROOT = Path(__file__).resolve().parents[2]
FAKE = Path(__file__).with_name("fake_service.py")
SUPERVISE = """
import asyncio, sys
from pathlib import Path
from tests.infra.test_stack import a_stack
stack = a_stack(Path(sys.argv[1]))
asyncio.run(stack.start())
print("started", flush=True)
sys.stdin.read()
"""


def a_stack(folder: Path, **settings: Any) -> Stack:
    return Stack(
        folder / "stack",
        command_of=settings.pop("command_of", lambda _service: [sys.executable, str(FAKE)]),
        settings={"FAKE_NOTES": str(folder / "notes.jsonl"), **settings.pop("told", {})},
        say=lambda _text: None,
        **settings,
    )


def notes_in(folder: Path) -> list[dict[str, Any]]:
    file = folder / "notes.jsonl"
    return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def pids_of(stack: Stack) -> list[int]:
    return list(json.loads((stack.folder / "stack.json").read_text())["pids"].values())


@pytest_asyncio.fixture
async def stack(tmp_path: Path) -> AsyncIterator[Stack]:
    stack = a_stack(tmp_path, scale={"routing": 2}, clock="2027-03-01T09:00:00+08:00")
    await stack.start()
    yield stack
    await stack.stop()


async def test_every_process_is_ready_at_its_address_and_none_stays_after_a_stop(stack: Stack) -> None:
    assert set(stack.services) == {"intake-1", "routing-1", "routing-2", "notify-1", "documents-1"}
    async with httpx.AsyncClient() as client:
        for name in stack.services:
            service, place = name.rsplit("-", 1)
            assert (await client.get(f"{stack.url(service, int(place))}/readyz")).status_code == 200
    pids = pids_of(stack)
    assert len(pids) == 9
    await stack.stop()
    assert not [pid for pid in pids if runs(pid)]


async def test_what_was_said_is_said_again_after_everything_was_killed(stack: Stack, tmp_path: Path) -> None:
    assert notes_in(tmp_path) == []
    pids, addresses = pids_of(stack), dict(stack.ports)
    stack.kill_everything()
    assert not [pid for pid in pids if runs(pid)]
    await stack.start()
    asked = notes_in(tmp_path)
    assert {int(note["port"]) for note in asked} == {stack.ports[f"{n}-1"] for n in ("intake", "routing", "notify", "documents")}
    assert len(asked) == 4
    assert stack.ports == addresses


async def test_a_start_whose_broker_does_not_take_what_is_said_again_fails_in_a_sentence_and_leaves_nothing(
    tmp_path: Path,
) -> None:
    stack = a_stack(tmp_path, told={"FAKE_UNSAID": "7"})
    await stack.start()
    stack.kill_everything()
    with pytest.raises(ProgramError, match="The broker did not take 7 events that intake said again"):
        await stack.start()
    assert not [program for program in stack._programs() if program.pid]


async def test_a_broker_that_keeps_its_log_is_told_nothing_again(tmp_path: Path, jars: Path) -> None:
    stack = a_stack(tmp_path, broker="kafka")
    try:
        await stack.start()
        addresses = dict(stack.ports)
        stack.kill_everything()
        await stack.start()
        assert notes_in(tmp_path) == []
        assert stack.ports == addresses
    finally:
        await stack.stop()


async def test_the_shifted_clock_goes_on_after_a_restart(stack: Stack, tmp_path: Path) -> None:
    state = stack.folder / "stack.json"
    epoch = json.loads(state.read_text())["epoch"]
    await stack.restart()
    assert {note["clock"] for note in notes_in(tmp_path)} == {f"2027-03-01T09:00:00+08:00@{epoch}"}


async def test_a_process_that_ends_by_itself_is_named_with_the_end_of_its_log(stack: Stack) -> None:
    watching = asyncio.create_task(stack.watch())
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.HTTPError):
            await client.post(f"{stack.url('notify')}/crash")
    async with asyncio.timeout(60):
        with pytest.raises(ProgramError, match=r"notify-1 ended by itself \(exit status 3\).*told to crash"):
            await watching


async def test_a_service_that_does_not_start_stops_the_others_and_is_named(tmp_path: Path) -> None:
    def command_of(service: str) -> list[str]:
        broken = ["sh", "-c", "echo BACKLINE_SMTP_HOST is wrong; exit 3"]
        return broken if service == "notify" else [sys.executable, str(FAKE)]

    stack = a_stack(tmp_path, command_of=command_of)
    with pytest.raises(ProgramError, match=r"notify-1 ended while starting.*BACKLINE_SMTP_HOST is wrong"):
        await stack.start()
    assert not [pid for pid in pids_of(stack) if runs(pid)]


def test_nothing_outlives_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SUPERVISE, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout
        assert "started" in supervisor.stdout.readline()
        pids = json.loads((tmp_path / "stack" / "stack.json").read_text())["pids"].values()
        assert all(map(runs, pids))
        supervisor.kill()
    assert eventually(lambda: not any(map(runs, pids)))
