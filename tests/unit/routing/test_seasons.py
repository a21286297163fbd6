"""Seasons are declared by those who may, never two of a unit at once; each is said to begin and to end, once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.routing.domain.seasons.ageing import Queued, in_order
from services.routing.domain.seasons.deciding import SeasonDomain
from services.routing.domain.seasons.rules import Ageing
from shared.schemas.seasons import SeasonBegan, SeasonChanged, SeasonEnded, SeasonFigures
from tests.unit.routing.routing_build import NOW
from tests.unit.routing.season_build import BUSY, DAY, Book, a_season, moment


def code(book: Book, **data: Any) -> str | None:
    decision = book.declares(**data)
    assert decision.refusal is None or not decision.facts
    return decision.refusal.code if decision.refusal else None


def test_a_season_is_declared_with_the_policys_figures_begins_and_ends_by_itself():
    book = Book()
    book.declares()
    (season,) = book.state.seasons
    assert season.figures == book.context.rules.figures
    assert SeasonDomain().wake_at(book.state) == season.starts
    assert book.wakes(season.starts - timedelta(seconds=1)).facts == ()
    book.wakes(season.starts)
    assert SeasonDomain().wake_at(book.state) == season.ends
    book.wakes(season.ends)
    assert SeasonDomain().wake_at(book.state) is None
    assert book.kinds == ["SeasonDeclared", "SeasonBegan", "SeasonEnded"]
    assert book.wakes(season.ends + DAY).facts == (), "said once"


def test_what_begins_and_ends_while_nobody_is_there_is_said_all_the_same_in_its_order():
    book = Book()
    book.declares()
    book.declares(id="S2", business_unit="south", by="chief", **{"from": moment(NOW + 2 * DAY), "to": moment(NOW + 3 * DAY)})
    book.wakes(NOW + 60 * DAY)
    due = [(type(fact).__name__, fact.season.id) for fact in book.said if isinstance(fact, SeasonBegan | SeasonEnded)]
    assert due == [("SeasonBegan", "S1"), ("SeasonBegan", "S2"), ("SeasonEnded", "S2"), ("SeasonEnded", "S1")]


def test_who_leads_and_coordinates_in_the_units_concerned_is_told():
    book = Book()
    book.declares()
    book.declares(id="S2", business_unit=None, by="chief", **{"from": moment(NOW + 20 * DAY), "to": moment(NOW + 30 * DAY)})
    book.wakes(NOW + 21 * DAY)
    told = {fact.season.id: fact.told for fact in book.said if isinstance(fact, SeasonBegan)}
    assert told == {"S1": ("leader",), "S2": ("leader", "southern")}


def test_a_change_is_told_to_whoever_it_concerns_once_it_has_begun_and_before_that_to_nobody():
    book = Book()
    book.declares()
    book.tells("change", id="S1", figures={"cap_more": 3})
    book.wakes(NOW + 2 * DAY)
    book.tells("change", id="S1", figures={"cap_more": 4})
    assert [fact.told for fact in book.said if isinstance(fact, SeasonChanged)] == [(), ("leader",)]


def test_a_season_that_has_begun_already_begins_at_once():
    book = Book()
    book.declares(**{"from": moment(NOW - timedelta(minutes=30))})
    assert book.kinds == ["SeasonDeclared", "SeasonBegan"]


def test_dates_are_whole_days_in_the_units_zone():
    book = Book()
    book.declares(**{"from": "2027-03-02", "to": "2027-03-05"})
    (season,) = book.state.seasons
    assert season.starts == datetime(2027, 3, 1, 16, tzinfo=UTC)
    assert season.ends == datetime(2027, 3, 5, 16, tzinfo=UTC)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"to": moment(NOW + DAY)}, "ends_before_start"),
        ({"from": moment(NOW - 2 * DAY)}, "in_the_past"),
        ({"from": moment(NOW + 400 * DAY), "to": moment(NOW + 410 * DAY)}, "too_far_ahead"),
        ({"to": moment(NOW + 200 * DAY)}, "season_too_long"),
        ({"from": "2027-03-02T09:00:00"}, "bad_moment"),
        ({"to": "9999-12-31"}, "bad_moment"),
        ({"to": "soon"}, "bad_moment"),
        ({"business_unit": "north", "by": "chief"}, "no_such_unit"),
        ({"figures": {"cap_factor": 3.5}}, "bad_figure"),
        ({"figures": {"cap_factor": 0.5}}, "bad_figure"),
        ({"figures": {"cap_more": -1}}, "bad_figure"),
        ({"figures": {"lenders_keep": 21}}, "bad_figure"),
        ({"by": "asker"}, "not_seasonal"),
        ({"by": "southern"}, "not_seasonal"),
        ({"by": "nobody"}, "not_seasonal"),
        ({"business_unit": None}, "not_seasonal"),
        ({"business_unit": None, "by": "chief"}, None),
        ({"by": "service:operator"}, None),
    ],
)
def test_what_cannot_be_is_refused_and_changes_nothing(data: dict[str, Any], expected: str | None):
    book = Book()
    assert code(book, **data) == expected
    assert bool(book.state.seasons) == (expected is None)


@pytest.mark.parametrize(
    ("data", "meets"),
    [
        ({}, True),
        ({"business_unit": None, "by": "chief"}, True),
        ({"business_unit": "south", "by": "chief"}, False),
        ({"from": moment(NOW + 10 * DAY), "to": moment(NOW + 12 * DAY)}, False),
    ],
)
def test_two_seasons_of_a_unit_at_once_are_refused_naming_the_other(data: dict[str, Any], meets: bool):
    book = Book()
    book.declares()
    refusal = book.declares(**{"id": "S2", "name": "另一", **data}).refusal
    assert (refusal is not None) == meets
    if refusal is not None:
        assert refusal.code == "season_overlaps"
        assert "S1" in refusal.message.zh
        assert "S1" in refusal.message.en


@pytest.mark.parametrize("back", [timedelta(seconds=1), DAY, 3 * DAY])
def test_a_season_that_is_ended_when_the_clock_went_back_before_its_start_was_never_in_effect(back: timedelta):
    book = Book()
    book.declares()
    starts = book.state.seasons[0].starts
    book.wakes(starts + DAY)
    book.context = replace(book.context, now=starts - back)
    (ended,) = book.tells("end", id="S1").facts
    (season,) = book.state.seasons
    assert isinstance(ended, SeasonEnded)
    assert (ended.season.ends, season.ends, season.over) == (starts, starts, "ended")
    assert not any(season.in_effect(starts + after) for after in (-back, timedelta(0), DAY))
    assert book.wakes(starts + 20 * DAY).facts == (), "said once"


def test_a_season_is_changed_ended_early_or_withdrawn_before_it_begins():
    book = Book()
    book.declares()
    assert book.tells("end", id="S1").refusal.code == "season_not_begun"  # type: ignore[union-attr]
    book.tells("change", id="S1", to=moment(NOW + 5 * DAY), figures={"cap_more": 3}, reason="开标提前")
    (season,) = book.state.seasons
    assert (season.ends, season.figures.cap_more, season.figures.cap_factor) == (NOW + 5 * DAY, 3, 1.5)
    book.wakes(NOW + DAY)
    assert book.tells("withdraw", id="S1").refusal.code == "season_began"  # type: ignore[union-attr]
    moved = book.tells("change", id="S1", **{"from": moment(NOW + 2 * DAY)})
    assert moved.refusal is not None
    assert moved.refusal.code == "season_began"
    assert book.tells("change", "southern", id="S1", name="x").refusal.code == "not_seasonal"  # type: ignore[union-attr]
    book.wakes(NOW + 2 * DAY)
    book.tells("end", id="S1", reason="已开标")
    ended = book.said[-1]
    assert isinstance(ended, SeasonEnded)
    assert (ended.cause, ended.by, ended.season.ends) == ("person", "leader", NOW + 2 * DAY)
    assert book.tells("end", id="S1").refusal.code == "season_over"  # type: ignore[union-attr]
    assert book.tells("end", id="S9").refusal.code == "unknown_season"  # type: ignore[union-attr]
    book.wakes(NOW + 60 * DAY)
    assert book.kinds.count("SeasonEnded") == 1
    assert code(book, id="S2", **{"from": moment(NOW + 61 * DAY), "to": moment(NOW + 62 * DAY)}) is None
    book.tells("withdraw", id="S2")
    assert book.kinds[-1] == "SeasonWithdrawn"
    assert code(book, id="S3", **{"from": moment(NOW + 61 * DAY), "to": moment(NOW + 62 * DAY)}) is None


def test_a_wish_that_comes_late_is_judged_by_what_is_and_what_was_due_is_said_first():
    book = Book()
    book.declares()
    book.context = book.context.__class__(now=NOW + 3 * DAY, directory=book.context.directory, rules=book.context.rules)
    book.tells("end", id="S1")
    assert book.kinds == ["SeasonDeclared", "SeasonBegan", "SeasonEnded"]


def test_a_season_shortened_to_what_has_passed_is_refused():
    book = Book()
    book.declares()
    book.wakes(NOW + 3 * DAY)
    refusal = book.tells("change", id="S1", to=moment(NOW + 2 * DAY)).refusal
    assert refusal is not None
    assert refusal.code == "ends_before_start"


@pytest.mark.parametrize(
    ("seats", "factor", "more", "cap"), [(8, 1.5, 0, 12), (3, 1.5, 0, 4), (10, 1.1, 0, 11), (8, 1.0, 2, 10), (0, 1.5, 3, 0)]
)
def test_places_in_season(seats: int, factor: float, more: int, cap: int):
    assert SeasonFigures(cap_factor=factor, cap_more=more).cap(seats) == cap


def queued(name: str, hours: float, **more: Any) -> Queued:
    return Queued(request=name, type="tech.bid", since=NOW - timedelta(hours=hours), **{"business_unit": "east", **more})


def test_in_season_the_urgent_and_those_needed_soon_come_first_and_who_waits_long_comes_before_both():
    queue = [
        queued("old", 40),
        queued("plain", 10),
        queued("urgent", 1, priority="urgent"),
        queued("soon", 1, needed_by=NOW + timedelta(hours=6)),
        queued("elsewhere", 2, business_unit="south", priority="urgent"),
    ]
    assert in_order(queue, [a_season(figures=BUSY)], NOW, Ageing()) == ["old", "urgent", "soon", "plain", "elsewhere"]
    assert in_order(queue, [], NOW, Ageing()) == ["old", "plain", "elsewhere", "soon", "urgent"]


def test_nobody_fills_the_entry_of_all_with_seasons_that_are_not_over():
    book = Book()
    most = book.context.rules.most_open
    for number in range(most):
        begins = NOW + (number + 1) * DAY
        assert code(book, id=f"S{number}", **{"from": moment(begins), "to": moment(begins + DAY / 2)}) is None
    late = {"from": moment(NOW + 300 * DAY), "to": moment(NOW + 301 * DAY)}
    assert code(book, id="S90", **late) == "too_many_seasons"
    assert code(book, id="S91", by="chief", business_unit="south", **late) is None, "another unit's are its own"
    book.tells("withdraw", id="S0")
    assert code(book, id="S92", **late) is None
