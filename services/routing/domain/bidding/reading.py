"""What a bid's request says of its dates and places, whatever anybody wrote there. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from services.routing.domain.bidding.policy import BiddingPolicy
from services.routing.domain.bidding.schedule import known_zone
from services.routing.domain.context import Context
from shared.schemas.bidding import BidFault
from shared.schemas.requests import Request

FURTHEST = timedelta(days=3660)


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The deadline and the start of the pitch, the zone to reckon in, and whether people travel to the pitch."""

    due: datetime | None
    pitch: datetime | None
    zone: str
    travels: bool
    faults: tuple[BidFault, ...]


def wanted(request: Request, context: Context) -> Wanted:
    """What `request` wants at `context.now`."""
    window = request.details.get("pitch")
    window = window if isinstance(window, dict) else {}
    due, pitch = moment(request.details.get("due")), moment(window.get("start"))
    unit = context.directory.units.get(request.business_unit)
    zone, unknown = _zone(unit.time_zone if unit else None, context.policy.bidding)
    faults = _faults(due, pitch, context.now)
    if unknown or _strange(window):
        faults.append("unknown_zone")
    region = request.opportunity.customer.region if request.opportunity else None
    home = unit.region if unit else None
    travels = bool(pitch and window.get("place") and region and home and region != home)
    return Wanted(due=due, pitch=pitch, zone=zone, travels=travels, faults=tuple(faults))


def starred(request: Request, marks: tuple[str, ...]) -> tuple[str, ...]:
    """The ★ items: lines of the bid's and the pitch's requirements that bear a mark, each once, in their order."""
    return tuple(dict.fromkeys(line for line in lines(request) if any(mark in line for mark in marks)))


def lines(request: Request) -> tuple[str, ...]:
    """The lines of the bid's requirements, and then of the pitch's."""
    given = (request.details.get(name) for name in ("bid_requirements", "pitch_requirements"))
    return tuple(line for one in given if isinstance(one, list) for line in one if isinstance(line, str))


def dates(request: Request) -> tuple[object, ...]:
    """What the plan rests on: the deadline, the pitch, and where the customer is, which says whether people travel."""
    region = request.opportunity.customer.region if request.opportunity else None
    return (*(request.details.get(name) for name in ("due", "pitch")), region)


def moment(value: object) -> datetime | None:
    """A time with an offset, or None for anything else."""
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, datetime) and value.tzinfo is not None else None


def _zone(given: str | None, policy: BiddingPolicy) -> tuple[str, bool]:
    """The unit's zone, or the policy's where it is none; and whether it was given and is none."""
    return (given, False) if given is not None and known_zone(given) else (policy.zone, given is not None)


def _strange(window: dict[str, object]) -> bool:
    zone = window.get("time_zone")
    return zone is not None and not known_zone(zone)


def _faults(due: datetime | None, pitch: datetime | None, now: datetime) -> list[BidFault]:
    found: list[BidFault] = []
    if due is None:
        found.append("no_due")
    elif due <= now:
        found.append("due_past")
    elif due > now + FURTHEST or (pitch is not None and pitch > now + FURTHEST):
        found.append("due_out_of_range")
    elif pitch is not None and pitch <= now:
        found.append("pitch_past")
    elif pitch is not None and pitch < due:
        found.append("pitch_before_due")
    return found
