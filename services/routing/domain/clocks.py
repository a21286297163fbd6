"""Sets the clocks of what a decision says, says when time runs out, and reckons clocks anew. Pure.

Invariant: a clock's moments are reckoned when it starts or goes on, and are facts since: neither policy nor calendar moves them
unless a fact says so.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import cast

from pydantic import BaseModel

from services.routing.domain.context import Context
from services.routing.domain.policy import Level
from services.routing.domain.state import State
from services.routing.domain.ticking import Clock, Clocks, turned
from shared.calendar import FURTHEST, WorkingTime
from shared.ledger.messages import Decision
from shared.schemas.registry import TYPE_OF
from shared.schemas.requests import Request
from shared.schemas.routing import (
    AssignmentWaiting,
    RequestAmended,
    RequestReopened,
    SupportersAssigned,
    WorkCompleted,
    WorkDeclined,
    WorkResumed,
)
from shared.schemas.service_levels import ClockName, Due

NONE = timedelta(0)
SHORTEST = timedelta(seconds=1)
REACH = timedelta(days=FURTHEST)
"""How far ahead a date may lie; one beyond it counts as none, or the days until then would be walked one by one."""


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
                found = self._begun(seats[0].person if seats else None, answered=self._answered({one.person for one in seats}))
            case RequestReopened(supporters=seats, status=status) if status != "waiting":
                found = self._begun(seats[0].person if seats else None, answered=status == "working")
            case WorkResumed():
                found = [resumed(clock, self.context, self.request) for clock in self.clocks.open if clock.held_since]
            case WorkCompleted(confirm_by=by) if by is not None:
                found = [self.fixed("confirmation", by, None, self.context.policy.confirm_within)]
            case RequestAmended(request=request):
                found = [self._needed_otherwise(request)]
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

    def _begun(self, person: str | None, *, answered: bool) -> list[Due | None]:
        found: list[Due | None] = []
        declined = any(isinstance(fact, WorkDeclined) for fact in self.said)
        if not answered and (declined or self.clocks.get("response") is None):
            found.append(self.new("response", self.level.response, person))
        if self.clocks.get("delivery") is None:
            found.append(self.delivery(person))
        return found

    def _answered(self, people: set[str]) -> bool:
        return any(seat.accepted for seat in self.state.supporters if seat.person in people)

    def _needed_otherwise(self, request: Request) -> Due | None:
        """Another date moves the clock of the delivery; without one it runs by the time of its level, from now."""
        before, clock = self.state.request, self.clocks.get("delivery")
        if clock is None or before is None or request.needed_by == before.needed_by:
            return None
        if request.needed_by is None and not clock.by_date:
            return None  # it runs by the level already
        return self.delivery(clock.person)


def time_of(person: str | None, request: Request, context: Context) -> WorkingTime:
    """The working time of `person`, or of the request's unit."""
    if person is not None:
        return context.calendar.of_person(person, context.directory)
    return context.calendar.of_unit(request.business_unit, context.directory)


def beyond(clock: Clock) -> bool:
    """Whether the clock ends at a date that is out of reach."""
    return not clock.working_seconds and clock.due - clock.since > REACH


def left_of_level(used: timedelta, request: Request, context: Context) -> timedelta | None:
    """What counts where the date is `beyond`: the time of the level without what is `used`; None where the level gives none."""
    hours = context.policy.service_levels.of(request.type, request.priority).delivery
    return max(timedelta(hours=hours) - used, SHORTEST) if hours else None


def reckoned(
    name: ClockName,
    context: Context,
    request: Request,
    person: str | None,
    working: timedelta,
    *,
    since: datetime | None = None,
    used: float = 0.0,
) -> Due:
    """A clock that ends after `working` (more than none) of working time."""
    start = since or context.now
    due = context.calendar.add(time_of(person, request, context), start, working)
    return ending(name, context, request, person, due, working, since=start, used=used)


def ending(
    name: ClockName,
    context: Context,
    request: Request,
    person: str | None,
    due: datetime,
    working: timedelta | None,
    *,
    since: datetime | None = None,
    used: float = 0.0,
) -> Due:
    """A clock that ends at `due`: with its warning, and when the leaders are told."""
    time, start, due = time_of(person, request, context), since or context.now, due.astimezone(UTC)
    left = working if working is not None else max(time.between(start, due), NONE)
    whole = left + timedelta(seconds=used)
    before = max(whole * context.policy.service_levels.warn_after - timedelta(seconds=used), NONE)
    warn_at = min(context.calendar.add(time, start, before), due)
    after = context.policy.leader_after if name != "confirmation" else None
    leader_at = context.calendar.add(time, due, after) if after else None
    return Due(
        clock=name,
        since=start,
        due=due,
        warn_at=warn_at,
        leader_at=leader_at,
        working_seconds=working.total_seconds() if working is not None else None,
        used_seconds=used,
        person=person,
        almanac=context.calendar.version,
        provisional=time.provisional(min(start, due), max(leader_at or due, due)),
    )


def _later_told(clock: Clock, halted: timedelta, time: WorkingTime, context: Context) -> Due:
    """A clock that was over is over; while the work was halted its leaders were not waiting."""
    same = Due(**{name: getattr(clock, name) for name in Due.model_fields})
    if clock.leader_at is None:
        return same
    return same.model_copy(update={"leader_at": context.calendar.add(time, clock.leader_at, halted)})


def resumed(clock: Clock, context: Context, request: Request) -> Due:
    """A halted clock goes on with the working time that was left. One that was over is over; no working time moves nothing."""
    held = cast(datetime, clock.held_since)
    time = time_of(clock.person, request, context)
    if time.between(held, context.now) <= NONE:
        return Due(**{name: getattr(clock, name) for name in Due.model_fields})
    used = max(time.between(clock.since, held), NONE)
    before = clock.used_seconds + used.total_seconds()
    left: timedelta | None
    if beyond(clock):
        left = left_of_level(timedelta(seconds=before), request, context)
    elif clock.working_seconds:
        left = timedelta(seconds=clock.working_seconds) - used
    else:
        left = time.between(held, clock.due)
    if left is None or left <= NONE:
        return _later_told(clock, time.between(held, context.now), time, context)
    due = reckoned(clock.clock, context, request, clock.person, left, used=before)
    return due.model_copy(update={"by_date": clock.by_date and not beyond(clock)})
