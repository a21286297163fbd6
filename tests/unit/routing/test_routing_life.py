"""The life of a request: every command in every status by everybody, and what each does to status and seats."""

from datetime import timedelta
from typing import get_args

import pytest

from services.routing.domain.commands import COMMANDS
from services.routing.domain.life import ALLOWED, CLOSED, OPEN
from shared.schemas.routing import (
    POLICY,
    AssignmentWaiting,
    CoordinationHandedOver,
    DeliveryConfirmed,
    EscalatedToCoordinator,
    EscalatedToLeader,
    RequestAmended,
    RequestReopened,
    SupporterAdded,
    SupporterReleased,
    SupportersAssigned,
    SupportHandedOver,
    WorkCommand,
    WorkPaused,
    WorkResumed,
    WorkSentBack,
)
from shared.schemas.status import WorkStatus
from tests.unit.routing.routing_build import (
    ASKER,
    AWAY,
    MANAGER,
    NOW,
    REVIEWERS,
    Journey,
    a_context,
    a_person,
    a_request,
    an_assigned,
    an_engineer,
)
from tests.unit.routing.states import ANNA, BEN, DATA, STATES, assigned, code, completed, paused, sent_back, waiting, working

CARL = an_engineer("carl")
EVERYBODY = (MANAGER, ANNA, BEN, CARL)
PEOPLE = ("anna", "manager", "asker", "ben", "nobody")
MAY: dict[WorkCommand, set[str]] = {
    "accept": {"anna"},
    "complete": {"anna"},
    "choose": {"manager"},
    "add": {"manager"},
    "release": {"manager"},
    "decline": {"anna", "manager"},
    "send_back": {"anna", "manager"},
    "pause": {"anna", "manager"},
    "resume": {"anna", "manager"},
    "hand_over": {"anna", "manager"},
    "confirm": {"asker"},
    "reopen": {"asker"},
    "escalate": {"anna", "manager", "asker"},
}
"""Whose command it is, when anna supports what manager coordinates and asker asked for."""


def with_everybody(journey: Journey) -> Journey:
    journey.changes(people=EVERYBODY)
    return journey


def test_the_tables_know_every_status_and_every_command():
    assert set(get_args(WorkStatus)) == CLOSED | OPEN == set(STATES)
    assert not CLOSED & OPEN
    assert set(ALLOWED) == set(get_args(WorkCommand)) == set(COMMANDS) == set(DATA)


@pytest.mark.parametrize("command", list(COMMANDS))
@pytest.mark.parametrize("status", list(STATES))
def test_each_command_is_done_for_those_whose_it_is_where_it_is_allowed_and_changes_nothing_elsewhere(
    status: WorkStatus, command: WorkCommand
):
    for by in PEOPLE:
        journey = with_everybody(STATES[status]())
        before = journey.state
        decision = journey.tells(command, by, **DATA[command])
        refusal = decision.refusal
        if by == "nobody":
            assert refusal is not None
            assert refusal.status == 404
        elif status not in ALLOWED[command]:
            assert code(decision) == "out_of_state"
        elif by not in MAY[command] or (by == "anna" and not before.supporters):
            assert refusal is not None
            assert refusal.status == 403
        elif decision.facts:
            assert journey.state.revision == before.revision + len(decision.facts)
        if refusal is not None:
            assert (journey.state, decision.facts, decision.reservations) == (before, (), ())
            assert refusal.message.zh
            assert refusal.message.en


@pytest.mark.parametrize("command", list(COMMANDS))
def test_a_command_on_another_revision_is_refused_with_the_present_one(command: WorkCommand):
    status = min(ALLOWED[command])
    by = min(MAY[command])
    for seen, refused in ((0, True), (None, False)):
        journey = with_everybody(STATES[status]())
        decision = journey.tells(command, by, **DATA[command], revision=seen)
        assert (code(decision) == "stale_revision") is refused
        if decision.refusal and refused:
            assert str(journey.state.revision) in decision.refusal.message.en
            assert decision.facts == ()


def test_the_revision_that_was_seen_is_accepted():
    journey = assigned()
    assert journey.tells("accept", "anna", revision=journey.state.revision).refusal is None


# -- waiting for somebody outside


@pytest.mark.parametrize("make", [assigned, working, waiting])
def test_sent_back_it_waits_and_an_amendment_sends_it_on_its_way(make):
    journey = make()
    before = journey.state.status
    by = "anna" if journey.state.supporters else "manager"
    assert isinstance(journey.tells("send_back", by, **DATA["send_back"]).facts[0], WorkSentBack)
    assert journey.state.status == "sent_back"
    assert journey.state.halt is not None
    assert (journey.state.halt.missing, journey.state.halt.before) == (("details.topics",), before)
    facts = journey.amended(topics=["新"]).facts
    assert [type(fact) for fact in facts[:2]] == [RequestAmended, WorkResumed]
    assert (journey.state.status, journey.state.halt) == (before, None)


