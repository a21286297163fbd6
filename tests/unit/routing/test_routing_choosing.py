"""Where the coordinator chooses: the ranking is offered, and only who is on it can be chosen."""

import pytest

from shared.schemas.people import Person
from shared.schemas.routing import (
    AssignmentWaiting,
)
from tests.unit.routing.routing_build import (
    AWAY,
    MANAGER,
    MARKETER,
    PACK,
    REVIEWERS,
    Journey,
    a_context,
    a_person,
    a_request,
    an_engineer,
    choosing_pack,
    kinds,
)
from tests.unit.routing.states import (
    choosing,
    code,
)


def offered(*people: Person, kind: str = "tech.survey", **changes: object) -> Journey:
    journey = Journey(a_context(MANAGER, MARKETER, *people, pack=choosing_pack(kind), **changes), a_request(kind))
    journey.submitted()
    return journey


def test_in_choosing_mode_the_ranking_is_offered_and_nobody_chosen():
    journey = offered(an_engineer("anna"), an_engineer("ben"))
    assert kinds(journey) == ["CoordinatorAssigned", "AssignmentWaiting"]
    offer = journey.said[-1]
    assert isinstance(offer, AssignmentWaiting)
    assert (offer.reason, journey.state.status) == ("coordinator_chooses", "choosing")
    assert {candidate.person for candidate in offer.decisions[0].candidates} == {"anna", "ben"}
    assert offer.decisions[0].chosen == ()


def test_a_coordinator_is_offered_twenty_where_a_choice_by_policy_records_ten():
    offer = offered(*(an_engineer(f"p{number}") for number in range(25))).said[-1]
    assert isinstance(offer, AssignmentWaiting)
    assert len(offer.decisions[0].candidates) == 20
    assert offer.decisions[0].excluded["ranked_lower"] == 5


def test_in_choosing_mode_with_nobody_to_choose_from_it_waits_like_any_other():
    journey = offered(an_engineer("anna", leave=AWAY))
    assert journey.state.status == "waiting"
    journey.changes(people=[MANAGER, an_engineer("anna")])
    journey.wakes()
    assert journey.state.status == "choosing"


def test_in_choosing_mode_there_is_nothing_to_choose_when_both_roles_are_one():
    journey = offered(kind="market.visit")
    assert (journey.state.status, journey.supporters) == ("assigned", ["marketer"])


@pytest.mark.parametrize(("unit", "status"), [("east", "choosing"), ("west", "assigned")])
def test_one_unit_may_choose_where_the_others_take_the_ranking(unit: str, status: str):
    kind = PACK.types["tech.survey"].model_copy(update={"mode_by_unit": {"east": "choose"}})
    pack = PACK.model_copy(update={"types": {**PACK.types, kind.key: kind}})
    people = [a_person(f"m-{unit}", "presales_manager", unit=unit), an_engineer(f"e-{unit}", unit=unit)]
    journey = Journey(a_context(*people, pack=pack), a_request("tech.survey", unit))
    journey.submitted()
    assert journey.state.status == status


def test_only_the_seats_that_the_details_ask_for_are_offered():
    journey = Journey(
        a_context(MARKETER, *REVIEWERS, pack=choosing_pack("market.executive_visit")),
        a_request("market.executive_visit", details={"executive": "bu_leader"}),
    )
    journey.submitted()
    assert [record.role for record in journey.state.decisions] == ["bu_marketing", "bu_leader"]


def test_the_coordinator_chooses_whoever_is_offered_and_the_record_says_by_whom():
    journey = choosing()
    journey.tells("choose", "manager", people=["ben"])
    assert (journey.supporters, journey.state.status) == (["ben"], "assigned")
    record = journey.state.decisions[-1]
    assert (record.chosen, record.chosen_by, len(record.candidates)) == (("ben",), "manager", 2)
    assert [r.holder for r in journey.reserved] == ["manager", "ben"]


@pytest.mark.parametrize("people", [None, [], "anna", 7, ["nobody"], ["anna", "ben"], [["anna"]], [None], {"anna": 1}])
def test_a_choice_that_was_not_offered_is_refused(people: object):
    decision = choosing().tells("choose", "manager", people=people)
    assert decision.refusal is not None
    assert (decision.refusal.code, decision.refusal.status) == ("not_offered", 422)


def test_for_several_seats_one_different_person_each_in_their_order():
    people = (
        MANAGER,
        an_engineer("w", skills={"writing": 3, "bidding": 1}),
        an_engineer("b", skills={"bidding": 3, "writing": 1}),
    )
    journey = Journey(a_context(*people, pack=choosing_pack("tech.bid")), a_request("tech.bid"))
    journey.submitted()
    assert code(journey.tells("choose", "manager", people=["b", "b"])) == "not_offered"
    journey.tells("choose", "manager", people=["b", "w"])
    assert [(seat.person, seat.skill) for seat in journey.state.supporters] == [("b", "bidding"), ("w", "writing")]


def test_somebody_who_has_become_full_meanwhile_can_no_longer_be_chosen():
    from services.routing.domain import OpenLoad

    journey = choosing()
    journey.changes(loads={"ben": OpenLoad(count=8)})
    assert code(journey.tells("choose", "manager", people=["ben"])) == "not_offered"
    assert code(journey.tells("choose", "manager", people=["anna"])) is None


def test_after_a_chosen_supporter_declines_the_coordinator_chooses_again():
    journey = choosing()
    journey.tells("choose", "manager", people=["ben"])
    journey.tells("decline", "ben", reason="出差")
    assert journey.state.status == "choosing"
    assert [candidate.person for candidate in journey.state.decisions[-1].candidates] == ["anna"]
