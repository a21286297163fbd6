"""Clocks that are halted and resumed, against a counter that looks at every minute of the supporter's wall clock."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.routing.domain.policy import ServiceLevels
from shared.calendar import read_almanac, read_week
from shared.calendar.almanac import Kind
from shared.calendar.windows import WEEKDAYS
from shared.schemas.people import Leave, Person
from tests.unit.routing.clocked import Clocked, clock
from tests.unit.routing.routing_build import MANAGER, POLICY, a_context, an_engineer

CHINA = read_almanac()
MINUTE = timedelta(minutes=1)
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Singapore")
AROUND = {
    "Spring Festival and its make-up days": datetime(2026, 2, 12, tzinfo=UTC),
    "National Day and its make-up days": datetime(2026, 9, 18, tzinfo=UTC),
    "summer time begins": datetime(2026, 3, 27, tzinfo=UTC),
    "summer time ends": datetime(2026, 10, 23, tzinfo=UTC),
    "an unpublished year begins": datetime(2026, 12, 30, tzinfo=UTC),
}
TRIED: Counter[str] = Counter()


@pytest.fixture(scope="module", autouse=True)
def _counted() -> Iterator[None]:
    """Prints what was tried, for the reader of `pytest -s`."""
    yield
    print("\nclocks against the counter:", ", ".join(f"{count} {name}" for name, count in sorted(TRIED.items())))
    assert TRIED["examples"] > 100
    assert TRIED["halts"] > 50


hours = st.lists(st.integers(0, 47), min_size=2, max_size=6, unique=True).map(
    lambda cuts: tuple(
        f"{start // 2:02}:{start % 2 * 30:02}-{end // 2:02}:{end % 2 * 30:02}"
        for start, end in zip(sorted(cuts)[::2], sorted(cuts)[1::2], strict=False)
    )
)
weeks = st.dictionaries(st.sampled_from((*WEEKDAYS, "make_up")), hours, min_size=2).filter(
    lambda week: len(week.keys() & set(WEEKDAYS)) > 1
)
leaves = st.lists(
    st.builds(
        lambda first, days: Leave(first=first, last=first + timedelta(days=days)),
        st.sampled_from([date(2026, 2, 24), date(2026, 3, 30), date(2026, 9, 21), date(2026, 10, 26), date(2027, 1, 4)]),
        st.integers(0, 3),
    ),
    max_size=2,
)
halts = st.lists(st.tuples(st.integers(1, 3000), st.integers(0, 4000)), max_size=4)
"""Minutes for which the work goes on, then minutes for which it is halted."""


class Wall:
    """Which minutes somebody works, by the wall clock alone."""

    def __init__(self, person: Person) -> None:
        self._zone, self._week, self._leave = ZoneInfo(person.time_zone), read_week(person.working_hours or {}), person.leave
        self._days: dict[date, frozenset[int]] = {}

    def worked(self, moment: datetime) -> bool:
        """Whether the minute that begins at `moment` is worked."""
        wall = moment.astimezone(self._zone)
        day = wall.date()
        if day not in self._days:
            self._days[day] = self._of(day)
        return wall.hour * 60 + wall.minute in self._days[day]

    def _of(self, day: date) -> frozenset[int]:
        kind = CHINA.kind(day)
        spans = self._week.make_up if kind is Kind.MAKE_UP else () if kind is Kind.HOLIDAY else self._week.days[day.weekday()]
        away = any(one.first <= day <= one.last for one in self._leave)
        return frozenset() if away else frozenset(minute for one in spans for minute in range(one.start, one.end))


def counted_due(wall: Wall, start: datetime, minutes: int, pauses: list[tuple[datetime, datetime]]) -> datetime:
    """When `minutes` are worked outside the halts: the end of the last of them."""
    moment, left = start, minutes
    while left:
        if wall.worked(moment) and not any(begin <= moment < end for begin, end in pauses):
            left -= 1
        moment += MINUTE
    return moment


@settings(max_examples=150, deadline=None)
@given(
    start=st.builds(lambda day, more: day + more * MINUTE, st.sampled_from(list(AROUND.values())), st.integers(0, 4000)),
    minutes=st.integers(1, 1500),
    week=weeks,
    zone=st.sampled_from(ZONES),
    leave=leaves,
    turns=halts,
)
def test_a_clock_ends_with_the_minute_that_counting_reaches(
    start: datetime, minutes: int, week: dict[str, Any], zone: str, leave: list[Leave], turns: list[tuple[int, int]]
) -> None:
    anna = an_engineer("anna", working_hours=week, time_zone=zone, leave=tuple(leave))
    if anna.away(start):
        return  # nobody is given work while away
    levels = ServiceLevels.model_validate({"by_priority": {"normal": {"delivery": minutes / 60}}})
    wall = Wall(anna)
    context = a_context(MANAGER, anna, now=start, policy=POLICY.model_copy(update={"service_levels": levels}))
    journey, pauses = Clocked(context), list[tuple[datetime, datetime]]()
    journey.submitted()
    for going, halted in turns:
        begin = journey.context.now + going * MINUTE
        if counted_due(wall, start, minutes, pauses) <= begin:
            break
        journey.changes(now=begin)
        assert journey.tells("pause", "manager", reason="等客户").refusal is None
        journey.changes(now=begin + halted * MINUTE)
        assert journey.tells("resume", "manager").refusal is None
        pauses.append((begin, begin + halted * MINUTE))
        TRIED["halts"] += 1
        TRIED["halts in which no minute is worked"] += not any(wall.worked(begin + one * MINUTE) for one in range(halted))
    found, expected = clock(journey, "delivery").due, counted_due(wall, start, minutes, pauses)
    assert abs(found - expected) < timedelta(seconds=1)
    TRIED["examples"] += 1
    TRIED["over a make-up workday"] += any(start.date() <= day <= found.date() for day in CHINA.make_up)
    TRIED["over a holiday"] += any(start.date() <= day <= found.date() for day in CHINA.off)
    TRIED["over leave"] += any(start.date() <= one.first <= found.date() for one in leave)
    TRIED["in a zone with summer time"] += zone in ZONES[1:4]
    TRIED["provisional"] += clock(journey, "delivery").provisional
