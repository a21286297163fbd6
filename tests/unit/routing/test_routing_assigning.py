"""A submitted request gets its coordinator and supporters in one decision, or waits and says why."""

import pytest

from services.routing.domain import OpenLoad, RoutingDomain
from services.routing.domain.ticking import NO_CLOCKS
from shared.ledger.messages import NOTHING
from shared.schemas.intake import RequestSubmitted
from shared.schemas.people import Person
from shared.schemas.routing import AssignmentWaiting, CoordinatorAssigned, SupportersAssigned
from tests.unit.routing.routing_build import (
    ACCEPTED,
    AWAY,
    MANAGER,
    MARKETER,
    PACK,
    REVIEWERS,
    Journey,
    a_context,
    a_person,
    a_request,
    an_assigned,
    an_engineer,
    asked_by,
    kinds,
)


def submitted(*people: Person, kind: str = "tech.survey", unit: str = "east", **changes: object) -> Journey:
    journey = Journey(a_context(*people), a_request(kind, unit, **changes))
    journey.submitted()
    return journey


# -- the two steps


def test_coordinator_and_supporter_are_assigned_in_one_decision():
    journey = an_assigned(an_engineer("anna"))
    assert kinds(journey) == ["CoordinatorAssigned", "SupportersAssigned"]
    assert (journey.coordinator, journey.supporters, journey.state.status) == ("manager", ["anna"], "assigned")


def test_a_place_is_reserved_for_each_of_them_coordinating_being_the_lighter():
    journey = an_assigned(an_engineer("anna", seats=3))
    effort = PACK.types["tech.survey"].effort
    assert {(r.holder, r.capacity, r.weight) for r in journey.reserved} == {("anna", 3, effort), ("manager", 60, effort / 4)}


def test_the_record_of_each_choice_is_part_of_the_event_and_of_the_state():
    journey = an_assigned(an_engineer("anna"))
    assert [(record.step, record.role, record.chosen) for record in journey.state.decisions] == [
        ("coordinator", "presales_manager", ("manager",)),
        ("supporter", "presales_engineer", ("anna",)),
    ]


def test_hearing_the_same_submission_again_says_nothing_new():
    journey = an_assigned()
    decision = journey.again(RequestSubmitted(request=journey.request, verdict=ACCEPTED, policy=PACK.pin))
    assert decision == NOTHING
    assert journey.state.status == "assigned"


@pytest.mark.parametrize("kind", ["market.event", "market.visit"])
def test_when_both_roles_are_one_the_same_person_does_it_in_one_step_with_one_place(kind: str):
    journey = submitted(MARKETER, a_person("second", "bu_marketing"), kind=kind)
    assert kinds(journey) == ["CoordinatorAssigned", "SupportersAssigned"]
    assert journey.supporters == [journey.coordinator]
    assert [(r.holder, r.weight) for r in journey.reserved] == [(journey.coordinator, PACK.types[kind].effort)]
    assert [record.step for record in journey.state.decisions] == ["coordinator", "supporter"]


# -- roles relative to the unit


def test_marketing_is_that_of_the_requests_own_unit():
    journey = submitted(
        a_person("south", "bu_marketing", unit="south"),
        MARKETER,
        a_person("p", "product_manager", skills={"product": 1}),
        kind="tools.company",
    )
    assert journey.coordinator == "marketer"


def test_anybody_may_file_for_another_unit_and_that_unit_coordinates():
    people = (
        a_person("south", "bu_marketing", unit="south"),
        MARKETER,
        a_person("p", "product_manager", unit="south", skills={"product": 1}),
    )
    journey = submitted(*people, kind="tools.company", unit="south")
    assert journey.coordinator == "south"


@pytest.mark.parametrize("kind", ["tools.company", "market.event", "market.visit"])
def test_at_headquarters_corporate_marketing_takes_marketings_place(kind: str):
    people = (
        a_person("corporate", "corporate_marketing", unit="headquarters"),
        a_person("p", "product_manager", unit="headquarters", skills={"product": 1}),
    )
    journey = submitted(MARKETER, *people, kind=kind, unit="headquarters")
    assert (journey.coordinator, journey.state.status) == ("corporate", "assigned")


