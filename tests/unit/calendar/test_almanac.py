"""Dated data of holidays: what it says, and what it refuses."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from shared.calendar import AlmanacError, Kind, WindowsError, read_almanac, read_week
from shared.schemas.model import Text

HEAD = "- {year: 2026, published: true, source: notice, holidays: ["


def test_each_kind_of_day() -> None:
    china = read_almanac()
    kinds = {day: china.kind(date.fromisoformat(day)) for day in ("2026-02-14", "2026-02-16", "2026-02-24", "2026-03-01")}
    assert list(kinds.values()) == [Kind.MAKE_UP, Kind.HOLIDAY, Kind.WORK, Kind.WEEKEND]
    assert china.name(date(2026, 2, 16)) == Text(zh="春节", en="Spring Festival")
    assert china.name(date(2026, 2, 24)) is None


def test_every_published_year_makes_up_on_weekends_for_weekdays_that_are_off() -> None:
    china = read_almanac()
    for year in sorted(china.published):
        made_up = [day for day in china.make_up if day.year == year]
        weekdays_off = [day for day in china.off if day.year == year and day.weekday() < 5]
        assert 0 < len(made_up) < len(weekdays_off), year


def test_a_unit_has_days_of_its_own() -> None:
    founding, sunday, holiday = date(2026, 11, 27), date(2026, 11, 29), date(2026, 10, 5)
    own = read_almanac().overlaid(off={founding: Text(zh="司庆", en="Company day")}, worked=[sunday, holiday])
    assert [own.kind(day) for day in (founding, sunday, holiday)] == [Kind.HOLIDAY, Kind.MAKE_UP, Kind.WORK]
    assert own.version != read_almanac().version
    with pytest.raises(AlmanacError, match="both off and worked"):
        read_almanac().overlaid(off={founding: Text(zh="司庆", en="Company day")}, worked=[founding])


def test_the_last_days_of_a_year_are_provisional_until_the_next_years_notice_is_out() -> None:
    china = read_almanac()
    assert not china.provisional(date(2026, 12, 1), date(2026, 12, 28))
    assert china.provisional(date(2026, 12, 28), date(2026, 12, 29))
    assert china.provisional(date(2026, 12, 31), date(2026, 12, 31))
    assert not china.provisional(date(2025, 12, 29), date(2025, 12, 31)), "the notice for 2026 is out"
    out = replace(china, published=china.published | {2027})
    assert not out.provisional(date(2026, 12, 28), date(2026, 12, 31))
    own = china.overlaid(off={date(2026, 11, 27): Text(zh="司庆", en="Company day")}, worked=[])
    assert own.provisional(date(2026, 12, 29), date(2026, 12, 29)), "a unit's own days settle nothing"
    assert china.version != replace(china, open_from={}).version


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "no list of years"),
        ("- [", "cannot be read"),
        ("- {year: 2026}", "published"),
        (f"{HEAD}], make_up: [2026-10-10], more: 1}}", "more"),
        (f"{HEAD}], make_up: [], open_from: 2027-12-29}}", "name a day of 2026"),
        (f"{HEAD}], make_up: [2026-10-10, 2026-10-10]}}", "make-up workday twice"),
        (f"{HEAD}], make_up: [2026-10-12]}}", "no weekend day"),
        (f"{HEAD}{{zh: 甲, en: A, first: 2026-10-03, last: 2026-10-01}}], make_up: []}}", "ends before it begins"),
        (f"{HEAD}{{zh: 甲, en: A, first: 2027-10-01, last: 2027-10-01}}], make_up: []}}", "another year"),
        (f"{HEAD}{{zh: 甲, en: A, first: 2026-10-10, last: 2026-10-11}}], make_up: [2026-10-10]}}", "day off and a make-up"),
        (
            f"{HEAD}{{zh: 甲, en: A, first: 2026-10-01, last: 2026-10-03}}, {{zh: 乙, en: B, first: 2026-10-03, last: 2026-10-04}}], make_up: []}}",
            "day off twice",
        ),
        (f"{HEAD}], make_up: []}}\n{HEAD}], make_up: []}}", "2026 twice"),
    ],
)
def test_data_that_contradict_themselves_are_refused(tmp_path: Path, content: str, said: str) -> None:
    file = tmp_path / "days.yaml"
    file.write_text(content, encoding="utf-8")
    with pytest.raises(AlmanacError, match=said):
        read_almanac(file)


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        ({"monday": ["09:00-12:00"]}, "no weekday"),
        ({"mon": ["9-12"]}, "no span of hours"),
        ({"mon": ["12:00-09:00"]}, "does not end after it begins"),
        ({"mon": ["09:00-24:30"]}, "by 24:00"),
        ({"mon": ["09:70-12:00"]}, "does not end"),
        ({"mon": ["09:00-12:00", "11:00-13:00"]}, "overlap"),
        ({"mon": "09:00-12:00"}, "must be a list"),
    ],
)
def test_hours_that_cannot_be_worked_are_refused(hours: dict[str, list[str]], said: str) -> None:
    with pytest.raises(WindowsError, match=said):
        read_week(hours)


def test_make_up_workdays_have_mondays_hours_unless_they_have_their_own() -> None:
    assert read_week({"mon": ["09:00-12:00"]}).make_up == read_week({"mon": ["09:00-12:00"]}).days[0]
    assert read_week({"mon": ["09:00-12:00"], "make_up": ["10:00-11:00"]}).make_up[0].start == 600
