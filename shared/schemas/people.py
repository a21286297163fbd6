"""People and business units, and the directory: an immutable snapshot of both with the look-ups decisions need, callbacks included."""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from pydantic import Field

from shared.schemas.callbacks import Callback
from shared.schemas.model import Frozen, Text

WeekHours = dict[str, tuple[str, ...]]
"""Spans of hours by weekday, such as {"mon": ("09:00-12:00", "13:30-18:00")}; see shared.calendar.read_week."""


class BusinessUnit(Frozen):
    """A unit. `working_hours` are those of all its people who have none of their own, in their time zones."""

    code: str
    name: Text
    region: str | None = None
    time_zone: str = "Asia/Shanghai"
    locale: str = "zh"
    working_hours: WeekHours | None = None


class Leave(Frozen):
    """Whole days away, both ends included, in the person's own time zone."""

    first: date
    last: date


class Delegation(Frozen):
    """Who stands in on whole days, both ends included, in the time zone of whoever delegates."""

    delegate: str
    first: date
    last: date


class Person(Frozen):
    """One of our people. `skills` maps a skill to its level 1 (assists), 2 (works alone) or 3 (leads).

    Without `working_hours` of their own, those of the unit are theirs.
    """

    id: str
    name: str
    email: str
    business_unit: str
    roles: tuple[str, ...] = ()
    department: str | None = None
    skills: dict[str, int] = Field(default_factory=dict)
    regions: tuple[str, ...] = ()
    industries: tuple[str, ...] = ()
    locale: str = "zh"
    languages: tuple[str, ...] = Field(
        default=(), description="languages the person works in, besides the one they are written to in"
    )
    time_zone: str = "Asia/Shanghai"
    leave: tuple[Leave, ...] = ()
    delegate: str | None = None
    delegations: tuple[Delegation, ...] = Field(default=(), description="who stands in on certain days, rather than `delegate`")
    chat: dict[str, str] = Field(default_factory=dict)
    channels: tuple[str, ...] = ("email",)
    seats: int = Field(default=8, description="how many open requests the person may hold as a supporter or coordinator")
    active: bool = True
    working_hours: WeekHours | None = None

    def away(self, at: datetime) -> bool:
        """Whether `at` (aware) falls on a day of leave."""
        return self.leave_on(at) is not None

    def leave_on(self, at: datetime) -> Leave | None:
        """The leave on whose day `at` (aware) falls; of several, the one that ends last."""
        if not self.leave:
            return None
        day = self.day(at)
        return max((one for one in self.leave if one.first <= day <= one.last), key=lambda one: one.last, default=None)

    def there(self, at: datetime) -> bool:
        """Whether they work here, and `at` (aware) is no day of leave."""
        return self.active and not self.away(at)

    def leave_within(self, start: datetime, end: datetime) -> Leave | None:
        """The first leave with a day between `start` and `end` (aware, both ends included)."""
        if not self.leave:
            return None
        first, last = self.day(start), self.day(end)
        return min(
            (one for one in self.leave if one.first <= last and first <= one.last), key=lambda one: one.first, default=None
        )

    def day(self, at: datetime) -> date:
        """The person's own day at `at` (aware)."""
        return at.astimezone(ZoneInfo(self.time_zone)).date()

    def delegate_on(self, day: date) -> str | None:
        """Who stands in on `day`: the first delegation for it, else `delegate`."""
        return next((one.delegate for one in self.delegations if one.first <= day <= one.last), self.delegate)


LATER = ("working_hours", "languages", "delegations")


class Directory(Frozen):
    """Everybody, at one moment. `version` names exactly its people and units.

    `callbacks` are the units' subscriptions by unit and id; nobody is chosen by them.
    """

    people: dict[str, Person] = Field(default_factory=dict)
    units: dict[str, BusinessUnit] = Field(default_factory=dict)
    callbacks: dict[str, dict[str, Callback]] = Field(default_factory=dict)

    @cached_property
    def version(self) -> str:
        """12 hex digits over all people and units; equal content gives equal versions in every process."""
        digest = hashlib.sha256()
        entries: list[tuple[str, BusinessUnit | Person]] = [*sorted(self.units.items()), *sorted(self.people.items())]
        for _, entry in entries:
            # Entries without what came later have the version they had before there was any.
            lacking = {name for name in LATER if not getattr(entry, name, None)}
            digest.update(entry.model_dump_json(exclude=lacking).encode())
        return digest.hexdigest()[:12]

    def holders(self, role: str) -> tuple[Person, ...]:
        """The active people who hold `role`, in the order of their ids."""
        return tuple(p for _, p in sorted(self.people.items()) if p.active and role in p.roles)

    def stand_in(self, person: Person, at: datetime) -> Person | None:
        """The first along the chain of delegates who is there at `at`; None when the chain breaks off or runs in a circle."""
        seen = {person.id}
        current: Person | None = person
        while current is not None and not current.there(at):
            delegate = current.delegate_on(current.day(at))
            if delegate is None or delegate in seen:
                return None
            seen.add(delegate)
            current = self.people.get(delegate)
        return current

    def stand_ins(self, at: datetime) -> Mapping[str, str]:
        """Everybody who is away at `at`, or has left, and for whom somebody stands in, each with who that is.

        Leaves begin and end on whole minutes, so that one answer serves a minute; of answers, the last is kept.
        """
        minute = at.replace(second=0, microsecond=0)
        found = self._stand_ins_kept.get(minute)
        if found is None:
            deputies = (
                (person.id, self.stand_in(person, minute)) for person in self._not_always_there if not person.there(minute)
            )
            found = {holder: deputy.id for holder, deputy in deputies if deputy is not None}
            self._stand_ins_kept.clear()
            self._stand_ins_kept[minute] = found
        return found

    def stood_in_for(self, deputy: str, at: datetime) -> frozenset[str]:
        """Who is away at `at`, or has left, and has `deputy` stand in."""
        return frozenset(holder for holder, stands_in in self.stand_ins(at).items() if stands_in == deputy)

    @cached_property
    def _not_always_there(self) -> tuple[Person, ...]:
        return tuple(person for person in self.people.values() if person.leave or not person.active)

    @cached_property
    def _stand_ins_kept(self) -> dict[datetime, Mapping[str, str]]:
        return {}

    def with_entries(self, entries: Iterable[Person | BusinessUnit | Callback]) -> "Directory":
        """A new directory in which `entries` replace those of the same id or code."""
        people, units, callbacks = dict(self.people), dict(self.units), dict(self.callbacks)
        for entry in entries:
            match entry:
                case Person():
                    people[entry.id] = entry
                case BusinessUnit():
                    units[entry.code] = entry
                case Callback():
                    callbacks[entry.unit] = {**callbacks.get(entry.unit, {}), entry.id: entry}
        return Directory(people=people, units=units, callbacks=callbacks)
