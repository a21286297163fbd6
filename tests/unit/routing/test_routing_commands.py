"""Every command in every state: done by the right person, refused to others, harmless when repeated."""

import pytest

from services.routing.domain.life import ALLOWED, allowed
from shared.schemas.routing import (
    AssignmentWaiting,
    CoordinatorAssigned,
    SupportersAssigned,
    WorkAccepted,
    WorkCommand,
    WorkCompleted,
    WorkDeclined,
)
from shared.schemas.status import WorkStatus
from tests.unit.routing.routing_build import (
    MANAGER,
    MARKETER,
    Journey,
    a_context,
    a_person,
    a_request,
    an_assigned,
    an_engineer,
)
from tests.unit.routing.states import (
    ANNA,
    BEN,
    DATA,
    STATES,
    assigned,
    code,
    completed,
    working,
)

OF_THE_REQUESTER = {"confirm", "reopen", "escalate"}

# -- the table


@pytest.mark.parametrize("status", list(STATES))
def test_each_builder_makes_the_state_it_is_named_after(status: str):
    assert STATES[status]().state.status == status


@pytest.mark.parametrize("status", list(STATES))
@pytest.mark.parametrize("command", list(DATA))
def test_a_command_out_of_its_states_is_refused_with_the_present_status(status: WorkStatus, command: WorkCommand):
    for by in ("anna", "manager"):
        journey = STATES[status]()
        fitting = allowed(command, status, staffed=bool(journey.supporters))
        decision = journey.tells(command, by, **DATA[command])
        if fitting:
            assert code(decision) != "out_of_state"
        else:
            assert decision.refusal is not None
            assert (decision.refusal.code, decision.refusal.status, decision.facts) == ("out_of_state", 409, ())
            assert status in decision.refusal.message.zh
            assert status in decision.refusal.message.en


@pytest.mark.parametrize(
    ("status", "command", "by", "facts"),
    [
        ("waiting", "decline", "manager", [WorkDeclined, AssignmentWaiting]),
        ("choosing", "decline", "manager", [WorkDeclined, AssignmentWaiting]),
        ("choosing", "choose", "manager", [SupportersAssigned]),
        ("assigned", "accept", "anna", [WorkAccepted]),
        ("assigned", "decline", "anna", [WorkDeclined, AssignmentWaiting]),
        ("assigned", "decline", "manager", [WorkDeclined, AssignmentWaiting]),
        ("working", "accept", "anna", []),
        ("working", "decline", "anna", [WorkDeclined, AssignmentWaiting]),
        ("working", "complete", "anna", [WorkCompleted]),
    ],
)
def test_a_command_in_its_state_by_the_right_person_is_done(status: str, command: str, by: str, facts: list[type]):
    decision = STATES[status]().tells(command, by, **DATA[command])
    assert decision.refusal is None
    assert [type(fact) for fact in decision.facts] == facts


@pytest.mark.parametrize(("status", "command"), [(s, c) for c in DATA for s in sorted(ALLOWED[c]) if c not in OF_THE_REQUESTER])
def test_a_command_by_anybody_else_is_refused(status: WorkStatus, command: WorkCommand):
    fitting = allowed(command, status, staffed=bool(STATES[status]().supporters))
    for by, expected in (("asker", 403 if fitting else 409), ("", 404), ("nobody", 404)):
        decision = STATES[status]().tells(command, by, **DATA[command])
        assert decision.refusal is not None
        assert decision.refusal.status == expected


@pytest.mark.parametrize(
    ("status", "command", "by", "second"),
    [
        ("choosing", "choose", "manager", "out_of_state"),
        ("assigned", "accept", "anna", None),
        ("assigned", "decline", "anna", "not_yours"),
        ("working", "complete", "anna", "out_of_state"),
    ],
)
def test_a_command_told_twice_under_two_ids_changes_nothing_more(status: str, command: str, by: str, second: str | None):
    journey = STATES[status]()
    journey.tells(command, by, **DATA[command])
    before = journey.state
    decision = journey.tells(command, by, **DATA[command])
    assert (code(decision), decision.facts, journey.state) == (second, (), before)


@pytest.mark.parametrize("command", list(DATA))
def test_a_request_that_was_never_submitted_is_unknown(command: str):
    decision = Journey(a_context(MANAGER)).tells(command, "anna", **DATA[command])
    assert decision.refusal is not None
    assert (decision.refusal.code, decision.refusal.status) == ("unknown_request", 404)


