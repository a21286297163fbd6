"""What is held for its submission survives a stop: another process finds it by its timer, applies it, or tells that it was refused."""

from datetime import timedelta
from typing import Any

import pytest

from services.intake.desk.early import TellsEarly
from services.intake.domain import RequestDomain, State
from services.intake.domain.early import OVER
from services.intake.projection import Projection
from services.intake.surroundings import RequestSurroundings
from shared.ledger.apply import Ledger
from shared.ledger.messages import Settled, Woken
from shared.storage import Database, MongoLedgerStore
from tests.builders import a_body
from tests.component.intake.intake_site import Site
from tests.unit.intake.life import Broker
from tests.unit.ledger.memory_store import AwayPublisher

pytestmark = pytest.mark.stack
BODY = a_body("tech.survey", source={"system": "erp", "reference": "E-1"})
NAMED = {key: BODY[key] for key in ("business_unit", "source")}
MINUTES_15 = 15 * 60


async def held(site: Site) -> str:
    """An amendment that waits, told to a process that is gone then; the id of its request."""
    line = {"action": "amend", "body": NAMED | {"priority": "urgent"}}
    answer = await site.ask("POST", "/v1/requests:batch", json=line, headers={"Content-Type": "application/jsonl"})
    assert answer.json()["outcome"] == "held"
    return str(answer.json()["id"])


class Successor:
    """Another process on the same database, with the worker that sees to what is due."""

    def __init__(self, site: Site, database: Database, domain: RequestDomain | None = None) -> None:
        self.broker, self.projection = Broker(), Projection(database["requests"])
        surroundings = RequestSurroundings(
            clock=site.clock,
            people=site.people,
            packs=site.packs,
            current=next(iter(site.packs.values())),
            requests=self.projection,
        )
        self.ledger: Ledger[Any, Any] = Ledger(
            domain=domain or RequestDomain(),
            surroundings=surroundings,
            store=MongoLedgerStore(database["requests"]),
            publisher=AwayPublisher(),
            clock=site.clock,
        )
        self.effect = TellsEarly(site.shelf, self.projection, self.broker, site.clock)  # type: ignore[arg-type]

    async def sweep(self, clock: Any) -> None:
        """What a worker does when its hour strikes: wake what is due, lease its items, perform and settle them."""
        for _ in range(3):
            due = await self.ledger.store.due(clock.now(), 10)
            await self.ledger.apply([Woken(subject=subject) for subject in due])
            items = await self.ledger.lease(due, "successor", 10, timedelta(seconds=30))
            for item in items:
                assert item.kind == OVER
                await self.effect.perform(item, _never)
                await self.ledger.apply([Settled(subject=item.subject, item=item, end="done", owner="successor")])
            clock.forward(10)


async def _never() -> None:
    raise AssertionError("there is no point of no return")


class Asleep(RequestDomain):
    """The control: a domain without timers."""

    def wake_at(self, _state: State) -> None:
        return None


async def entries(site: Site) -> list[str]:
    page = (await site.ask("GET", "/v1/desk")).json()
    return [line["why"][0]["code"] for line in page["entries"]]


async def test_after_a_stop_another_process_refuses_it_in_its_time_and_tells_the_desk_once(site: Site, mongo_database: Database):
    request = await held(site)
    successor = Successor(site, mongo_database)
    site.clock.forward(MINUTES_15 - 60)
    await successor.sweep(site.clock)
    assert await entries(site) == []
    site.clock.forward(60)
    await successor.sweep(site.clock)
    await successor.sweep(site.clock)
    assert await entries(site) == ["submission_missing"]
    state = await successor.projection.own(request)
    assert state is not None
    assert state.private.early == ()


async def test_after_a_stop_the_submission_still_finds_it(site: Site, mongo_database: Database):
    request = await held(site)
    again = Site(mongo_database)
    again.clock = site.clock
    await again.open()
    await again.people.load()
    answer = (await again.ask("POST", "/v1/requests", json=BODY)).json()
    assert (answer["id"], answer["outcome"], answer["pending"]) == (request, "accepted", ["amendment"])
    site.clock.forward(MINUTES_15 + 60)
    await Successor(site, mongo_database).sweep(site.clock)
    assert await entries(site) == []
    await again.client.aclose()


async def test_control_without_its_timer_nobody_would_be_told(site: Site, mongo_database: Database):
    request = await held(site)
    stored = await mongo_database["requests"].find_one({"_id": request}, {"wake_at": 1})
    assert stored is not None
    assert stored["wake_at"] is not None
    asleep = Successor(site, mongo_database, Asleep())
    await mongo_database["requests"].update_one({"_id": request}, {"$set": {"wake_at": None}})
    site.clock.forward(MINUTES_15 + 60)
    await asleep.sweep(site.clock)
    assert await entries(site) == []
