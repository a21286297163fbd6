"""Whole ledgers of routing over one database, each as a process of its own."""

from collections.abc import Sequence
from dataclasses import dataclass

from services.routing.domain import Context, RoutingDomain, State
from services.routing.projection import Projection
from services.routing.seats import MongoSeats
from services.routing.surroundings import RoutingSurroundings
from shared.ledger.apply import Ledger
from shared.ledger.messages import Heard, Woken
from shared.schemas.envelope import Event, dataschema
from shared.schemas.intake import RequestSubmitted
from shared.schemas.people import Directory
from shared.schemas.registry import TYPE_OF
from shared.storage import Client, Database, MongoLedgerStore
from tests.unit.routing.routing_build import (
    ACCEPTED,
    CALENDAR,
    NOW,
    PACK,
    POLICY,
    a_request,
)
from tests.unit.routing.routing_fakes import FakeClock, FakePeople


class Nobody:
    """A publisher whose broker acknowledges everything."""

    async def publish(self, events: Sequence[Event]) -> list[bool]:
        return [True] * len(events)


@dataclass
class Process:
    ledger: Ledger[State, Context]
    clock: FakeClock
    surroundings: RoutingSurroundings


def a_process(client: Client, name: str, directory: Directory) -> Process:
    database = client[name]
    clock = FakeClock()
    surroundings = RoutingSurroundings(
        clock=clock,
        people=FakePeople(directory),
        packs={(PACK.name, PACK.version): PACK},
        policy=POLICY,
        calendar=CALENDAR,
        seats=MongoSeats(database["seats"]),
        requests=Projection(database["requests"]),
    )
    store = MongoLedgerStore(database["requests"])
    ledger = Ledger(domain=RoutingDomain(), surroundings=surroundings, store=store, publisher=Nobody(), clock=clock)

    async def wake(subjects: Sequence[str], reason: str) -> None:
        await ledger.apply([Woken(subject=subject, reason=reason) for subject in subjects])

    surroundings.wake = wake
    return Process(ledger=ledger, clock=clock, surroundings=surroundings)


def submitted(request: str, kind: str = "tech.survey") -> Heard:
    fact = RequestSubmitted(request=a_request(kind), verdict=ACCEPTED, policy=PACK.pin)
    name = TYPE_OF[RequestSubmitted]
    data = fact.model_dump(mode="json")
    return Heard(
        event=Event.say(source="intake", type=name, subject=request, sequence=1, time=NOW, data=data, dataschema=dataschema(name))
    )


async def statuses(database: Database) -> dict[str, int]:
    pipeline = [{"$group": {"_id": "$state.status", "count": {"$sum": 1}}}]
    return {row["_id"]: row["count"] async for row in database["requests"].aggregate(pipeline)}