@pytest.mark.parametrize("unit", ["west", "overseas"])
def test_a_unit_without_a_test_manager_is_served_by_headquarters(unit: str):
    people = (a_person("tm", "test_manager", unit="headquarters"), a_person("te", "test_engineer", unit=unit))
    journey = submitted(*people, kind="tech.test", unit=unit)
    assert (journey.coordinator, journey.supporters) == ("tm", ["te"])


# -- several supporters


def test_a_bid_gets_several_people_by_different_skills():
    writer = an_engineer("writer", skills={"writing": 3})
    bidder = an_engineer("bidder", skills={"bidding": 3, "writing": 1})
    journey = submitted(MANAGER, writer, bidder, kind="tech.bid")
    assert {(seat.person, seat.skill) for seat in journey.state.supporters} == {("bidder", "bidding"), ("writer", "writing")}


def test_one_person_with_both_skills_does_not_take_both_seats_of_a_bid():
    journey = submitted(MANAGER, an_engineer("both", skills={"writing": 3, "bidding": 3}), kind="tech.bid")
    assert journey.state.status == "waiting"
    assert journey.state.supporters == ()
    assert journey.state.decisions[-1].excluded["declined_or_seated"] == 1


def test_a_review_gets_each_department_and_each_leader():
    journey = submitted(MARKETER, *REVIEWERS, kind="business.contract", details={"kind": "sales"})
    assert {(seat.person, seat.role, seat.department) for seat in journey.state.supporters} == {
        ("finance", "department_reviewer", "finance"),
        ("legal", "department_reviewer", "legal"),
        ("technical", "department_reviewer", "technical"),
        ("delivery", "department_reviewer", "delivery"),
        ("leader", "bu_leader", None),
        ("chief", "company_leader", None),
    }


def test_one_person_standing_in_for_two_reviewers_has_one_seat_and_the_other_waits():
    away = [person.model_copy(update={"leave": AWAY, "delegate": "deputy"}) for person in REVIEWERS[:2]]
    journey = submitted(MARKETER, *away, *REVIEWERS[2:], a_person("deputy", "sales_manager"), kind="business.price")
    assert journey.state.status == "waiting"


@pytest.mark.parametrize(
    ("executive", "expected"),
    [("bu_leader", {"leader"}), ("company_leader", {"chief"}), (["bu_leader", "company_leader"], {"leader", "chief"})],
)
def test_an_executive_visit_gets_the_executives_it_asks_for(executive: object, expected: set[str]):
    journey = submitted(MARKETER, *REVIEWERS, kind="market.executive_visit", details={"executive": executive})
    assert set(journey.supporters) == expected


def test_work_within_one_decision_counts_towards_the_next_seat_of_it():
    people = (
        an_engineer("both", skills={"writing": 3, "bidding": 3}),
        an_engineer("b2", skills={"bidding": 3}),
        an_engineer("w2", skills={"writing": 3}),
    )
    journey = submitted(MANAGER, *people, kind="tech.bid")
    assert len(set(journey.supporters)) == 2


# -- own requests (catalogue, decision 5)


def test_the_only_marketing_person_of_a_unit_may_do_their_own_marketing_and_the_record_says_so():
    journey = submitted(MARKETER, kind="market.visit", requester=asked_by("marketer"))
    assert (journey.coordinator, journey.supporters) == ("marketer", ["marketer"])
    assert "申请人本人" in journey.state.decisions[0].explanation.zh


def test_with_a_colleague_there_the_requester_does_not_coordinate():
    journey = submitted(MARKETER, a_person("colleague", "bu_marketing"), kind="market.visit", requester=asked_by("marketer"))
    assert journey.coordinator == "colleague"


def test_nobody_coordinates_the_review_they_asked_for():
    journey = submitted(MARKETER, *REVIEWERS, kind="business.price", requester=asked_by("marketer"))
    assert (journey.coordinator, journey.state.status) == (None, "waiting")
    assert journey.state.decisions[-1].excluded["requester"] == 1


# -- nobody fits


def test_without_a_coordinator_the_request_waits_for_one():
    journey = submitted(an_engineer("anna"))
    (waiting,) = journey.said
    assert isinstance(waiting, AssignmentWaiting)
    assert (waiting.step, waiting.reason) == ("coordinator", "nobody_fits")
    assert journey.reserved == []


