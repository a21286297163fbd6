"""A mail server that lets in fewer connections than we would open is given its mails on those it lets in."""

import asyncio
from typing import Any

import pytest

from services.notify.channels import places
from services.notify.channels.places import Place
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
    assert mailer._places.held == 0


async def test_negative_control_without_leaving_places_out_mails_are_put_off(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(Place, "leave_out", lambda _: False)
    ends, server, _ = await at_the_server(LETS_IN)
    assert sum(isinstance(end, Retry) for end in ends) == server.turned_away > CONNECTIONS


async def test_a_server_that_lets_in_all_is_given_as_many_as_were_set():
    ends, server, _ = await at_the_server(None)
    assert (ends, server.connections, server.turned_away) == ([Done()] * MAILS, CONNECTIONS, 0)


async def test_a_server_that_lets_nobody_in_ends_every_mail_for_now():
    ends, server, _ = await at_the_server(0)
    assert all(isinstance(end, Retry) for end in ends)
    assert (len(ends), server.taken) == (MAILS, [])
    assert server.turned_away >= MAILS


async def test_a_place_that_was_left_out_is_tried_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(places, "CROWDED_SECONDS", 0.2)
    async with breaking(NOWHERE, lets_in=LETS_IN) as (port, server):
        mailer = a_mailer(port, connections=CONNECTIONS)
        await asyncio.gather(*(send(mailer, item=f"item-{n}") for n in range(MAILS)))
        server.lets_in = None
        await asyncio.sleep(0.3)
        before = server.connections
        ends = await asyncio.gather(*(send(mailer, item=f"later-{n}") for n in range(MAILS)))
        assert ends == [Done()] * MAILS
        assert server.connections - before == CONNECTIONS - LETS_IN
        await mailer.close()
