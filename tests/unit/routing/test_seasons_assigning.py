"""In season people have more places and other units lend theirs; records say so and can be worked out again; it reverts by itself."""

from dataclasses import replace

import pytest

from services.routing.domain import OpenLoad
from services.routing.domain.reproducing import reproduced, same
from shared.schemas.routing import DecisionRecord, SupportersAssigned
from shared.schemas.seasons import Season, SeasonFigures
from tests.unit.routing.routing_build import MANAGER, Journey, a_context, a_request, an_engineer
from tests.unit.routing.season_build import BUSY, DAY, a_season

ANNA = an_engineer("anna", seats=2)
SVEN = an_engineer("sven", unit="south", seats=8)
FULL = {"anna": OpenLoad(count=2)}


def submitted(*seasons: Season, loads: dict[str, OpenLoad] | None = None, **changes: object) -> Journey:
    journey = Journey(a_context(MANAGER, ANNA, SVEN, loads=FULL if loads is None else loads, seasons=seasons), **changes)
    journey.submitted()
    return journey


def record_of(journey: Journey) -> DecisionRecord:
    said = journey.said[-1]
    assert isinstance(said, SupportersAssigned)
    return said.decisions[-1]


def test_outside_of_a_season_who_is_full_is_full_and_nobody_is_borrowed():
    assert submitted().supporters == []
    assert submitted(a_season("south")).supporters == [], "another unit's season"


def test_in_season_somebody_has_more_places_and_the_record_says_so():
    journey = submitted(a_season())
    assert journey.supporters == ["anna"]
    (reservation,) = [one for one in journey.reserved if one.holder == "anna"]
    assert reservation.capacity == 3
    record = record_of(journey)
    assert record.season is not None
    assert record.season.figures == BUSY
    assert (record.candidates[0].inputs["seats"], record.candidates[0].inputs["cap"]) == (2, 3)
    assert "春标" in record.explanation.zh
    assert "3 places instead of 2" in record.explanation.en


def test_places_that_are_as_many_as_ever_are_not_told():
    record = record_of(submitted(a_season(figures=SeasonFigures(ageing=True)), loads={}))
    assert "按旺季“春标”的数值。" in record.explanation.zh
    assert "instead of" not in record.explanation.en


def test_who_is_full_in_season_too_is_helped_by_another_unit():
    journey = submitted(a_season(), loads={"anna": OpenLoad(count=3)})
    assert journey.supporters == ["sven"]
    record = record_of(journey)
    assert record.candidates[0].inputs["borrowed"] == 1.0
    assert "借调" in record.explanation.zh
    assert "south lends them" in record.explanation.en
    assert len(record.candidates) + sum(record.excluded.values()) == record.considered
    (reservation,) = [one for one in journey.reserved if one.holder == "sven"]
    assert reservation.capacity == 6, "two of eight places are kept for their own unit"


@pytest.mark.parametrize(("open_work", "taken"), [(5, ["sven"]), (6, [])])
def test_lenders_keep_places_for_their_own_unit(open_work: int, taken: list[str]):
    loads = {"anna": OpenLoad(count=3), "sven": OpenLoad(count=open_work)}
    assert submitted(a_season(), loads=loads).supporters == taken


def test_nobody_is_borrowed_where_the_season_does_not_say_so_or_nobody_of_ones_own_is_full():
    figures = SeasonFigures(cap_factor=1.5)
    assert submitted(a_season(figures=figures), loads={"anna": OpenLoad(count=3)}).supporters == []
    nobody = Journey(a_context(MANAGER, SVEN, seasons=(a_season(),)))
    nobody.submitted()
    assert nobody.supporters == [], "a unit without engineers of its own is not helped by a season"


def test_reviews_borrow_nobody():
    journey = submitted(a_season(), loads={"anna": OpenLoad(count=3)}, request=a_request("business.price"))
    assert "sven" not in journey.supporters


def test_it_reverts_by_itself():
    season = a_season()
    context = a_context(MANAGER, ANNA, SVEN, loads=FULL, seasons=(season,))
    before = replace(context, now=season.ends)
    assert context.cap("east", 8) == 12
    assert before.cap("east", 8) == 8
    journey = Journey(before)
    journey.submitted()
    assert journey.supporters == []
    assert replace(context, now=season.starts - DAY).cap("east", 8) == 8


def test_a_choice_in_season_is_worked_out_again_and_figures_that_were_changed_are_seen():
    record = record_of(submitted(a_season()))
    again = reproduced("R1", record)
    assert again is not None
    assert same(record, again)
    (best,) = record.candidates
    forged = best.model_copy(update={"inputs": {**best.inputs, "cap": 30.0}})
    changed = record.model_copy(update={"candidates": (forged,)})
    again = reproduced("R1", changed)
    assert again is not None
    assert not same(changed, again)


def test_a_record_read_back_from_json_is_worked_out_again():
    record = DecisionRecord.model_validate_json(
        record_of(submitted(a_season(), loads={"anna": OpenLoad(count=3)})).model_dump_json()
    )
    again = reproduced("R1", record)
    assert again is not None
    assert same(record, again)
