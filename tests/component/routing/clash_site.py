"""Routing processes on one database that look for clashes, and the requests of two units that their tests speak of."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from services.routing.api import clash_routes
from services.routing.clash_guard import ClashGuard
from services.routing.clash_keys import ClashKeys
from services.routing.clash_store import MongoClashes
from services.routing.domain import Context, RoutingDomain, State
from services.routing.projection import Projection
from services.routing.seats import MongoSeats
from services.routing.surroundings import RoutingSurroundings
from shared.http.auth import Authenticator
from shared.http.server import create_app
from shared.ledger.apply import Ledger
from shared.ledger.desk import Desk
from shared.ledger.messages import Heard, Told
from shared.schemas.clashes import ClashFound
from shared.schemas.envelope import Event, dataschema
from shared.schemas.intake import RequestSubmitted
from shared.schemas.people import Directory
from shared.schemas.registry import TYPE_OF
from shared.schemas.requests import Customer, Opportunity, Request
from shared.storage import Client, Database, MongoLedgerStore
from shared.telemetry.health import Health
from tests.builders.contract import conforming
from tests.builders.keys import MemoryKeys
from tests.unit.routing.routing_build import ACCEPTED, CALENDAR, NOW, PACK, POLICY, a_directory, a_person, a_request, an_engineer
from tests.unit.routing.routing_fakes import FakeClock, FakePeople


def people() -> Directory:
    made = []
    for unit in ("east", "south"):
        made += [a_person(f"{unit}-{role}", role, unit=unit, seats=900) for role in ("presales_manager", "bu_leader")]
        made.append(a_person(f"{unit}-asker", "account_manager", unit=unit))
        made.append(an_engineer({"east": "anna", "south": "sven"}[unit], unit=unit, seats=900))
    return a_directory(*made)


class Nobody:
    async def publish(self, events: Sequence[Event]) -> list[bool]:
        return [True] * len(events)


@dataclass
class Process:
    ledger: Ledger[State, Context]
    guard: ClashGuard
    clock: FakeClock
    projection: Projection

    async def hears(self, *heard: Heard) -> None:
        await self.ledger.apply(list(heard))

    async def tells(self, subject: str, name: str, by: str, **data: Any) -> str | None:
        told = Told(id=uuid.uuid4().hex, subject=subject, name=name, data={**data, "by": by}, at=NOW)
        (outcome,) = await self.ledger.apply([told])
        return outcome.refusal.code if outcome.refusal else None


def a_process(client: Client, name: str, directory: Directory, *, guarded: bool = True) -> Process:
    database, clock = client[name], FakeClock()
    projection = Projection(database["requests"])
    guard = ClashGuard(
        keys=ClashKeys(b"a pepper of tests"), store=MongoClashes(database["clashes"]), requests=projection, clock=clock
    )
    surroundings = RoutingSurroundings(
        clock=clock,
        people=FakePeople(directory),
        packs={(PACK.name, PACK.version): PACK},
        policy=POLICY,
        calendar=CALENDAR,
        seats=MongoSeats(database["seats"]),
        requests=projection,
        clashes=guard if guarded else None,
    )
    store = MongoLedgerStore(database["requests"])
    ledger = Ledger(domain=RoutingDomain(), surroundings=surroundings, store=store, publisher=Nobody(), clock=clock)
    guard.tell = ledger.apply
    return Process(ledger=ledger, guard=guard, clock=clock, projection=projection)


async def quiet(two: Sequence[Process]) -> None:
    """What one tells makes the other compare again: until neither has anything left."""
    for _ in range(3):
        for process in two:
            await process.guard.quiet()


def request(unit: str, customer: str = "示例水务集团", **more: Any) -> Request:
    number = more.pop("tender_no", None)
    opportunity = Opportunity(id=f"O-{unit}", name=f"{customer}项目", customer=Customer(name=customer), tender_no=number)
    asker = a_request(unit=unit).requester.model_copy(update={"id": f"{unit}-asker"})
    return a_request(unit=unit, opportunity=opportunity, requester=asker, **more)


def heard(subject: str, fact: Any, before: Heard | None = None) -> Heard:
    """`fact` as intake says it, after `before`."""
    sequence = before.event.sequence + 1 if before else 1
    name = TYPE_OF[type(fact)]
    return Heard(
        event=Event.say(
            source="intake",
            type=name,
            subject=subject,
            sequence=sequence,
            time=NOW + timedelta(seconds=sequence),
            data=fact.model_dump(mode="json"),
            dataschema=dataschema(name),
            previous=before.event.id if before else None,
        )
    )


def comes(subject: str, what: Request) -> Heard:
    return heard(subject, RequestSubmitted(request=what, verdict=ACCEPTED, policy=PACK.pin))


async def found(database: Database) -> dict[str, list[str]]:
    """Per request, the units it was told of, as often as it was told."""
    told: dict[str, list[str]] = {}
    async for document in database["requests"].find():
        events = [event for event in document["events"] if event["type"] == TYPE_OF[ClashFound]]
        told[document["_id"]] = [event["data"]["other_unit"] for event in events]
    return told


async def resolutions(process: Process, *subjects: str) -> list[str | None]:
    states = await process.projection.states(subjects)
    return [states[subject].clashes[0].resolution if states[subject].clashes else "none" for subject in subjects]


@asynccontextmanager
async def a_client(process: Process) -> AsyncIterator[httpx.AsyncClient]:
    auth = Authenticator(service_token="a-service-token-of-tests", environment="development", keys_file=None, directory=people)
    desk = Desk(process.ledger)
    routes = clash_routes(desk, process.projection, process.clock, auth.principal, MemoryKeys())
    app = create_app(service="routing", health=Health(), routers=(routes,))
    working = asyncio.create_task(desk.work())
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://routing", event_hooks=conforming(app)) as client:
        yield client
    desk.close()
    await working
