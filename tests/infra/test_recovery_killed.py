"""A redrive that is killed with -9 in the middle, on the real mongod: the next one finishes it with the same result."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import uvicorn

from infra.embedded.ports import free_port
from shared.storage import Database
from tests.component.service.recovery_build import TOKEN, Office

pytestmark = pytest.mark.stack
ROOT = Path(__file__).resolve().parents[2]
NAMES = [f"r{number:02}" for number in range(24)]


@pytest_asyncio.fixture(loop_scope="session")
async def office(mongo_database: Database) -> Office:
    office = Office(mongo_database)
    await office.prepare()
    return office


@pytest_asyncio.fixture(loop_scope="session")
async def address(office: Office) -> AsyncIterator[str]:
    """Where the office's addresses are served."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(office.app(), port=port, log_config=None, access_log=False, lifespan="off"))
    serving = asyncio.create_task(server.serve())
    await until(lambda: server.started)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await serving


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.01)


def backline(address: str, *arguments: str) -> subprocess.Popen[str]:
    """The command as an operator would type it."""
    command = [sys.executable, "-m", "infra.cli", *arguments, "--url", address, "--service", "routing", "--as", "A1"]
    environment = {**os.environ, "BACKLINE_TOKEN": TOKEN}
    return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


async def killed_after_a_line(process: subprocess.Popen[str]) -> None:
    """Kill the command as soon as it says that its first batch is done."""
    assert process.stdout is not None
    first = await asyncio.to_thread(process.stdout.readline)
    assert " of 24" in first, first
    process.send_signal(signal.SIGKILL)
    await asyncio.to_thread(process.wait)
    process.stdout.close()


async def ended(process: subprocess.Popen[str]) -> tuple[int, str]:
    output, _ = await asyncio.to_thread(process.communicate)
    return process.returncode, output


async def test_a_killed_redrive_of_parked_requests_is_finished_by_the_next(office: Office, address: str) -> None:
    await office.park(*NAMES)
    office.setting.failing.clear()
    await killed_after_a_line(backline(address, "redrive", "--all", "--rate", "4"))
    left = await office.store.count_parked()
    assert 0 < left < len(NAMES), "it was killed in the middle"
    code, output = await ended(backline(address, "redrive", "--all"))
    assert code == 0, output
    assert f"{left} done, 0 left" in output
    assert await office.store.count_parked() == 0
    for name in NAMES:
        assert (await office.diary(name)).heard == ("intake:1", "intake:2")
        assert len(await office.store.events(name)) == 2
    code, output = await ended(backline(address, "redrive", "--all"))
    assert (code, "0 done, 0 left, 0 unknown." in output) == (0, True), output


async def test_a_killed_redrive_of_dead_letters_is_finished_by_the_next(office: Office, address: str) -> None:
    names = await office.bury(*NAMES)
    office.release.mended = True
    await killed_after_a_line(backline(address, "dead-letters", "redrive", "--all", "--rate", "4"))
    left = await office.letters.count()
    assert 0 < left < len(NAMES), "it was killed in the middle"
    code, output = await ended(backline(address, "dead-letters", "redrive", "--all"))
    assert code == 0, output
    assert await office.letters.count() == 0
    assert [letter["_id"] for letter in await office.letters.listed(redriven=True)] == names
    for name in NAMES:
        assert (await office.diary(name)).heard == ("intake:1",)
        assert len(await office.store.events(name)) == 1
    by: set[Any] = {entry["by"] for entry in await office.operations()}
    assert by == {"A1"}
