"""What one service asks another for comes over HTTP as it is in the ledger, whoever or whatever it is about."""

from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from shared.http.error_handlers import install
from shared.ledger.document import BEGINNING
from shared.service.feed import Feed
from shared.service.internal import internal_routes
from tests.unit.ledger.memory_store import MemoryStore
from tests.unit.ledger.store_contract import change, said

ODD = "工号/001?x=#1 %2F"


def nobody() -> None:
    """Everybody is authorised."""


async def a_feed(ledger: str = "people") -> Feed:
    """A feed from a service with two ledgers: people holds ODD, requests holds r1."""
    people, requests = MemoryStore(), MemoryStore()
    await people.write([change(ODD, events=said(ODD, 3), head=3)])
    await requests.write([change("r1", events=said("r1", 2), head=2)])
    rooms: Any = {"requests": SimpleNamespace(store=requests), "people": SimpleNamespace(store=people)}
    app = FastAPI()
    install(app)
    app.include_router(internal_routes(rooms, nobody))
    client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app))
    return Feed(client, lambda _source: "http://intake.example", ledger)


async def test_a_subject_may_be_called_anything() -> None:
    feed = await a_feed()
    assert list(await feed.events("intake", ODD, 1)) == said(ODD, 3)[1:]


async def test_heads_come_with_their_moment_and_from_it_on_there_is_nothing_more() -> None:
    feed = await a_feed()
    (head,) = await feed.heads("intake", BEGINNING, "")
    assert (head.subject, head.sequence, head.said_at) == (ODD, 3, said(ODD, 3)[-1].time)
    assert list(await feed.heads("intake", head.said_at, head.subject)) == []


async def test_each_ledger_has_its_own_feed() -> None:
    (head,) = await (await a_feed("requests")).heads("intake", BEGINNING, "")
    assert head.subject == "r1"


async def test_a_ledger_that_is_not_there_is_an_error_and_not_an_empty_answer() -> None:
    with pytest.raises(httpx.HTTPStatusError, match="404"):
        await (await a_feed("orders")).heads("intake", BEGINNING, "")
