"""In which order those that wait are tried: by how long they count as having waited, in season with what urgency adds. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.routing.domain.seasons.rules import Ageing
from shared.schemas.seasons import Season

HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Queued:
    """A request that nobody fits. `full` are the roles in which people are full, each with how many seats it wants."""

    request: str
    business_unit: str
    type: str
    since: datetime
    priority: str = "normal"
    needed_by: datetime | None = None
    full: Mapping[str, int] = field(default_factory=dict)


def full_roles(records: Iterable[tuple[str, bool]]) -> dict[str, int]:
    """From the (role, whether somebody who fits is full) of each seat of a request, what it wants of each role with anybody full."""
    seats = list(records)
    return {role: sum(one == role for one, _ in seats) for role in sorted({role for role, full in seats if full})}


def waited(one: Queued, seasons: Sequence[Season], now: datetime, rules: Ageing) -> float:
    """For how many hours it counts as having waited; `seasons` are those in effect."""
    hours = (now - one.since) / HOUR
    if not any(season.figures.ageing and season.concerns(one.business_unit) for season in seasons):
        return hours
    left = (one.needed_by - now) / HOUR if one.needed_by else rules.soon_hours
    soon = min(max(1 - left / rules.soon_hours, 0.0), 1.0)
    return hours + rules.by_priority.get(one.priority, 0.0) + rules.needed_now * soon


def in_order(queue: Sequence[Queued], seasons: Sequence[Season], now: datetime, rules: Ageing) -> list[str]:
    """The requests of `queue`, who counts as having waited longest first; alike ones by their ids."""
    return [one.request for one in sorted(queue, key=lambda one: (-waited(one, seasons, now, rules), one.request))]