def test_without_a_supporter_the_coordinator_is_assigned_and_the_request_waits():
    journey = submitted(MANAGER, an_engineer("anna", leave=AWAY))
    assert kinds(journey) == ["CoordinatorAssigned", "AssignmentWaiting"]
    assert (journey.coordinator, journey.state.status) == ("manager", "waiting")
    assert journey.state.decisions[-1].excluded["on_leave"] == 1
    assert [r.holder for r in journey.reserved] == ["manager"]


def test_nobody_is_held_while_another_seat_of_the_request_is_vacant():
    journey = submitted(MANAGER, an_engineer("bidder", skills={"bidding": 3}), kind="tech.bid")
    assert [r.holder for r in journey.reserved] == ["manager"]
    assert all(record.chosen == () for record in journey.state.decisions if record.step == "supporter")


def test_woken_without_any_change_it_says_nothing():
    journey = submitted(MANAGER, an_engineer("anna", leave=AWAY))
    assert journey.wakes() == NOTHING
    assert journey.wakes("due") == NOTHING


def test_woken_when_the_reasons_have_changed_it_says_so_once():
    journey = submitted(MANAGER, an_engineer("anna", leave=AWAY))
    journey.changes(people=[MANAGER, an_engineer("anna", seats=1)], loads={"anna": OpenLoad(count=1)})
    assert [type(fact) for fact in journey.wakes().facts] == [AssignmentWaiting]
    assert journey.wakes() == NOTHING


@pytest.mark.parametrize("reason", ["people_changed", "seat_freed", "due"])
def test_woken_when_somebody_fits_it_is_assigned(reason: str):
    journey = submitted(MANAGER, an_engineer("anna", leave=AWAY))
    journey.changes(people=[MANAGER, an_engineer("anna")])
    assert [type(fact) for fact in journey.wakes(reason).facts] == [SupportersAssigned]
    assert (journey.supporters, journey.state.status, journey.state.waiting_since) == (["anna"], "assigned", None)
    assert journey.wakes(reason) == NOTHING


def test_a_freed_seat_ends_the_wait():
    journey = Journey(a_context(MANAGER, an_engineer("anna", seats=1), loads={"anna": OpenLoad(count=1, weight=2)}))
    journey.submitted()
    assert journey.state.decisions[-1].excluded["full"] == 1
    journey.changes(loads={})
    journey.wakes("seat_freed")
    assert journey.supporters == ["anna"]


def test_it_has_waited_since_it_was_submitted_however_often_it_is_tried():
    journey = submitted(MANAGER)
    since = journey.state.waiting_since
    journey.changes(people=[MANAGER, an_engineer("anna", leave=AWAY)])
    journey.wakes()
    assert journey.state.waiting_since == since


def test_a_coordinator_found_later_completes_the_two_steps():
    journey = submitted(an_engineer("anna"))
    journey.changes(people=[MANAGER, an_engineer("anna")])
    assert [type(fact) for fact in journey.wakes().facts] == [CoordinatorAssigned, SupportersAssigned]


@pytest.mark.parametrize("withdrawn", [True, False])
def test_requests_that_do_not_wait_are_not_woken(withdrawn: bool):
    journey = an_assigned()
    if withdrawn:
        journey.withdrawn()
    assert journey.wakes() == NOTHING


def test_waiting_has_no_timer_but_its_clock():
    state = submitted(MANAGER).state
    assert RoutingDomain().wake_at(state) == state.clocks.next_at
    assert RoutingDomain().wake_at(state.model_copy(update={"clocks": NO_CLOCKS})) is None


# -- the policy


def test_a_request_whose_policy_is_not_installed_is_never_decided_under_another():
    journey = Journey(a_context(MANAGER, an_engineer("anna"), pack=PACK.model_copy(update={"version": "2.0.0"})))
    with pytest.raises(Exception, match="is not installed"):
        journey.submitted()


def test_a_policy_of_the_same_version_with_other_content_is_another():
    journey = Journey(a_context(MANAGER, an_engineer("anna"), pack=PACK.model_copy(update={"hash": "other"})))
    with pytest.raises(Exception, match="is not installed"):
        journey.submitted()


@pytest.mark.parametrize(
    ("contract", "asked"), [("sales", {"finance", "legal", "technical", "delivery"}), ("agency", {"finance", "legal"})]
)
def test_which_departments_review_a_contract_depends_on_its_kind(contract: str, asked: set[str]):
    journey = submitted(MARKETER, *REVIEWERS, kind="business.contract", details={"kind": contract})
    assert {seat.department for seat in journey.state.supporters if seat.department} == asked
