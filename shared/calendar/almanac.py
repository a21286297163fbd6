"""Which days are worked: weekends, public holidays and make-up workdays, by dated data.

Invariant: a file that contradicts itself is refused whole, so that no deadline is reckoned with half a calendar. Of a year that is
not published, and of one that is not in the data at all, what is said is provisional; so are the last days of a year that the next
year's notice may still change, until that one is published.
"""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from pydantic import ConfigDict, ValidationError

from shared.schemas.model import Frozen, Text

CHINA = Path(__file__).parent / "china.yaml"
SATURDAY = 5


class AlmanacError(Exception):
    """The data cannot be used; the message names the file, the year, the day and the remedy."""


class Kind(StrEnum):
    """What a day is. `make_up` is a weekend day that is worked (调休)."""

    WORK = "work"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    MAKE_UP = "make_up"


class Holiday(Frozen):
    """Days off in a row, both ends included."""

    model_config = ConfigDict(extra="forbid")

    zh: str
    en: str
    first: date
    last: date

    @property
    def days(self) -> Iterator[date]:
        """Every day of it."""
        return (self.first + timedelta(days=number) for number in range((self.last - self.first).days + 1))


class Year(Frozen):
    """One year's notice. `published` says that it is out; until then there are only the statutory days.

    From `open_from` on its days may be changed by the notice of the year after: 元旦 of that one may begin, or be made up for, in them.
    """

    model_config = ConfigDict(extra="forbid")

    year: int
    published: bool
    open_from: date | None = None
    source: str
    holidays: tuple[Holiday, ...]
    make_up: tuple[date, ...]


@dataclass(frozen=True, kw_only=True)
class Almanac:
    """`off` are days off by name, `make_up` weekend days that are worked; `published` the years whose notice is out.

    `open_from` says of a year from which day on the notice of the next one may change it.
    """

    off: Mapping[date, Text]
    make_up: frozenset[date]
    published: frozenset[int]
    open_from: Mapping[int, date] = field(default_factory=dict)

    def kind(self, day: date) -> Kind:
        """What `day` is."""
        if day in self.off:
            return Kind.HOLIDAY
        if day in self.make_up:
            return Kind.MAKE_UP
        return Kind.WEEKEND if day.weekday() >= SATURDAY else Kind.WORK

    def name(self, day: date) -> Text | None:
        """The holiday's name, on a holiday."""
        return self.off.get(day)

    def provisional(self, first: date, last: date) -> bool:
        """Whether a notice that is not published may change a day between `first` and `last`, both included."""
        return any(self._open(year, last) for year in range(first.year, last.year + 1))

    def _open(self, year: int, last: date) -> bool:
        """Whether days of `year` up to `last` may change."""
        if year not in self.published:
            return True
        tail = self.open_from.get(year)
        return tail is not None and year + 1 not in self.published and last >= tail

    def overlaid(self, *, off: Mapping[date, Text], worked: Iterable[date]) -> "Almanac":
        """This almanac with days of a unit's own: `off` besides the holidays, `worked` whatever else they are."""
        working = frozenset(worked)
        if both := sorted(working & off.keys()):
            raise AlmanacError(f"{both[0]} is both off and worked in the unit's own days; keep one.")
        kept = {day: name for day, name in {**self.off, **off}.items() if day not in working}
        makes_up = (self.make_up | {day for day in working if day.weekday() >= SATURDAY}) - off.keys()
        return Almanac(off=kept, make_up=makes_up, published=self.published, open_from=self.open_from)

    @cached_property
    def version(self) -> str:
        """12 hex digits over all of it: a deadline that was reckoned names the almanac it was reckoned with."""
        parts = [f"{day}={name.zh}" for day, name in sorted(self.off.items())]
        parts += [str(day) for day in sorted(self.make_up)] + [str(year) for year in sorted(self.published)]
        parts += [f"{tail}+" for _, tail in sorted(self.open_from.items())]
        return hashlib.sha256("|".join(parts).encode()).hexdigest()[:12]


def read_almanac(file: Path = CHINA) -> Almanac:
    """The almanac in a YAML list of years. Raises AlmanacError."""
    try:
        entries = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise AlmanacError(f"{file.name} cannot be read ({type(error).__name__}); give a YAML list of years.") from error
    if not isinstance(entries, list) or not entries:
        raise AlmanacError(f"{file.name} is no list of years; write entries of year, published, source, holidays and make_up.")
    years = [_year(file, number, entry) for number, entry in enumerate(entries, start=1)]
    numbers = [year.year for year in years]
    if twice := [number for place, number in enumerate(numbers) if number in numbers[:place]]:
        raise AlmanacError(f"{file.name} has the year {twice[0]} twice; keep one.")
    off: dict[date, Text] = {}
    make_up: set[date] = set()
    for year in years:
        _take(file, year, off, make_up)
    if both := sorted(make_up & off.keys()):
        raise AlmanacError(f"{file.name}: {both[0]} is a day off and a make-up workday; keep one.")
    return Almanac(
        off=off,
        make_up=frozenset(make_up),
        published=frozenset(year.year for year in years if year.published),
        open_from={year.year: year.open_from for year in years if year.open_from},
    )


def _year(file: Path, number: int, entry: Any) -> Year:
    try:
        return Year.model_validate(entry)
    except ValidationError as error:
        faults = "; ".join(f"{'.'.join(map(str, fault['loc'])) or 'entry'}: {fault['msg']}" for fault in error.errors())
        raise AlmanacError(f"{file.name}, entry {number}: {faults}.") from error


def _take(file: Path, year: Year, off: dict[date, Text], make_up: set[date]) -> None:
    """Add one year's days. A holiday may begin in the old year or end in the new one (春节 never does, 元旦 has)."""
    if year.open_from is not None and year.open_from.year != year.year:
        raise AlmanacError(
            f"{file.name}, {year.year}: open_from {year.open_from} lies in another year; name a day of {year.year}."
        )
    for holiday in year.holidays:
        if holiday.last < holiday.first:
            raise AlmanacError(f"{file.name}, {year.year}: {holiday.en} ends before it begins; swap first and last.")
        if year.year not in {holiday.first.year, holiday.last.year}:
            raise AlmanacError(f"{file.name}, {year.year}: {holiday.en} lies in another year; move it there.")
        for day in holiday.days:
            if day in off:
                raise AlmanacError(f"{file.name}, {year.year}: {day} is a day off twice; let the holidays not overlap.")
            off[day] = Text(zh=holiday.zh, en=holiday.en)
    for day in year.make_up:
        if day.weekday() < SATURDAY:
            raise AlmanacError(f"{file.name}, {year.year}: {day} is no weekend day, so it makes up for nothing; remove it.")
        if day in make_up:
            raise AlmanacError(f"{file.name}, {year.year}: {day} is a make-up workday twice; keep one.")
        make_up.add(day)