def test_an_unknown_command_is_refused_with_those_there_are():
    decision = assigned().tells("approve", "anna")
    assert decision.refusal is not None
    assert decision.refusal.code == "unknown_command"
    assert "accept" in decision.refusal.message.en


# -- accepting and completing


def test_the_first_acceptance_starts_the_work_and_the_second_does_not():
    people = (MANAGER, an_engineer("w", skills={"writing": 3}), an_engineer("b", skills={"bidding": 3}))
    journey = Journey(a_context(*people), a_request("tech.bid"))
    journey.submitted()
    journey.tells("accept", "w")
    journey.tells("accept", "b")
    assert [fact.first for fact in journey.said if isinstance(fact, WorkAccepted)] == [True, False]
    assert all(seat.accepted for seat in journey.state.supporters)


def test_the_coordinator_who_does_not_support_cannot_accept_or_complete():
    assert code(assigned().tells("accept", "manager")) == "not_yours"
    assert code(working().tells("complete", "manager")) == "not_yours"


def test_a_supporter_who_has_not_accepted_cannot_complete():
    people = (MANAGER, an_engineer("w", skills={"writing": 3}), an_engineer("b", skills={"bidding": 3}))
    journey = Journey(a_context(*people), a_request("tech.bid"))
    journey.submitted()
    journey.tells("accept", "w")
    assert code(journey.tells("complete", "b")) == "not_accepted"


def a_bid_that_one_of_two_accepted() -> Journey:
    people = (MANAGER, an_engineer("w", skills={"writing": 3}), an_engineer("b", skills={"bidding": 3}))
    journey = Journey(a_context(*people), a_request("tech.bid"))
    journey.submitted()
    journey.tells("accept", "w")
    return journey


def test_one_does_not_deliver_for_another_who_has_not_accepted():
    journey = a_bid_that_one_of_two_accepted()
    refusal = journey.tells("complete", "w", note="x").refusal
    assert refusal is not None
    assert (refusal.code, refusal.status, journey.state.status) == ("others_not_accepted", 409, "working")
    assert refusal.message.zh.startswith("b 尚未接受")
    assert refusal.message.en.startswith("b have not accepted")


@pytest.mark.parametrize(("command", "by", "data"), [("accept", "b", {}), ("release", "manager", {"person": "b"})])
def test_once_the_others_have_accepted_or_are_released_it_is_delivered(command: str, by: str, data: dict[str, object]):
    journey = a_bid_that_one_of_two_accepted()
    journey.tells(command, by, reason="x", **data)
    assert isinstance(journey.tells("complete", "w", note="x").facts[0], WorkCompleted)


def test_the_result_travels_in_the_event():
    journey = completed()
    fact = journey.said[-1]
    assert isinstance(fact, WorkCompleted)
    assert (fact.by, fact.note, fact.result, fact.on_behalf_of) == ("anna", "已提交", {"network": "千兆"}, None)


@pytest.mark.parametrize("result", [None, "text", ["list"], 3])
def test_a_result_that_is_no_record_is_left_out(result: object):
    decision = working().tells("complete", "anna", result=result)
    (fact,) = decision.facts
    assert isinstance(fact, WorkCompleted)
    assert fact.result == {}


# -- declining


def test_declining_gives_the_seat_to_the_next_and_never_back():
    journey = an_assigned(ANNA, BEN)
    first = journey.supporters[0]
    other = {"anna": "ben", "ben": "anna"}[first]
    decision = journey.tells("decline", first, reason="出差")
    assert [type(fact) for fact in decision.facts] == [WorkDeclined, SupportersAssigned]
    assert (journey.supporters, journey.state.declined) == ([other], (first,))
    assert [r.holder for r in decision.reservations] == [other]
    decision = journey.tells("decline", other, reason="也出差")
    assert journey.state.status == "waiting"
    assert journey.state.decisions[-1].excluded["declined_or_seated"] == 2


@pytest.mark.parametrize("reason", ["", "   ", None])
def test_declining_needs_a_reason(reason: object):
    decision = assigned().tells("decline", "anna", reason=reason)
    assert decision.refusal is not None
    assert (decision.refusal.code, decision.refusal.status) == ("no_reason", 422)


