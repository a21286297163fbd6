"""Working time against a counter that looks at every minute, over holidays, make-up workdays, leave and changes of the clock."""

from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.calendar import FURTHEST, NoWorkingTimeError, WorkingTime, read_almanac, read_week
from shared.calendar.almanac import Kind
from shared.calendar.windows import WEEKDAYS, Week, Window
from shared.calendar.working_time import DAY, MOST_DAYS
from shared.schemas.people import Leave

OFFICE = read_week({day: ["09:00-12:00", "13:30-18:00"] for day in WEEKDAYS[:5]})
CHINA = read_almanac()
ZONES = ("Asia/Shanghai", "Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "UTC")
MINUTE = timedelta(minutes=1)


def office(zone: str = "Asia/Shanghai", leave: Iterable[Leave] = ()) -> WorkingTime:
    return WorkingTime(week=OFFICE, zone=zone, almanac=CHINA, leave=leave)


def shanghai(year: int, month: int, day: int, hour: int, minute: int = 0) -> datetime:
    return datetime(year, month, day, hour, minute, tzinfo=ZoneInfo("Asia/Shanghai"))


def test_an_afternoon_goes_on_in_the_next_morning_without_the_lunch_break() -> None:
    assert office().add(shanghai(2026, 11, 26, 11), timedelta(hours=2)) == shanghai(2026, 11, 26, 14, 30)
    assert office().add(shanghai(2026, 11, 26, 17), timedelta(hours=2)) == shanghai(2026, 11, 27, 10)


def test_a_friday_before_the_national_day_ends_after_it_and_the_make_up_sunday_counts() -> None:
    assert office().add(shanghai(2026, 9, 30, 17), timedelta(hours=2)) == shanghai(2026, 10, 8, 10)
    assert office().working(shanghai(2026, 9, 20, 10)), "a Sunday that is worked"
    assert not office().working(shanghai(2026, 10, 5, 10)), "a Monday that is off"
    assert office().between(shanghai(2026, 9, 19, 0), shanghai(2026, 9, 21, 0)) == timedelta(hours=7.5)


def test_what_touches_a_year_without_a_notice_is_provisional() -> None:
    assert not office().provisional(shanghai(2026, 11, 26, 9), shanghai(2026, 12, 28, 18))
    assert office().provisional(shanghai(2026, 11, 26, 9), shanghai(2026, 12, 29, 9)), "its notice may change these days too"
    assert office().provisional(shanghai(2026, 12, 31, 9), shanghai(2027, 1, 4, 9))


def test_whoever_is_away_works_nothing() -> None:
    away = [Leave(first=date(2026, 11, 26), last=date(2026, 11, 27))]
    assert office(leave=away).add(shanghai(2026, 11, 25, 17), timedelta(hours=2)) == shanghai(2026, 11, 30, 10)
    assert office(leave=away).next_working(shanghai(2026, 11, 26, 10)) == shanghai(2026, 11, 30, 9)


@pytest.mark.parametrize("ask", [lambda never: never.add, lambda never: never.subtract])
def test_a_week_without_hours_is_said_to_have_none(ask: object) -> None:
    never = WorkingTime(week=read_week({}), zone="Asia/Shanghai", almanac=CHINA)
    with pytest.raises(NoWorkingTimeError, match="ten years"):
        ask(never)(shanghai(2026, 11, 26, 9), MINUTE)  # type: ignore[operator]


@pytest.mark.parametrize("end", ["9999-12-31T23:59:59+00:00", "9999-12-31T23:59:59-12:00", "9999-12-31T00:00:00+08:00"])
def test_of_more_than_ten_years_the_first_ten_are_counted_and_few_days_are_kept(end: str) -> None:
    time, start = office(), shanghai(2026, 11, 26, 9)
    counted = time.between(start, start + FURTHEST * DAY)
    assert time.between(start, datetime.fromisoformat(end)) == counted > timedelta(hours=19_000)
    first = datetime.fromisoformat("0001-01-02T00:00:00+00:00")
    assert time.between(start, first) == -time.between(first, first + FURTHEST * DAY)
    assert len(time._known) <= MOST_DAYS
    assert time.between(start, start + FURTHEST * DAY) == counted, "what was dropped is reckoned again"


def test_a_negative_duration_is_refused() -> None:
    with pytest.raises(ValueError, match="subtract"):
        office().add(shanghai(2026, 11, 26, 9), -MINUTE)


windows = st.lists(st.integers(0, 48), min_size=0, max_size=6, unique=True).map(
    lambda cuts: tuple(
        Window(start=30 * start, end=30 * end) for start, end in zip(sorted(cuts)[::2], sorted(cuts)[1::2], strict=False)
    )
)
weeks = st.builds(Week, days=st.tuples(*[windows] * 7), make_up=windows)
moments = st.integers(0, 4 * 365 * 24 * 60).map(lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + minutes * MINUTE)
before_changes = st.sampled_from([(3, 28, 12), (4, 4, 8), (10, 3, 8), (10, 24, 12), (10, 31, 20)]).map(
    lambda day: datetime(2026, *day, tzinfo=UTC)
)
starts = st.one_of(moments, st.builds(lambda day, more: day + more * MINUTE, before_changes, st.integers(0, 2000)))
leaves = st.lists(
    st.builds(
        lambda first, days: Leave(first=first, last=first + timedelta(days=days)),
        st.dates(date(2026, 1, 1), date(2026, 12, 1)),
        st.integers(0, 9),
    ),
    max_size=3,
)


def counted(week: Week, zone: str, leave: list[Leave], start: datetime, minutes: int) -> list[bool]:
    """For each minute from `start` on whether it is worked, by the wall clock alone."""
    found = []
    for number in range(minutes):
        wall = (start + number * MINUTE).astimezone(ZoneInfo(zone))
        day, kind = wall.date(), CHINA.kind(wall.date())
        hours = week.make_up if kind is Kind.MAKE_UP else () if kind is Kind.HOLIDAY else week.days[day.weekday()]
        away = any(one.first <= day <= one.last for one in leave)
        found.append(not away and any(one.start <= wall.hour * 60 + wall.minute < one.end for one in hours))
    return found


@given(week=weeks, zone=st.sampled_from(ZONES), leave=leaves, start=starts, minutes=st.integers(0, 4000))
def test_between_is_what_counting_every_minute_gives(
    week: Week, zone: str, leave: list[Leave], start: datetime, minutes: int
) -> None:
    time = WorkingTime(week=week, zone=zone, almanac=CHINA, leave=leave)
    expected = sum(counted(week, zone, leave, start, minutes)) * MINUTE
    assert time.between(start, start + minutes * MINUTE) == expected
    assert time.between(start + minutes * MINUTE, start) == -expected


@given(week=weeks, zone=st.sampled_from(ZONES), leave=leaves, start=starts, wanted=st.integers(1, 600))
def test_add_ends_with_the_minute_that_counting_reaches(
    week: Week, zone: str, leave: list[Leave], start: datetime, wanted: int
) -> None:
    worked = [number for number, works in enumerate(counted(week, zone, leave, start, 4000)) if works]
    if len(worked) < wanted:
        return
    time = WorkingTime(week=week, zone=zone, almanac=CHINA, leave=leave)
    end = time.add(start, wanted * MINUTE)
    assert end == start + (worked[wanted - 1] + 1) * MINUTE
    assert time.next_working(start) == start + worked[0] * MINUTE
    assert time.working(start) == (worked[0] == 0)
    assert time.between(time.subtract(end, wanted * MINUTE), end) == wanted * MINUTE
    assert time.subtract(end, wanted * MINUTE) >= start