def test_what_waited_for_somebody_is_assigned_when_it_goes_on_and_somebody_is_there():
    journey = waiting()
    journey.tells("send_back", "manager", **DATA["send_back"])
    journey.changes(people=(MANAGER, BEN))
    decision = journey.tells("resume", "manager")
    assert [type(fact) for fact in decision.facts] == [WorkResumed, SupportersAssigned]
    assert (journey.state.status, journey.supporters) == ("assigned", ["ben"])
    assert [reservation.holder for reservation in decision.reservations] == ["ben"]


def test_a_pause_keeps_seats_and_acceptances_and_ends_when_somebody_says_so():
    journey = paused()
    assert isinstance(journey.said[-1], WorkPaused)
    assert journey.state.holders() == {"anna", "manager"}
    journey.tells("resume", "anna")
    assert (journey.state.status, journey.state.supporters[0].accepted) == ("working", True)


def test_a_pause_with_an_end_ends_by_itself_and_not_before():
    journey = working()
    until = NOW + timedelta(days=3)
    journey.tells("pause", "anna", reason="客户出差", until=until.isoformat())
    assert journey.wakes("due").facts == ()
    journey.changes(now=until)
    (resumed,) = journey.wakes("due").facts
    assert isinstance(resumed, WorkResumed)
    assert (resumed.by, resumed.cause, journey.state.status) == (POLICY, "time", "working")
    assert journey.wakes("due").facts == ()


@pytest.mark.parametrize("until", [NOW, NOW - timedelta(seconds=1), NOW + timedelta(days=400), NOW.replace(tzinfo=None)])
def test_a_pause_ends_within_the_year_ahead(until):
    journey = working()
    assert code(journey.tells("pause", "anna", reason="x", until=until.isoformat())) == "bad_until"


# -- other people


def test_a_supporter_hands_over_and_the_colleague_has_yet_to_accept():
    journey = with_everybody(working())
    decision = journey.tells("hand_over", "anna", **DATA["hand_over"])
    (fact,) = decision.facts
    assert isinstance(fact, SupportHandedOver)
    assert (fact.by, fact.holder, fact.person) == ("anna", "anna", "carl")
    assert (journey.supporters, journey.state.status) == (["carl"], "assigned")
    assert [reservation.holder for reservation in decision.reservations] == ["carl"]
    assert code(journey.tells("complete", "anna")) in {"not_yours", "out_of_state"}


def test_a_coordinator_hands_over_for_a_supporter_and_the_coordination_itself():
    journey = with_everybody(working())
    journey.tells("hand_over", "manager", **DATA["hand_over"], holder="anna")
    assert journey.supporters == ["carl"]
    second = a_person("second", "presales_manager")
    journey.changes(people=(*EVERYBODY, second))
    (fact,) = journey.tells("hand_over", "manager", person="second", reason="分工").facts
    assert isinstance(fact, CoordinationHandedOver)
    assert journey.coordinator == "second"
    assert code(journey.tells("add", "manager", **DATA["add"])) == "not_coordinator"


@pytest.mark.parametrize(
    ("person", "why"),
    [
        ("nobody", "目录"),
        ("asker", "岗位"),
        ("gone", "离职"),
        ("away", "休假"),
        ("unskilled", "技能"),
        ("full", "已满"),
        ("south", "不属于"),
    ],
)
def test_who_may_not_have_the_seat_is_named_with_the_reason(person: str, why: str):
    people = (
        *EVERYBODY,
        an_engineer("gone", active=False),
        an_engineer("away", leave=AWAY),
        an_engineer("unskilled", skills={}),
        an_engineer("full", seats=0),
        an_engineer("south", unit="south"),
    )
    journey = working()
    journey.changes(people=people)
    for command, by in (("hand_over", "anna"), ("hand_over", "manager")):
        before = journey.state
        decision = journey.tells(command, by, person=person, reason="出差", **({"holder": "anna"} if by == "manager" else {}))
        assert code(decision) == "not_fit"
        assert decision.refusal is not None
        assert why in decision.refusal.message.zh
        assert journey.state == before


def test_of_two_seats_in_one_role_both_are_handed_over():
    two = a_person("two", "bu_marketing")
    journey = Journey(a_context(a_person("one", "bu_marketing"), two), request=a_request("market.event"))
    journey.submitted()
    first = journey.coordinator
    other = "two" if first == "one" else "one"
    facts = journey.tells("hand_over", str(first), person=other, reason="出差").facts
    assert [type(fact) for fact in facts] == [SupportHandedOver, CoordinationHandedOver]
    assert (journey.coordinator, journey.supporters) == (other, [other])


def test_one_more_supporter_is_added_and_released_and_the_last_one_stays():
    journey = with_everybody(working())
    (added,) = journey.tells("add", "manager", **DATA["add"]).facts
    assert isinstance(added, SupporterAdded)
    assert (journey.supporters, journey.state.status) == (["anna", "carl"], "working")
    assert code(journey.tells("add", "manager", **DATA["add"])) == "seated_already"
    assert code(journey.tells("add", "manager", person="ben", reason="x", role="cook")) == "unknown_role"
    (gone,) = journey.tells("release", "manager", **DATA["release"]).facts
    assert isinstance(gone, SupporterReleased)
    assert (journey.supporters, journey.state.status) == (["carl"], "assigned")
    assert code(journey.tells("release", "manager", person="carl", reason="x")) == "last_supporter"
    assert code(journey.tells("release", "manager", person="ben", reason="x")) == "not_seated"


