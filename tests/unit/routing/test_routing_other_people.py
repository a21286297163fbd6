"""Other people for the same work, and after the delivery: handed over, added, released, confirmed, reopened, escalated."""

import pytest

from services.routing.domain import OpenLoad
from services.routing.domain.appointments import appointments
from shared.schemas.routing import POLICY as BY_POLICY
from shared.schemas.routing import (
    AssignmentWaiting,
    CoordinationHandedOver,
    DeliveryConfirmed,
    EscalatedToCoordinator,
    EscalatedToLeader,
    RequestReopened,
    SupporterAdded,
    SupporterReleased,
    SupportersAssigned,
    SupportHandedOver,
    WorkDeclined,
)
from tests.unit.routing.routing_build import (
    ASKER,
    AWAY,
    MANAGER,
    PACK,
    POLICY,
    REVIEWERS,
    Journey,
    a_context,
    a_person,
    a_request,
    an_assigned,
    an_engineer,
)
from tests.unit.routing.states import ANNA, BEN, DATA, code, completed, paused, sent_back, working

CARL = an_engineer("carl")
EVERYBODY = (MANAGER, ANNA, BEN, CARL)


def with_everybody(journey: Journey) -> Journey:
    journey.changes(people=EVERYBODY)
    return journey


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


def test_a_place_is_released_once_however_often_somebody_is_released_from_it():
    journey = with_everybody(working())
    for _ in range(3):
        assert code(journey.tells("add", "manager", person="carl", reason="x", skill="writing")) is None
        assert code(journey.tells("release", "manager", person="carl", reason="x")) is None
    assert [(seat.person, seat.skill) for seat in journey.state.released] == [("carl", "writing")]


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
    assert (fact.by, fact.cause, fact.rating, journey.state.status) == (BY_POLICY, "time", None, "confirmed")
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


# -- what must not be lost between the two


def test_whoever_has_another_appointment_by_now_is_not_asked_to_go_on():
    window = {"start": "2027-03-03T09:00:00+08:00", "end": "2027-03-03T11:00:00+08:00", "place": "杭州"}
    request = a_request("tech.presentation", details={"where": window})
    journey = an_assigned(ANNA, BEN, request=request)
    (first,) = journey.supporters
    journey.tells("accept", first)
    journey.tells("complete", first)
    (booking,) = appointments("R2", request, PACK.types["tech.presentation"], POLICY.assignment)
    journey.changes(people=EVERYBODY, loads={first: OpenLoad(count=1, weight=2.0, bookings=(booking,))})
    decision = journey.tells("reopen", "asker", reason="缺少拓扑图")
    assert [type(fact) for fact in decision.facts] == [RequestReopened, SupportersAssigned]
    assert first not in journey.supporters
    assert first not in {reservation.holder for reservation in decision.reservations}


def test_work_that_nobody_does_any_more_is_offered_again_whoever_was_released_before():
    journey = with_everybody(working())
    journey.tells("add", "manager", **DATA["add"])
    journey.tells("release", "manager", **DATA["release"])
    journey.tells("decline", "carl", reason="出差")
    assert journey.state.status == "assigned"
    assert journey.supporters in (["ben"], ["anna"])


def test_a_declined_seat_and_a_new_choice_say_where_the_work_stands():
    journey = an_assigned(ANNA, BEN, CARL, request=a_request("tech.bid"))
    first, second = journey.supporters
    journey.tells("accept", first)
    declined, again = journey.tells("decline", second, reason="出差").facts
    assert isinstance(declined, WorkDeclined)
    assert isinstance(again, SupportersAssigned)
    assert (declined.status, again.status, journey.state.status) == ("waiting", "working", "working")
    (given_back, *_) = journey.tells("decline", "manager", reason="出差").facts
    assert isinstance(given_back, WorkDeclined)
    assert given_back.status == "working"
