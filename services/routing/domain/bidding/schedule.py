"""Places the parts of a bid backwards from its deadline in working time. Pure.

Invariant: a part is due no later than any part that builds on it has to begin, and every moment lies in working time.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from services.routing.domain.bidding.policy import BiddingPolicy, Part
from shared.calendar import Almanac, WorkingTime, read_almanac

HOUR = timedelta(hours=1)


@dataclass(frozen=True, kw_only=True)
class Slot:
    """From when, at the latest, until when a part is worked on."""

    start: datetime
    due: datetime


@dataclass(frozen=True, kw_only=True)
class Anchors:
    """By when all is there for the bid, and by when the deck is there for the pitch (the same where there is none)."""

    hand_in: datetime
    pitch: datetime

    def of(self, part: Part) -> datetime:
        """What `part` has to be there for."""
        return self.pitch if part.ends == "pitch" else self.hand_in


@lru_cache(maxsize=1)
def china() -> Almanac:
    """The almanac that ships, read once."""
    return read_almanac()


def known_zone(name: object) -> bool:
    """Whether `name` is a time zone."""
    if not isinstance(name, str) or not name:
        return False
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # what nobody knows, no key at all, a folder of keys
        return False
    return True


def working_time(policy: BiddingPolicy, zone: str) -> WorkingTime:
    """The policy's hours in `zone`, which is known."""
    return WorkingTime(week=policy.hours, zone=zone, almanac=china())


def anchors(time: WorkingTime, policy: BiddingPolicy, due: datetime, pitch: datetime | None, *, travels: bool) -> Anchors:
    """What the parts are placed before. Raises OverflowError for dates at the end of all time."""
    hand_in = time.subtract(due, policy.assembly_hours * HOUR)
    if pitch is None:
        return Anchors(hand_in=hand_in, pitch=hand_in)
    lead = policy.pitch_lead_hours + (policy.travel_hours if travels else 0.0)
    return Anchors(hand_in=hand_in, pitch=time.subtract(pitch, lead * HOUR))


def backwards(time: WorkingTime, parts: Mapping[str, Part], ends: Anchors, share: float = 1.0) -> dict[str, Slot]:
    """The slot of each part when each takes `share` of its hours; parts that build on one are placed before it is."""
    slots: dict[str, Slot] = {}
    for name, part in reversed(list(parts.items())):
        followers = [slots[other].start for other, later in parts.items() if name in later.after]
        due = min([ends.of(part), *followers])
        slots[name] = Slot(start=time.subtract(due, part.hours * share * HOUR), due=due)
    return {name: slots[name] for name in parts}


def lacking(time: WorkingTime, slot: Slot, now: datetime) -> float:
    """The working hours that have passed since the part had to begin; 0 while it has not had to."""
    return round(time.between(slot.start, now) / HOUR, 2) if slot.start < now else 0.0
