"""A name server that is silent: it keeps look-ups of the unit whose address it has, and of nobody else."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from shared.callbacks.addresses import Rules, UnsafeAddressError
from shared.callbacks.guard import RESOLVING_EACH, Guard, LookUps, SilentNameServerError

GOOD = "https://hooks.west.example/"


@pytest.fixture
def answered(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """The machine's resolver; hosts of silent.example have no answer until the event is set."""
    answered = threading.Event()

    def resolve(host: str, port: int, **_kind: Any) -> list[Any]:
        if host.endswith("silent.example"):
            answered.wait(30)
            raise socket.gaierror
        return [(2, 1, 6, "", ("93.184.216.34", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    monkeypatch.setattr("shared.callbacks.guard.RESOLVING_SECONDS", 0.2)
    yield answered
    answered.set()


async def code(guard: Guard, url: str, unit: str) -> str:
    try:
        await guard.check(url, unit=unit)
    except SilentNameServerError:
        return "silent"
    except UnsafeAddressError as error:
        return error.code
    return "found"


async def seen(guard: Guard) -> tuple[list[str], str, str]:
    """What east's silent look-ups come to, and west's good one while they are under way and once nobody waits for them any more."""
    silent = [
        asyncio.create_task(code(guard, f"https://h{number}.silent.example/", "east")) for number in range(3 * RESOLVING_EACH)
    ]
    await asyncio.sleep(0.05)
    during = await code(guard, GOOD, "west")
    return await asyncio.gather(*silent), during, await code(guard, GOOD, "west")


async def test_a_silent_name_server_holds_up_no_other_unit(answered: threading.Event):
    guard = Guard(Rules())
    assert await seen(guard) == (["silent"] * 3 * RESOLVING_EACH, "found", "found")
    assert await code(guard, GOOD, "east") == "silent"  # its look-ups are given up, and their threads still busy
    answered.set()
    async with asyncio.timeout(5):
        while guard._look_ups._under_way:
            await asyncio.sleep(0.01)
    assert await code(guard, GOOD, "east") == "found"


async def test_without_a_bound_for_each_unit_one_holds_up_all(answered: threading.Event):
    """The control of the test above."""
    guard = Guard(Rules())
    guard._look_ups = LookUps(at_once=RESOLVING_EACH, each=1000)
    assert (await seen(guard))[1:] == ("silent", "silent")


async def test_a_host_that_does_not_exist_is_not_taken_for_silence(answered: threading.Event):
    answered.set()
    assert await code(Guard(Rules()), "https://no.silent.example/", "east") == "url_unknown_host"