def test_nobody_is_sought_for_a_seat_that_somebody_was_released_from():
    journey = an_assigned(ANNA, BEN, CARL, request=a_request("tech.bid"))
    first, second = journey.supporters
    journey.tells("release", "manager", person=second, reason="一人即可")
    journey.tells("decline", first, reason="出差")
    assert len(journey.supporters) == 1
    assert journey.state.status == "assigned"


def test_reviewers_are_neither_added_nor_released():
    journey = Journey(a_context(a_person("marketer", "bu_marketing"), *REVIEWERS), request=a_request("business.price"))
    journey.submitted()
    assert journey.state.status == "assigned"
    for command in ("add", "release"):
        assert code(journey.tells(command, "marketer", person="legal", reason="x")) == "is_review"


# -- after the delivery


def test_the_requester_confirms_with_a_rating():
    journey = completed()
    (fact,) = journey.tells("confirm", "asker", rating=4, note="及时").facts
    assert isinstance(fact, DeliveryConfirmed)
    assert (journey.state.status, journey.state.rating, fact.cause) == ("confirmed", 4, "person")


@pytest.mark.parametrize("rating", [0, 6, 2.5, "5", -1])
def test_a_rating_is_one_of_five(rating: object):
    assert code(completed().tells("confirm", "asker", rating=rating)) == "bad_rating"


def test_who_does_not_object_in_time_has_what_they_asked_for():
    journey = completed()
    assert journey.state.confirm_by is not None
    assert journey.wakes("due").facts == ()
    journey.changes(now=journey.state.confirm_by)
    (fact,) = journey.wakes("due").facts
    assert isinstance(fact, DeliveryConfirmed)
    assert (fact.by, fact.cause, fact.rating, journey.state.status) == (POLICY, "time", None, "confirmed")
    assert journey.wakes("due").facts == ()


def test_reopened_it_goes_on_with_those_who_did_it():
    journey = completed()
    decision = journey.tells("reopen", "asker", reason="缺少拓扑图")
    (fact,) = decision.facts
    assert isinstance(fact, RequestReopened)
    assert (journey.state.status, journey.supporters, journey.state.supporters[0].accepted) == ("working", ["anna"], True)
    assert {reservation.holder for reservation in decision.reservations} == {"anna", "manager"}
    assert journey.state.confirm_by is None
    assert journey.tells("complete", "anna").refusal is None


def test_reopened_while_who_did_it_is_away_it_is_given_to_another():
    journey = completed()
    journey.changes(people=(MANAGER, an_engineer("anna", leave=AWAY), BEN))
    decision = journey.tells("reopen", "asker", reason="缺少拓扑图")
    assert [type(fact) for fact in decision.facts] == [RequestReopened, SupportersAssigned]
    assert (journey.state.status, journey.supporters) == ("assigned", ["ben"])
    assert {reservation.holder for reservation in decision.reservations} == {"ben", "manager"}


def test_reopened_while_nobody_is_there_it_waits_and_those_who_go_on_keep_their_place():
    journey = completed()
    journey.changes(people=(MANAGER, an_engineer("anna", leave=AWAY)))
    decision = journey.tells("reopen", "asker", reason="缺少拓扑图")
    assert [type(fact) for fact in decision.facts] == [RequestReopened, AssignmentWaiting]
    assert journey.state.status == "waiting"
    assert {reservation.holder for reservation in decision.reservations} == {"manager"}


# -- one step above


def test_supporters_and_the_requester_turn_to_the_coordinator_and_the_coordinator_to_the_leaders():
    for by, above in (("anna", EscalatedToCoordinator), ("asker", EscalatedToCoordinator), ("manager", EscalatedToLeader)):
        assert [type(fact) for fact in working().tells("escalate", by, reason="急").facts] == [above]


def test_a_stand_in_of_the_requester_confirms_for_them():
    journey = completed()
    deputy = a_person("deputy", "account_manager")
    journey.changes(people=(MANAGER, ANNA, deputy))
    away = ASKER.model_copy(update={"leave": AWAY, "delegate": "deputy"})
    journey.changes(directory=journey.context.directory.with_entries([away]))
    (fact,) = journey.tells("confirm", "deputy", rating=5).facts
    assert isinstance(fact, DeliveryConfirmed)
    assert (fact.by, fact.on_behalf_of) == ("deputy", "asker")


def test_a_withdrawal_ends_what_is_halted():
    for make in (paused, sent_back):
        journey = make()
        journey.withdrawn()
        assert (journey.state.status, journey.state.halt, journey.state.holders()) == ("withdrawn", None, frozenset())
