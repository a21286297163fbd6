"""Routing processes on one database, with the contract and the price request that their tests speak of."""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.routing import linked_read
from services.routing.domain import Context, RoutingDomain, State
from services.routing.projection import Projection
from services.routing.seats import MongoSeats
from services.routing.surroundings import RoutingSurroundings
from shared.ledger.apply import Ledger
from shared.ledger.messages import Heard, Outcome, Told, Woken
from shared.schemas.registry import TYPE_OF
from shared.schemas.requests import Origin
from shared.storage import Database, MongoLedgerStore, Sight
from tests.component.routing.clash_site import Nobody, comes
from tests.unit.routing.linked import NAMED, PRICE
from tests.unit.routing.reviews import CONTRACT, SMALL, TECHNICAL_HEAD
from tests.unit.routing.routing_build import ASKER, CALENDAR, MARKETER, NOW, PACK, POLICY, REVIEWERS, a_directory, a_request
from tests.unit.routing.routing_fakes import FakeClock, FakePeople

CONTRACT_ID = "C1"
CONTRACT_PARTIES = ("finance", "legal", "technical", "delivery", "leader", "chief")
PRICE_PARTIES = ("finance", "legal", "leader")


class Watched(Projection):
    """Between reading what is named and deciding on it, `meanwhile` happens, once."""

    meanwhile: Callable[[], Awaitable[object]] | None = None

    async def named(self, requests: Sequence[str]) -> Mapping[str, State | None]:
        found = await super().named(requests)
        if self.meanwhile is not None:
            happening, self.meanwhile = self.meanwhile, None
            await happening()
        return found


@dataclass
class Process:
    ledger: Ledger[State, Context]
    surroundings: RoutingSurroundings
    projection: Watched
    clock: FakeClock = field(default_factory=FakeClock)

    async def hears(self, *heard: Heard) -> None:
        await self.ledger.apply(list(heard))

    async def opines(self, subject: str, *people: str, opinion: str = "approve", **data: Any) -> list[Outcome]:
        done = []
        for by in people:
            said = {"by": by, "opinion": opinion, "version": 1, **data}
            done += await self.ledger.apply([Told(id=uuid.uuid4().hex, subject=subject, name="opine", data=said, at=NOW)])
        return done

    async def status(self, subject: str) -> str:
        state = await self.projection.state(Sight.of_our_services(), subject)
        return state.status if state else "none"

    async def sweeps(self) -> None:
        wake = self.surroundings.wake
        assert wake is not None
        await linked_read.sweep(self.projection, wake)
        await self.surroundings.quiet()


def a_process(database: Database) -> Process:
    clock = FakeClock()
    projection = Watched(database["requests"])
    directory = a_directory(ASKER, MARKETER, *REVIEWERS, TECHNICAL_HEAD)
    surroundings = RoutingSurroundings(
        clock=clock,
        people=FakePeople(directory),
        packs={(PACK.name, PACK.version): PACK},
        policy=POLICY,
        calendar=CALENDAR,
        seats=MongoSeats(database["seats"]),
        requests=projection,
    )
    ledger = Ledger(
        domain=RoutingDomain(),
        surroundings=surroundings,
        store=MongoLedgerStore(database["requests"]),
        publisher=Nobody(),
        clock=clock,
    )

    async def wake(subjects: Sequence[str], reason: str) -> None:
        await ledger.apply([Woken(subject=subject, reason=reason) for subject in subjects])

    surroundings.wake = wake
    return Process(ledger=ledger, surroundings=surroundings, projection=projection, clock=clock)


def the_price() -> Heard:
    return comes(PRICE, a_request("business.price", details=SMALL, source=Origin(system="crm-east", reference="P-1")))


def the_contract() -> Heard:
    return comes(CONTRACT_ID, a_request("business.contract", details={**CONTRACT, "price_request": NAMED}))


async def said(database: Database, subject: str, *models: type) -> list[str]:
    """The events of `models` that routing said of `subject`, in their order."""
    names = {TYPE_OF[model] for model in models}
    document = await database["requests"].find_one({"_id": subject})
    return [event["type"].rsplit(".", 1)[1] for event in (document or {}).get("events", ()) if event["type"] in names]


async def until(holds: Callable[[], Awaitable[bool]], limit: float = 10.0) -> None:
    async with asyncio.timeout(limit):
        while not await holds():
            await asyncio.sleep(0.01)
