"""A unit's desk holds so many open entries and no more, however many come at once, and whatever becomes of the count."""

import asyncio

import pytest

from services.intake.desk.entries import Entry
from tests.component.intake.intake_site import MOST_OPEN, Site

pytestmark = pytest.mark.stack


def an_entry(name: str) -> Entry:
    return Entry(
        id=name,
        unit="harbour",
        kind="line",
        channel="batch",
        action="submit",
        at="2027-03-01T09:00:00+08:00",
        problem={"code": "bad_json"},
    )


async def test_however_many_come_at_once_no_more_are_kept(site: Site):
    many = [an_entry(f"e-{number}") for number in range(5 * MOST_OPEN)]
    kept = await asyncio.gather(*(site.shelf.put(one) for one in many))
    assert kept.count(True) == MOST_OPEN
    again = await asyncio.gather(*(site.shelf.put(one) for one in many))
    assert again == kept, "what lies there is kept already, and takes no second place"


async def test_a_count_in_between_forgets_nobody_who_is_just_being_kept(site: Site, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("services.intake.desk.shelf.COUNTED_SECONDS", -1.0)  # everybody counts
    many = [an_entry(f"e-{number}") for number in range(5 * MOST_OPEN)]
    kept = await asyncio.gather(*(site.shelf.put(one) for one in many))
    assert 0 < kept.count(True) <= MOST_OPEN


async def test_a_count_that_fails_fails_for_all_who_wait_for_it(site: Site, monkeypatch: pytest.MonkeyPatch):
    counted: list[str] = []

    async def away(unit: str) -> None:
        counted.append(unit)
        await asyncio.sleep(0.1)
        del site.shelf._counting[unit]
        raise ConnectionError("as told")

    monkeypatch.setattr(site.shelf, "_count", away)
    ends = await asyncio.gather(*(site.shelf.put(an_entry(f"e-{number}")) for number in range(5)), return_exceptions=True)
    assert [type(end) for end in ends] == [ConnectionError] * 5
    assert counted == ["harbour"]
