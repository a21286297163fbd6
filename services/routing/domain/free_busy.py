"""When people are taken: appointments and leave as one, so that nobody learns whose an appointment is or why somebody is away. Pure."""

from collections.abc import Iterable
from datetime import datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.routing.domain.context import Context
from shared.schemas.people import Leave, Person

DAY = timedelta(days=1)


class Span(NamedTuple):
    """From `start` (included) to `end` (not included)."""

    start: datetime
    end: datetime


def busy(person: Person, context: Context, start: datetime, end: datetime) -> tuple[Span, ...]:
    """The times between `start` and `end` at which `person` is taken, in order; those that touch are one."""
    booked = (Span(one.start, one.end) for one in context.load(person.id).bookings)
    zone, first, last = ZoneInfo(person.time_zone), start.date() - DAY, end.date() + DAY
    leaves = (Leave(first=max(one.first, first), last=min(one.last, last)) for one in person.leave)
    away = (_days(leave, zone) for leave in leaves if leave.first <= leave.last)
    cut = (Span(max(one.start, start), min(one.end, end)) for one in (*booked, *away))
    return tuple(_merged(sorted(one for one in cut if one.start < one.end)))


def places(person: Person, context: Context) -> tuple[int, int]:
    """How many requests the person holds, and how many they may hold now."""
    return context.load(person.id).count, context.cap(person.business_unit, person.seats)


def _days(leave: Leave, zone: ZoneInfo) -> Span:
    return Span(datetime.combine(leave.first, time(), zone), datetime.combine(leave.last + DAY, time(), zone))


def _merged(spans: Iterable[Span]) -> Iterable[Span]:
    known: Span | None = None
    for span in spans:
        if known is not None and span.start <= known.end:
            known = Span(known.start, max(known.end, span.end))
            continue
        if known is not None:
            yield known
        known = span
    if known is not None:
        yield known
