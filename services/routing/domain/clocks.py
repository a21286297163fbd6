"""Sets the clocks of what a decision says. Pure.

Invariant: a clock's moments are reckoned when it starts or goes on, and are facts since: neither policy nor calendar moves them
unless a fact says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from pydantic import BaseModel

from services.routing.domain.context import Context
from services.routing.domain.policy import Level
from services.routing.domain.reckoning import NONE, REACH, at_level, ending, passed_on, reckoned, resumed
from services.routing.domain.state import State
from services.routing.domain.ticking import Clocks, turned
from shared.ledger.messages import Decision
from shared.schemas.registry import TYPE_OF
from shared.schemas.requests import Request
from shared.schemas.routing import (
    AssignmentWaiting,
    RequestAmended,
    RequestReopened,
    Seat,
    SupporterAdded,
    SupporterReleased,
    SupportersAssigned,
    SupportHandedOver,
    WorkCompleted,
    WorkDeclined,
    WorkResumed,
)
from shared.schemas.service_levels import ClockName, Due

NOBODY: Mapping[str, str] = {}


def confirm_by(state: State, context: Context) -> datetime:
    """Until when the requester may object to what is delivered now, in the unit's working time."""
    unit = state.request.business_unit if state.request else ""
    return context.calendar.add(context.calendar.of_unit(unit, context.directory), context.now, context.policy.confirm_within)


def timed(state: State, decision: Decision, context: Context) -> Decision:
    """`decision` with the clocks that its facts set."""
    if state.request is None or not decision.facts:
        return decision
    clocks, facts, request = state.clocks, list[BaseModel](), state.request
    dues: tuple[Due, ...] = ()
    for place, fact in enumerate(decision.facts):
        if place:
            clocks = turned(clocks, TYPE_OF[type(decision.facts[place - 1])], dues, context.now)
        if isinstance(fact, RequestAmended):
            request = fact.request
        setting = Setting(state=state, request=request, clocks=clocks, said=decision.facts[:place], context=context)
        dues = setting.dues(fact)
        facts.append(fact.model_copy(update={"clocks": dues}) if dues else fact)
    return replace(decision, facts=tuple(facts))


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What a fact's clocks follow from: the state before the decision, and what it `said` before the fact."""

    state: State
    request: Request
    clocks: Clocks
    said: Sequence[BaseModel]
    context: Context

    def dues(self, fact: BaseModel) -> tuple[Due, ...]:
        """The clocks that `fact` sets."""
        match fact:
            case AssignmentWaiting():
                found = [] if self.clocks.get("assignment") else [self.new("assignment", self.level.assignment, None)]
            case SupportersAssigned(seats=seats):
                found = [*self._passed_on(seats), *self._begun(seats)]
            case SupportHandedOver(seats=seats, holder=holder, person=person):
                found = [*self._passed_on(seats, {holder: person}), self._response(seats)]
            case SupporterAdded(seats=seats) | SupporterReleased(seats=seats):
                found = [*self._passed_on(seats), self._response(seats)]
            case RequestReopened(supporters=seats, status=status) if status != "waiting":
                found = self._begun(seats)
            case WorkResumed():
                found = [resumed(clock, self.context, self.request) for clock in self.clocks.open if clock.held_since]
            case WorkCompleted(confirm_by=by) if by is not None:
                found = [self.fixed("confirmation", by, None, self.context.policy.confirm_within)]
            case RequestAmended(request=request):
                found = [self._needed_otherwise(request), *self._at_another_level(request)]
            case _:
                found = []
        return tuple(due for due in found if due is not None)

    @property
    def level(self) -> Level:
        """The service levels of the request."""
        return self.context.policy.service_levels.of(self.request.type, self.request.priority)

    def new(self, name: ClockName, hours: float | None, person: str | None) -> Due | None:
        """A clock that starts now; None where the policy gives it no time."""
        return reckoned(name, self.context, self.request, person, timedelta(hours=hours)) if hours else None

    def fixed(self, name: ClockName, due: datetime, person: str | None, working: timedelta | None = None) -> Due:
        """A clock that starts now and ends at a moment that is given."""
        return ending(name, self.context, self.request, person, due, working)

    def delivery(self, person: str | None) -> Due | None:
        """By the date that the request names, while it lies ahead and within reach; else within the time of its level."""
        needed = self.request.needed_by
        if needed is not None and NONE < needed - self.context.now <= REACH:
            return self.fixed("delivery", needed, person).model_copy(update={"by_date": True})
        return self.new("delivery", self.level.delivery, person)

    def _begun(self, seats: Sequence[Seat]) -> list[Due | None]:
        found = [self._response(seats)]
        if self.clocks.get("delivery") is None:
            found.append(self.delivery(seats[0].person if seats else None))
        return found

    def _response(self, seats: Sequence[Seat]) -> Due | None:
        """For as long as nobody who is there accepted, and for whoever comes to others who did; in a review its turn says when."""
        if not self._unasked:
            return None
        before = {seat.person for seat in self.state.supporters}
        people = [seat.person for seat in seats]
        new = [person for person in people if person not in before]
        if self._answered(people) and (not new or self.state.review is not None):
            return None
        return self.new("response", self.level.response, next(iter([*new, *people]), None))

    @property
    def _unasked(self) -> bool:
        """Whether no answer is waited for: who declines ends the clock, the next has a new one."""
        return self.clocks.get("response") is None or any(isinstance(fact, WorkDeclined) for fact in self.said)

    def _passed_on(self, seats: Sequence[Seat], heirs: Mapping[str, str] = NOBODY) -> list[Due | None]:
        """The clocks of whoever has no seat any more, for whoever has it, else for the first who is left."""
        people = [seat.person for seat in seats]
        left = [clock for clock in self.clocks.open if clock.person is not None and clock.person not in people]
        if self._unasked or (not heirs and self._answered(people)):
            left = [clock for clock in left if clock.clock != "response"]
        return [passed_on(one, heirs.get(one.person or "", people[0]), self.context, self.request) for one in left if people]

    def _answered(self, people: Sequence[str]) -> bool:
        return any(seat.accepted for seat in self.state.supporters if seat.person in people)

    def _at_another_level(self, request: Request) -> list[Due | None]:
        """Another priority moves what runs against the time of its level, where that is another one."""
        before = self.state.request
        if before is None or request.priority == before.priority:
            return []
        levels, found = self.context.policy.service_levels, list[Due | None]()
        was, now = levels.of(before.type, before.priority), levels.of(request.type, request.priority)
        for clock in self.clocks.open:
            hours = getattr(now, clock.clock, None)
            dated = clock.clock == "delivery" and request.needed_by != before.needed_by
            if hours and not dated and hours != getattr(was, clock.clock, None):
                found.append(at_level(clock, timedelta(hours=hours), self.context, request))
        return found

    def _needed_otherwise(self, request: Request) -> Due | None:
        """Another date moves the clock of the delivery; without one it runs by the time of its level, from now."""
        before, clock = self.state.request, self.clocks.get("delivery")
        if clock is None or before is None or request.needed_by == before.needed_by:
            return None
        if request.needed_by is None and not clock.by_date:
            return None  # it runs by the level already
        return self.delivery(clock.person)
