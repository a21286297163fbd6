"""Reckons the moments of one clock: from its start, after a halt, in somebody else's working time, at another level. Pure."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Self, cast

from services.routing.domain.context import Context
from services.routing.domain.ticking import Clock
from shared.calendar import FURTHEST, WorkingTime
from shared.schemas.requests import Request
from shared.schemas.service_levels import ClockName, Due

NONE = timedelta(0)
SHORTEST = timedelta(seconds=1)
REACH = timedelta(days=FURTHEST)
"""How far ahead a date may lie; one beyond it counts as none, or the days until then would be walked one by one."""


@dataclass(frozen=True, kw_only=True)
class Terms:
    """After which part of its time a clock is warned of, and after how much working time more the leaders are told."""

    warn_after: float
    leader_after: timedelta | None

    @classmethod
    def of(cls, name: ClockName, context: Context, begun: Due | None) -> Self:
        """What the clock began with; the policy's for one that begins, or began before clocks kept them."""
        if begun is not None and begun.warn_after is not None:
            leader = timedelta(seconds=begun.leader_seconds) if begun.leader_seconds else None
            return cls(warn_after=begun.warn_after, leader_after=leader)
        after = context.policy.leader_after if name != "confirmation" else None
        return cls(warn_after=context.policy.service_levels.warn_after, leader_after=after)


def time_of(person: str | None, request: Request, context: Context) -> WorkingTime:
    """The working time of `person`, or of the request's unit."""
    if person is not None:
        return context.calendar.of_person(person, context.directory)
    return context.calendar.of_unit(request.business_unit, context.directory)


def as_due(clock: Clock) -> Due:
    """The moments of a clock as they stand."""
    return Due(**{name: getattr(clock, name) for name in Due.model_fields})


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
    begun: Due | None = None,
) -> Due:
    """A clock that ends after `working` (more than none) of working time; `begun` is the one that it goes on from."""
    start = since or context.now
    due = context.calendar.add(time_of(person, request, context), start, working)
    return ending(name, context, request, person, due, working, since=start, used=used, begun=begun)


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
    begun: Due | None = None,
) -> Due:
    """A clock that ends at `due`: with its warning, and when the leaders are told, as in the one `begun`."""
    time, start, due = time_of(person, request, context), since or context.now, due.astimezone(UTC)
    left = working if working is not None else max(time.between(start, due), NONE)
    whole = left + timedelta(seconds=used)
    terms = Terms.of(name, context, begun)
    before = max(whole * terms.warn_after - timedelta(seconds=used), NONE)
    warn_at = min(context.calendar.add(time, start, before), due)
    leader_at = context.calendar.add(time, due, terms.leader_after) if terms.leader_after else None
    return Due(
        clock=name,
        since=start,
        due=due,
        warn_at=warn_at,
        leader_at=leader_at,
        warn_after=terms.warn_after,
        leader_seconds=terms.leader_after.total_seconds() if terms.leader_after else None,
        working_seconds=working.total_seconds() if working is not None else None,
        used_seconds=used,
        person=person,
        almanac=context.calendar.version,
        provisional=time.provisional(min(start, due), max(leader_at or due, due)),
    )


def _later_told(clock: Clock, halted: timedelta, time: WorkingTime, context: Context) -> Due:
    """A clock that was over is over; while the work was halted its leaders were not waiting."""
    same = as_due(clock)
    if clock.leader_at is None:
        return same
    return same.model_copy(update={"leader_at": context.calendar.add(time, clock.leader_at, halted)})


def resumed(clock: Clock, context: Context, request: Request) -> Due:
    """A halted clock goes on with the working time that was left. One that was over is over; no working time moves nothing."""
    held = cast(datetime, clock.held_since)
    time = time_of(clock.person, request, context)
    if time.between(held, context.now) <= NONE:
        return as_due(clock)
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
    due = reckoned(clock.clock, context, request, clock.person, left, used=before, begun=clock)
    return due.model_copy(update={"by_date": clock.by_date and not beyond(clock)})


def passed_on(clock: Clock, person: str, context: Context, request: Request) -> Due:
    """A clock that goes on in the working time of `person`: what was used stays used, what is left runs from now.

    The date that a request names stays as it is, and a clock that was over is over.
    """
    if beyond(clock) or clock.breached:
        return as_due(clock).model_copy(update={"person": person})
    start = max(context.now, clock.since)
    used, left = _spent(clock, start, context, request)
    before = clock.used_seconds + used.total_seconds()
    if clock.by_date or left <= NONE:
        due = ending(clock.clock, context, request, person, clock.due, None, since=start, used=before, begun=clock)
    else:
        due = reckoned(clock.clock, context, request, person, left, since=start, used=before, begun=clock)
    return due.model_copy(update={"by_date": clock.by_date})


def at_level(clock: Clock, whole: timedelta, context: Context, request: Request) -> Due | None:
    """A clock that has `whole` from now on; None for one that is bound to a date, or over.

    A longer time adds what it has more. Of a shorter one no more than all of it is left, and never more than was left before.
    """
    start = max(context.now, clock.since)
    used, left = _spent(clock, start, context, request)
    if clock.by_date or left <= NONE:
        return None
    had = used + left + timedelta(seconds=clock.used_seconds)
    left = left + whole - had if whole > had else min(left, whole)
    counted = (whole - left).total_seconds()
    return reckoned(clock.clock, context, request, clock.person, left, since=start, used=counted, begun=clock)


def _spent(clock: Clock, now: datetime, context: Context, request: Request) -> tuple[timedelta, timedelta]:
    """The working time that passed since the clock began or went on, up to a halt, and what is left; none of a fixed date's."""
    used = max(time_of(clock.person, request, context).between(clock.since, clock.held_since or now), NONE)
    return used, timedelta(seconds=clock.working_seconds) - used if clock.working_seconds else NONE