def test_declining_after_accepting_leaves_the_work_to_be_accepted_anew():
    journey = an_assigned(ANNA, BEN)
    first = journey.supporters[0]
    journey.tells("accept", first)
    journey.tells("decline", first, reason="生病")
    assert journey.state.status == "assigned"
    assert not journey.state.supporters[0].accepted


def test_when_one_of_several_declines_the_others_keep_their_seats_and_what_they_accepted():
    people = (MANAGER, an_engineer("w", skills={"writing": 3}), *(an_engineer(b, skills={"bidding": 3}) for b in ("b1", "b2")))
    journey = Journey(a_context(*people), a_request("tech.bid"))
    journey.submitted()
    journey.tells("accept", "w")
    bidder = next(seat.person for seat in journey.state.supporters if seat.skill == "bidding")
    decision = journey.tells("decline", bidder, reason="出差")
    other = {"b1": "b2", "b2": "b1"}[bidder]
    assert {(seat.person, seat.accepted) for seat in journey.state.supporters} == {("w", True), (other, False)}
    assert [r.holder for r in decision.reservations] == [other]
    assert journey.state.status == "working"
    assert {record.chosen for record in journey.state.decisions} == {("manager",), ("w",), (other,)}


def test_when_the_last_who_could_replace_somebody_is_gone_the_others_keep_their_seats_while_it_waits():
    people = (MANAGER, an_engineer("w", skills={"writing": 3}), an_engineer("b", skills={"bidding": 3}))
    journey = Journey(a_context(*people), a_request("tech.bid"))
    journey.submitted()
    journey.tells("decline", "b", reason="出差")
    assert (journey.supporters, journey.state.status) == (["w"], "waiting")
    journey.changes(people=[*people, an_engineer("b2", skills={"bidding": 1})])
    journey.wakes()
    assert (sorted(journey.supporters), journey.state.status) == (["b2", "w"], "assigned")


def test_a_coordinator_who_declines_is_replaced_and_the_supporters_go_on():
    journey = an_assigned(ANNA)
    journey.tells("accept", "anna")
    journey.changes(people=[MANAGER, ANNA, a_person("deputy", "presales_manager")])
    decision = journey.tells("decline", "manager", reason="调岗")
    assert [type(fact) for fact in decision.facts] == [WorkDeclined, CoordinatorAssigned]
    assert (journey.coordinator, journey.supporters, journey.state.status) == ("deputy", ["anna"], "working")


def test_without_another_coordinator_it_waits_and_then_goes_on_where_it_was():
    journey = an_assigned(ANNA)
    journey.tells("accept", "anna")
    journey.tells("decline", "manager", reason="调岗")
    assert (journey.coordinator, journey.supporters, journey.state.status) == (None, ["anna"], "waiting")
    journey.changes(people=[MANAGER, ANNA, a_person("deputy", "presales_manager")])
    journey.wakes()
    assert (journey.coordinator, journey.supporters, journey.state.status) == ("deputy", ["anna"], "working")
    assert [record.chosen for record in journey.state.decisions] == [("deputy",), ("anna",)]


def test_who_coordinates_and_supports_in_one_role_gives_both_back():
    journey = Journey(a_context(MARKETER, a_person("second", "bu_marketing")), a_request("market.visit"))
    journey.submitted()
    first = journey.coordinator
    other = {"marketer": "second", "second": "marketer"}[first or ""]
    decision = journey.tells("decline", first or "", reason="出差")
    assert [type(fact) for fact in decision.facts] == [WorkDeclined, CoordinatorAssigned, SupportersAssigned]
    assert (journey.coordinator, journey.supporters) == (other, [other])
    assert [r.holder for r in decision.reservations] == [other]


def test_who_coordinates_in_one_role_and_supports_in_another_gives_the_work_back_first():
    both = an_engineer("both", roles=("presales_manager", "presales_engineer"))
    journey = Journey(a_context(both))
    journey.submitted()
    assert (journey.coordinator, journey.supporters) == ("both", ["both"])
    assert [r.holder for r in journey.reserved] == ["both"]
    journey.tells("decline", "both", reason="太忙")
    assert (journey.coordinator, journey.supporters, journey.state.status) == ("both", [], "waiting")
    assert journey.state.holders() == {"both"}
