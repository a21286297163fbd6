"""Appointments: when a request takes its people away, and whether somebody is taken already. Pure."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from services.routing.domain.policy import AssignmentRules
from shared.catalogue import RequestType, fold, likely
from shared.ledger.messages import Booking
from shared.schemas.bidding import bid_of
from shared.schemas.people import Leave, Person
from shared.schemas.requests import Request


def appointments(identity: str, request: Request, kind: RequestType, rules: AssignmentRules) -> tuple[Booking, ...]:
    """The windows of the request's details, but for records of what happened. Who goes to a bid's pitch has its part for the pitch too.

    A window without offsets, or in years that nobody works in, takes nobody away.
    """
    remote = request.details.get("mode") in rules.remote_modes
    within = bid_of(request.source)
    found = []
    for key, spec in kind.fields.items():
        window = request.details.get(key) if spec.type == "window" and not spec.record else None
        if isinstance(window, dict):
            start, end = _moment(window.get("start")), _moment(window.get("end"))
            if start is not None and end is not None:
                place = "" if remote else fold(str(window.get("place") or ""))
                found.append(Booking(request=identity, start=start, end=end, place=place, within=within))
    return tuple(found)


def taken(wanted: Sequence[Booking], booked: Iterable[Booking], travel: timedelta) -> bool:
    """Whether one of `booked`, of another request, leaves no time for one of `wanted`: `travel` passes between two places."""
    for other in booked:
        for one in wanted:
            margin = travel if one.place and other.place and one.place != other.place else timedelta()
            # A difference is there for any two moments, a sum is not.
            if (
                other.request not in {one.request, one.within}
                and one.start - other.end < margin
                and other.start - one.end < margin
            ):
                return True
    return False


def absence(wanted: Iterable[Booking], person: Person) -> tuple[Booking, Leave] | None:
    """The first of `wanted` for which `person` is not there, and the leave."""
    if not person.leave:
        return None
    found = ((one, person.leave_within(one.start, one.end)) for one in sorted(wanted, key=lambda one: one.start))
    return next(((one, leave) for one, leave in found if leave is not None), None)


def _moment(value: object) -> datetime | None:
    """A time with an offset, in likely years, in UTC; None for anything else that old or foreign data may hold."""
    if not isinstance(value, str) or len(value) < len("2027-03-01T09:00Z"):
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo is not None and likely(found) else None
    except (ValueError, OverflowError):
        return None
