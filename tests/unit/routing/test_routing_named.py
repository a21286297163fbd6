"""Whoever has a seat without a ranking has a record too: who was named or stands in, by whom and why; and it gives itself again."""

import pytest

from services.routing.domain.reproducing import reproduced, same
from shared.schemas.routing import CoordinationHandedOver, DecisionRecord, SupportHandedOver
from tests.unit.routing.routing_build import AWAY, MANAGER, NOW, Journey, a_context, a_person, a_request, an_assigned, an_engineer
from tests.unit.routing.states import ANNA, BEN

CARL = an_engineer("carl", skills={"analysis": 3})
DEPUTY = a_person("deputy", "presales_manager")


def an_assignment() -> Journey:
    journey = an_assigned(ANNA)
    journey.changes(people=(MANAGER, ANNA, BEN, CARL, DEPUTY))
    return journey


def of(journey: Journey, person: str) -> DecisionRecord:
    (record,) = (one for one in journey.state.decisions if one.chosen == (person,))
    return record


NAMED: dict[str, tuple[str, str, dict[str, object], str]] = {
    "handed over by the supporter": ("hand_over", "anna", {"person": "carl"}, "carl"),
    "handed over by the coordinator": ("hand_over", "manager", {"person": "carl", "holder": "anna"}, "carl"),
    "coordination": ("hand_over", "manager", {"person": "deputy"}, "deputy"),
    "added": ("add", "manager", {"person": "carl", "skill": "analysis"}, "carl"),
}


@pytest.mark.parametrize("case", NAMED)
def test_whoever_was_named_has_a_record_with_who_named_them_and_why(case: str):
    command, by, data, person = NAMED[case]
    journey = an_assignment()
    journey.tells(command, by, **data, reason="熟悉客户")
    record = of(journey, person)
    assert (record.chosen_by, record.at, record.considered, record.excluded) == (by, NOW, 1, {})
    (candidate,) = record.candidates
    assert candidate.person == person
    assert candidate.inputs
    assert candidate.total
    for said in (record.explanation.zh, record.explanation.en):
        assert by in said
        assert person in said
        assert "熟悉客户" in said


@pytest.mark.parametrize("case", NAMED)
def test_everybody_present_has_one_record_and_each_gives_itself_again(case: str):
    command, by, data, _ = NAMED[case]
    journey = an_assignment()
    journey.tells(command, by, **data, reason="x")
    assert sorted(one.chosen[0] for one in journey.state.decisions) == sorted([journey.coordinator or "", *journey.supporters])
    for record in journey.state.decisions:
        again = reproduced(journey.subject, DecisionRecord.model_validate_json(record.model_dump_json()))
        assert again is not None
        assert same(record, again)


def test_a_score_that_was_changed_is_seen_also_of_whoever_was_named():
    journey = an_assignment()
    journey.tells("hand_over", "anna", person="carl", reason="x")
    record = of(journey, "carl")
    changed = record.model_copy(update={"candidates": (record.candidates[0].model_copy(update={"total": 9.0}),)})
    again = reproduced(journey.subject, changed)
    assert again is not None
    assert not same(changed, again)


def test_who_stands_in_by_leave_has_a_record_that_says_for_whom():
    journey = an_assigned(ANNA)
    journey.changes(people=(MANAGER, an_engineer("anna", leave=AWAY, delegate="ben"), BEN))
    journey.wakes("away")
    record = of(journey, "ben")
    assert (record.chosen_by, record.candidates[0].stands_in_for) == ("policy", "anna")
    for said in (record.explanation.zh, record.explanation.en):
        assert "anna" in said
        assert "ben" in said
    again = reproduced(journey.subject, record)
    assert again is not None
    assert same(record, again)


# -- one person coordinates and supports


MARKETERS = tuple(a_person(name, "bu_marketing", seats=60) for name in ("k1", "k2", "k3"))


def away(name: str, **changes: object) -> tuple:
    return tuple(one.model_copy(update={"leave": AWAY, **changes}) if one.id == name else one for one in MARKETERS)


@pytest.mark.parametrize("subject", [f"R{number}" for number in range(12)])
@pytest.mark.parametrize("stands_in", [True, False])
def test_who_coordinates_and_supports_in_one_role_is_followed_by_one_person_in_both(subject: str, stands_in: bool):
    journey = Journey(a_context(*MARKETERS), a_request("market.visit"), subject=subject)
    journey.submitted()
    first = journey.coordinator or ""
    assert journey.supporters == [first]
    deputy = next(one.id for one in MARKETERS if one.id != first)
    journey.changes(people=away(first, **({"delegate": deputy} if stands_in else {})))
    assert {type(fact) for fact in journey.wakes("away").facts} == {SupportHandedOver, CoordinationHandedOver}
    assert journey.coordinator != first
    assert journey.supporters == [journey.coordinator]
    assert not stands_in or journey.coordinator == deputy
    assert [(one.step, one.chosen) for one in journey.state.decisions] == [
        ("coordinator", (journey.coordinator,)),
        ("supporter", (journey.coordinator,)),
    ]
