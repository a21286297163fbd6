"""A request whose events are said at the hour of its context, and its clocks."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from services.routing.domain.ticking import Clock
from shared.ledger.messages import Decision, Told
from shared.schemas.envelope import Event
from shared.schemas.people import Person
from tests.unit.routing.routing_build import MANAGER, Journey, a_context, a_request, an_engineer

MONDAY = datetime(2026, 3, 2, 1, 0, tzinfo=UTC)
"""Nine in the morning in Shanghai, in a year whose holidays are published."""
HOUR = timedelta(hours=1)
ANNA, BEN = an_engineer("anna"), an_engineer("ben")


class Clocked(Journey):
    """A journey whose events are said at the hour of its context."""

    def _event(self, fact: BaseModel, sequence: int) -> Event:
        return super()._event(fact, sequence).model_copy(update={"time": self.context.now})

    def takes(self, told: Told) -> Decision:
        return self._take(told)

    def at(self, moment: datetime) -> list[str]:
        """What is said when it is woken at `moment`."""
        self.changes(now=moment)
        return [type(fact).__name__ for fact in self.wakes("due").facts]


def a_journey(*engineers: Person, at: datetime = MONDAY, **changes: Any) -> Clocked:
    """Assigned at `at`, and from then on events are said at the hour of the context."""
    journey = Clocked(a_context(MANAGER, *(engineers or (ANNA,)), now=at), request=a_request(**changes))
    journey.submitted()
    return journey


def clock(journey: Journey, name: str) -> Clock:
    return next(one for one in journey.state.clocks.clocks if one.clock == name)


def shanghai(month: int, day: int, hour: int, minute: int = 0, year: int = 2026) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=UTC) - 8 * HOUR


def operated(journey: Clocked) -> Decision:
    told = Told(id="1", subject="R1", name="recalculate", data={"by": "service:ops"}, at=journey.context.now)
    return journey.takes(told)
