"""A mail server that lets in fewer connections than we would open is given its mails on those it lets in."""

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from services.notify.channels import places, smtp
from shared.ledger.effects import Done, Ending, Retry
from tests.component.notify.smtp_servers import Breaking, breaking
from tests.component.notify.test_notify_smtp import a_mailer, send

MAILS, CONNECTIONS, LETS_IN = 60, 12, 3
NOWHERE = "no step"


async def sent(port: int) -> tuple[list[Ending], Any]:
    mailer = a_mailer(port, connections=CONNECTIONS)
    ends = await asyncio.gather(*(send(mailer, item=f"item-{n}") for n in range(MAILS)))
    await mailer.close()
    return list(ends), mailer


async def at_the_server(lets_in: int | None) -> tuple[list[Ending], Breaking, Any]:
    async with breaking(NOWHERE, lets_in=lets_in) as (port, server):
        ends, mailer = await sent(port)
    return ends, server, mailer


async def test_no_mail_is_put_off_while_the_server_takes_others():
    ends, server, mailer = await at_the_server(LETS_IN)
    assert ends == [Done()] * MAILS
    assert len(server.taken) == MAILS
    assert 0 < server.turned_away <= CONNECTIONS - 1
    assert (mailer._places.connected, mailer._places._held) == (0, set())


async def test_negative_control_without_leaving_places_out_mails_are_put_off(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(smtp, "_lets_no_more_in", lambda _: False)
    ends, server, _ = await at_the_server(LETS_IN)
    assert sum(isinstance(end, Retry) for end in ends) == server.turned_away > CONNECTIONS


async def test_a_server_that_lets_in_all_is_given_as_many_as_were_set():
    ends, server, _ = await at_the_server(None)
    assert (ends, server.connections, server.turned_away) == ([Done()] * MAILS, CONNECTIONS, 0)


async def test_a_server_that_lets_nobody_in_puts_every_mail_off_and_has_all_places_the_moment_it_is_back(
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(smtp, "GREETED_SECONDS", 0.01)
    async with breaking(NOWHERE, lets_in=0) as (port, server):
        mailer = a_mailer(port, connections=CONNECTIONS)
        ends = await asyncio.gather(*(send(mailer, item=f"item-{n}") for n in range(MAILS)))
        assert all(isinstance(end, Retry) and end.counted for end in ends)
        assert server.turned_away == MAILS
        server.lets_in = None
        ends = await asyncio.gather(*(send(mailer, item=f"later-{n}") for n in range(MAILS)))
        assert ends == [Done()] * MAILS
        assert server.connections == MAILS + CONNECTIONS
        await mailer.close()


async def test_places_that_were_left_out_come_back_one_by_one(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(places, "BACK_SECONDS", 0.05)
    async with breaking(NOWHERE, lets_in=LETS_IN) as (port, server):
        mailer = a_mailer(port, connections=CONNECTIONS)
        await asyncio.gather(*(send(mailer, item=f"item-{n}") for n in range(MAILS)))
        assert 0 < mailer._places._left_out < CONNECTIONS
        server.lets_in = None
        while mailer._places._left_out:
            await asyncio.sleep(0.01)
        before = server.connections
        ends = await asyncio.gather(*(send(mailer, item=f"later-{n}") for n in range(MAILS)))
        assert ends == [Done()] * MAILS
        assert server.connections - before == CONNECTIONS - LETS_IN
        await mailer.close()


@pytest.mark.parametrize("bounded", [True, False])
async def test_a_mail_that_gets_no_turn_loses_no_try_and_ends_in_no_doubt(monkeypatch: pytest.MonkeyPatch, bounded: bool):
    """The control has no bound: the worker cuts the last ones off where they are."""
    monkeypatch.setattr(places, "TURN_SECONDS", 0.3 if bounded else 60)
    points = [Slow() for _ in range(12)]
    async with breaking(NOWHERE) as (port, _):
        mailer = a_mailer(port, connections=1)
        ends = await asyncio.gather(*(within(1.0, send(mailer, point)) for point in points))
    cut_off = sum(end is None for end in ends)
    assert (cut_off == 0) is bounded
    no_turn = [end for end in ends if isinstance(end, Retry)]
    assert all(not end.counted for end in no_turn)
    assert bool(no_turn) is bounded
    passed = sum(point.passed for point in points)
    assert passed - sum(end == Done() for end in ends) == (0 if bounded else 1), "in doubt"


async def test_whoever_gives_up_waiting_or_holding_takes_no_place_with_it():
    places_of_two = places.Places(2)

    async def hold() -> None:
        async with places_of_two.one():
            await asyncio.sleep(60)

    tasks = [asyncio.create_task(hold()) for _ in range(5)]
    await asyncio.sleep(0.01)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    async with places_of_two.one(), places_of_two.one():
        assert len(places_of_two._held) == 2


class Slow:
    """A point of no return that takes a while to be written."""

    def __init__(self) -> None:
        self.passed = 0

    async def __call__(self) -> None:
        self.passed += 1
        await asyncio.sleep(0.12)


async def within(seconds: float, sending: Coroutine[Any, Any, Ending]) -> Ending | None:
    """As a worker waits for an effect; None when it was cut off."""
    try:
        async with asyncio.timeout(seconds):
            return await sending
    except TimeoutError:
        return None
