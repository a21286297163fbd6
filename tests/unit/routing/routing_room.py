"""Routing's surroundings on fakes, and the requests that their tests speak of."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from services.routing.domain import OpenLoad
from services.routing.surroundings import RoutingSurroundings
from shared.ledger.messages import Decision
from shared.schemas.envelope import Event, dataschema
from shared.schemas.people import Person
from shared.schemas.registry import OWNER, TYPE_OF
from tests.unit.routing.routing_build import (
    CALENDAR,
    MANAGER,
    NOW,
    PACK,
    POLICY,
    Journey,
    a_context,
    a_directory,
    an_engineer,
)
from tests.unit.routing.routing_fakes import FakeClock, FakePeople, FakeRequests, FakeSeats

ANNA = an_engineer("anna")


@dataclass
class Room:
    """Surroundings on fakes; `woken` is what they asked to be woken."""

    people: Sequence[Person] = (MANAGER, ANNA)
    seats: FakeSeats = field(default_factory=FakeSeats)
    requests: FakeRequests = field(default_factory=FakeRequests)
    clock: FakeClock = field(default_factory=FakeClock)
    woken: list[tuple[tuple[str, ...], str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.surroundings = RoutingSurroundings(
            clock=self.clock,
            people=FakePeople(a_directory(*self.people)),
            packs={(PACK.name, PACK.version): PACK},
            policy=POLICY,
            calendar=CALENDAR,
            seats=self.seats,
            requests=self.requests,
        )
        self.surroundings.wake = self._wake

    async def _wake(self, subjects: Sequence[str], reason: str) -> None:
        self.woken.append((tuple(subjects), reason))

    async def keeps(self, *journeys: Journey) -> None:
        """The journeys are in the ledger, and their people have their places."""
        for journey in journeys:
            self.requests.states[journey.subject] = journey.state
            await self.seats.reserve([(journey.subject, reservation) for reservation in journey.reserved], self.clock.now())

    async def applies(self, journey: Journey, decision: Decision) -> None:
        """The ledger has written `decision` and tells the surroundings."""
        self.requests.states[journey.subject] = journey.state
        events = tuple(an_event(fact, journey.subject) for fact in decision.facts)
        await self.surroundings.applied([(journey.subject, journey.state, events)])
        await self.surroundings.quiet()


def an_event(fact: Any, subject: str = "R1") -> Event:
    name = TYPE_OF[type(fact)]
    data = fact.model_dump(mode="json")
    return Event.say(source=OWNER[name], type=name, subject=subject, sequence=1, time=NOW, data=data, dataschema=dataschema(name))


def a_survey(subject: str, *engineers: Person, **changes: Any) -> Journey:
    journey = Journey(a_context(MANAGER, *engineers, **changes), subject=subject)
    journey.submitted()
    return journey


def a_waiting(subject: str) -> Journey:
    """A survey that waits because its only engineer is full."""
    return a_survey(subject, ANNA, loads={"anna": OpenLoad(count=99)})
