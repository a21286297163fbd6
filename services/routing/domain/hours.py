"""In whose working time a moment is reckoned: a person's, a unit's, or the policy's plain week. Pure but for what it remembers."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from shared.calendar import Almanac, NoWorkingTimeError, Week, WindowsError, WorkingTime, read_week
from shared.schemas.people import BusinessUnit, Directory, Leave, Person

MOST = 10_000
"""Kinds of working time that are remembered: more than there are people, so that leave that was entered since is not kept for ever."""
A_YEAR = timedelta(days=366)
PLAIN_ZONE = "Asia/Shanghai"
Hours = tuple[tuple[str, tuple[str, ...]], ...]
Key = tuple[Hours | None, str, tuple[tuple[date, date], ...]]


class Calendar:
    """Working times over one almanac, each made once. `week` is that of whoever has none."""

    def __init__(self, *, almanac: Almanac, week: Mapping[str, Sequence[str]]) -> None:
        """Raises WindowsError for a week that cannot be worked."""
        self._almanac = almanac
        self._week = read_week(week)
        self._known: dict[Key, WorkingTime] = {}

    @property
    def version(self) -> str:
        """The almanac's version."""
        return self._almanac.version

    def of_unit(self, code: str, directory: Directory) -> WorkingTime:
        """The unit's hours in its time zone."""
        unit = directory.units.get(code)
        return self._time(_hours(unit), unit.time_zone if unit else PLAIN_ZONE, ())

    def of_person(self, identity: str, directory: Directory) -> WorkingTime:
        """The person's hours, or their unit's, in their time zone without their leave. Somebody unknown works as anybody."""
        person = directory.people.get(identity)
        if person is None:
            return self._time(None, PLAIN_ZONE, ())
        return self._time(self._hours_of(person, directory), person.time_zone, person.leave)

    def absence(self, identity: str, directory: Directory, start: datetime, end: datetime) -> float:
        """The share of the person's working time from `start` to `end` that is leave, 0 to 1; of a year at most."""
        person = directory.people.get(identity)
        end = min(end, start + A_YEAR)
        if person is None or end <= start or person.leave_within(start, end) is None:
            return 0.0
        there = self.of_person(identity, directory)
        whole = self._time(self._hours_of(person, directory), person.time_zone, ()).between(start, end)
        return round(1.0 - there.between(start, end) / whole, 6) if whole else 0.0

    def zone_of(self, identity: str | None, directory: Directory) -> ZoneInfo:
        """The zone in which a moment is written for that person; the headquarters' for nobody in particular."""
        person = directory.people.get(identity or "")
        return ZoneInfo(person.time_zone if person else PLAIN_ZONE)

    def add(self, time: WorkingTime, start: datetime, duration: timedelta) -> datetime:
        """`duration` of working time after `start`; of somebody who will not work for ten years, in the plain week."""
        try:
            return time.add(start, duration)
        except NoWorkingTimeError:
            return self._time(None, PLAIN_ZONE, ()).add(start, duration)

    def _hours_of(self, person: Person, directory: Directory) -> Hours | None:
        return _hours(person) or _hours(directory.units.get(person.business_unit))

    def _time(self, hours: Hours | None, zone: str, leave: tuple[Leave, ...]) -> WorkingTime:
        key = (hours, zone, tuple((away.first, away.last) for away in leave))
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= MOST:
                self._known.clear()
            known = WorkingTime(week=self._read(hours), zone=zone, almanac=self._almanac, leave=leave)
            self._known[key] = known
        return known

    def _read(self, hours: Hours | None) -> Week:
        """Hours that cannot be worked are refused when a directory is imported; from elsewhere they count as none given."""
        try:
            return read_week(dict(hours)) if hours else self._week
        except WindowsError:
            return self._week


def _hours(entry: Person | BusinessUnit | None) -> Hours | None:
    return tuple(entry.working_hours.items()) if entry is not None and entry.working_hours else None
