"""A seat is vacant while others are at work: who may do what meanwhile, and when it goes on as before."""

import pytest

from services.routing.domain.life import ALLOWED, VACANT
from shared.schemas.bidding import BidPlanned
from shared.schemas.routing import (
    AssignmentWaiting,
    CoordinationHandedOver,
    SeatGivenUp,
    SupporterAdded,
    SupporterReleased,
    SupportersAssigned,
    SupportHandedOver,
    WorkAccepted,
    WorkCommand,
    WorkCompleted,
    WorkPaused,
    WorkResumed,
)
from tests.unit.routing.routing_build import (
    AWAY,
    MANAGER,
    Journey,
    a_context,
    a_person,
    a_request,
    an_engineer,
    choosing_pack,
)
from tests.unit.routing.states import code

WRITER, BIDDER = an_engineer("writer", skills={"writing": 3}), an_engineer("bidder", skills={"bidding": 3})
ANOTHER = an_engineer("another", skills={"writing": 3})
SECOND = an_engineer("second", skills={"bidding": 1})
LEADER = a_person("leader", "bu_leader")
DEPUTY = a_person("deputy", "presales_manager")


def a_bid(*people: object, **changes: object) -> Journey:
    journey = Journey(a_context(MANAGER, WRITER, BIDDER, *people, **changes), a_request("tech.bid"))
    journey.submitted()
    return journey


def lacking(*people: object) -> Journey:
    """A bid that the writer works on; the other seat was given back, and nobody else fits."""
    journey = a_bid(*people)
    journey.tells("accept", "writer")
    journey.tells("decline", "bidder", reason="出差")
    assert (journey.supporters, journey.state.status) == (["writer"], "waiting")
    return journey


def uncoordinated(*people: object) -> Journey:
    """A bid that both work on, whose coordinator gave it back, and nobody else coordinates."""
    journey = a_bid(*people)
    for person in ("writer", "bidder"):
        journey.tells("accept", person)
    journey.tells("decline", "manager", reason="调岗")
    assert (journey.coordinator, journey.state.status) == (None, "waiting")
    return journey


WHILE_VACANT: tuple[tuple[WorkCommand, str, dict[str, object], str | None], ...] = (
    ("accept", "writer", {}, None),
    ("accept", "manager", {}, "not_yours"),
    ("complete", "writer", {"note": "x"}, "seat_vacant"),
    ("complete", "manager", {"note": "x"}, "not_yours"),
    ("pause", "writer", {"reason": "x"}, None),
    ("pause", "manager", {"reason": "x"}, None),
    ("pause", "asker", {"reason": "x"}, "not_yours"),
    ("send_back", "writer", {"reason": "x"}, None),
    ("hand_over", "writer", {"person": "another", "reason": "x"}, None),
    ("hand_over", "manager", {"person": "another", "holder": "writer", "reason": "x"}, None),
    ("hand_over", "manager", {"person": "deputy", "reason": "x"}, None),
    ("hand_over", "asker", {"person": "another", "reason": "x"}, "not_yours"),
    ("add", "manager", {"person": "bidder", "reason": "x"}, None),
    ("add", "writer", {"person": "bidder", "reason": "x"}, "not_coordinator"),
    ("add", "leader", {"person": "bidder", "reason": "x"}, "not_coordinator"),
    ("release", "manager", {"reason": "x"}, None),
    ("release", "manager", {"reason": "x", "skill": "bidding"}, None),
    ("release", "manager", {"reason": "x", "skill": "writing"}, "not_vacant"),
    ("release", "manager", {}, "no_reason"),
    ("release", "manager", {"person": "writer", "reason": "x"}, "last_supporter"),
    ("release", "writer", {"reason": "x"}, "not_coordinator"),
    ("choose", "manager", {"people": ["bidder"]}, "out_of_state"),
    ("log_effort", "writer", {"hours": 1, "day": "2027-03-01"}, None),
    ("confirm", "asker", {}, "out_of_state"),
    ("resume", "writer", {}, "out_of_state"),
)


@pytest.mark.parametrize(("command", "by", "data", "refused"), WHILE_VACANT)
def test_while_a_seat_is_vacant_those_who_have_one_go_on_and_the_coordinator_arranges(
    command: WorkCommand, by: str, data: dict[str, object], refused: str | None
):
    journey = lacking()
    journey.changes(people=(MANAGER, WRITER, BIDDER, ANOTHER, LEADER, DEPUTY))
    before = journey.state
    decision = journey.tells(command, by, **data)
    assert code(decision) == refused
    assert (refused == "out_of_state") is ("waiting" not in ALLOWED[command])
    if decision.refusal is not None:
        assert (journey.state, decision.facts) == (before, ())
        assert decision.refusal.message.zh
        assert decision.refusal.message.en


@pytest.mark.parametrize("command", ["pause", "log_effort", "log_spend"])
@pytest.mark.parametrize("status", sorted(VACANT))
def test_where_nobody_is_at_work_there_is_nothing_to_pause_or_to_log(status: str, command: str):
    people = (MANAGER, an_engineer("anna", leave=AWAY)) if status == "waiting" else (MANAGER, an_engineer("anna"))
    journey = Journey(a_context(*people, pack=choosing_pack("tech.survey")))
    journey.submitted()
    assert (journey.state.status, journey.supporters) == (status, [])
    assert code(journey.tells(command, "manager", reason="x")) == "out_of_state"


def test_a_refused_delivery_names_the_seat_and_who_may_give_it_up():
    refusal = lacking().tells("complete", "writer", note="x").refusal
    assert refusal is not None
    assert refusal.status == 409
    assert "bidding" in refusal.message.zh
    assert "bidding" in refusal.message.en
    assert "release" in refusal.message.en


def test_a_seat_given_up_lets_the_others_deliver_and_nobody_is_sought_for_it_again():
    journey = lacking()
    decision = journey.tells("release", "manager", reason="现有人手已够")
    assert [type(fact) for fact in decision.facts] == [SeatGivenUp, SupportersAssigned]
    assert decision.facts[0].model_dump(exclude={"department", "on_behalf_of"}) == {
        "by": "manager",
        "role": "presales_engineer",
        "skill": "bidding",
        "reason": "现有人手已够",
        "status": "waiting",
    }
    assert (journey.state.status, journey.state.waiting_since) == ("working", None)
    journey.changes(people=(MANAGER, WRITER, SECOND))
    journey.wakes()
    assert journey.supporters == ["writer"]
    assert isinstance(journey.tells("complete", "writer", note="x").facts[0], WorkCompleted)


def test_whoever_is_added_has_the_vacant_seat_and_the_work_goes_on():
    journey = lacking()
    decision = journey.tells("add", "manager", person="bidder", reason="说好了")
    assert [type(fact) for fact in decision.facts] == [SupporterAdded, SupportersAssigned]
    assert [(seat.person, seat.skill, seat.accepted) for seat in journey.state.supporters] == [
        ("writer", "writing", True),
        ("bidder", "bidding", False),
    ]
    assert journey.state.status == "working"
    assert [one.holder for one in decision.reservations] == ["bidder"]
    assert journey.state.clocks.get("assignment") is None


def test_somebody_with_another_skill_leaves_the_seat_vacant():
    journey = lacking()
    journey.changes(people=(MANAGER, WRITER, BIDDER, an_engineer("third", skills={"product": 2})))
    decision = journey.tells("add", "manager", person="third", skill="product", reason="x")
    assert [type(fact) for fact in decision.facts] == [SupporterAdded, AssignmentWaiting]
    assert journey.state.status == "waiting"
    assert [seat.person for seat in journey.state.supporters] == ["writer", "third"]
    assert code(journey.tells("complete", "writer", note="x")) == "seat_vacant"


def test_the_vacant_seat_is_filled_by_itself_as_soon_as_somebody_fits():
    journey = lacking()
    journey.tells("hand_over", "manager", person="deputy", reason="x")
    journey.changes(people=(MANAGER, WRITER, SECOND))
    assert [type(fact) for fact in journey.wakes().facts] == [SupportersAssigned]
    assert (journey.supporters, journey.state.status) == (["writer", "second"], "working")


def test_a_seat_handed_over_meanwhile_keeps_it_waiting_and_what_is_lacking_known():
    journey = lacking()
    journey.changes(people=(MANAGER, DEPUTY, WRITER, ANOTHER))
    sought = [record for record in journey.state.decisions if not record.chosen]
    assert sought
    assert isinstance(journey.tells("hand_over", "writer", person="another", reason="x").facts[0], SupportHandedOver)
    assert isinstance(journey.tells("hand_over", "manager", person="deputy", reason="x").facts[0], CoordinationHandedOver)
    assert journey.state.status == "waiting"
    assert [record for record in journey.state.decisions if not record.chosen] == sought


def test_accepted_meanwhile_it_waits_all_the_same():
    journey = a_bid()
    journey.tells("decline", "bidder", reason="出差")
    (fact,) = journey.tells("accept", "writer").facts
    assert isinstance(fact, WorkAccepted)
    assert (fact.first, fact.status, journey.state.status) == (True, "waiting", "waiting")
    journey.tells("release", "manager", reason="x")
    assert (journey.state.status, journey.state.supporters[0].accepted) == ("working", True)


def test_paused_meanwhile_it_may_be_arranged_and_goes_on_whole():
    journey = lacking()
    assert isinstance(journey.tells("pause", "writer", reason="客户出差").facts[0], WorkPaused)
    assert [type(fact) for fact in journey.tells("release", "manager", reason="x").facts] == [SeatGivenUp]
    assert journey.state.status == "paused"
    decision = journey.tells("resume", "writer")
    assert [type(fact) for fact in decision.facts] == [WorkResumed, SupportersAssigned]
    assert journey.state.status == "working"


def test_of_two_vacant_seats_the_named_one_is_given_up_but_never_the_last_that_somebody_does():
    journey = Journey(a_context(MANAGER), a_request("tech.bid"))
    journey.submitted()
    assert code(journey.tells("release", "manager", reason="x", skill="bidding")) == "last_supporter"


def test_released_while_another_seat_is_vacant_it_still_waits():
    journey = lacking()
    journey.changes(people=(MANAGER, WRITER, ANOTHER))
    journey.tells("add", "manager", person="another", role="presales_engineer", skill="writing", reason="x")
    assert journey.state.status == "waiting"
    decision = journey.tells("release", "manager", person="another", reason="x")
    assert isinstance(decision.facts[0], SupporterReleased)
    assert (journey.supporters, journey.state.status) == (["writer"], "waiting")


def test_while_the_coordinator_chooses_for_one_seat_who_has_the_other_goes_on():
    journey = a_bid(pack=choosing_pack("tech.bid"))
    sought = {"writing": "writer", "bidding": "bidder"}
    journey.tells(
        "choose", "manager", people=[sought[record.skill or ""] for record in journey.state.decisions if not record.chosen]
    )
    journey.changes(people=(MANAGER, WRITER, BIDDER, SECOND))
    journey.tells("decline", "bidder", reason="出差")
    assert (journey.state.status, journey.supporters) == ("choosing", ["writer"])
    journey.tells("accept", "writer")
    assert (journey.state.status, journey.state.supporters[0].accepted) == ("choosing", True)
    assert code(journey.tells("complete", "writer", note="x")) == "out_of_state"
    journey.tells("choose", "manager", people=["second"])
    assert (journey.state.status, journey.supporters) == ("working", ["writer", "second"])


# -- the coordinator's seat


def test_without_a_coordinator_the_supporters_work_on_and_deliver():
    journey = uncoordinated()
    assert isinstance(journey.tells("complete", "writer", note="x").facts[0], WorkCompleted)
    assert journey.state.status == "completed"
    assert journey.state.clocks.get("assignment") is None


def test_without_a_coordinator_the_units_leader_arranges():
    journey = uncoordinated(LEADER)
    assert code(journey.tells("release", "writer", person="bidder", reason="x")) == "not_coordinator"
    journey.tells("decline", "bidder", reason="出差")
    assert code(journey.tells("complete", "writer", note="x")) == "seat_vacant"
    decision = journey.tells("release", "leader", reason="现有人手已够")
    assert isinstance(decision.facts[0], SeatGivenUp)
    assert (journey.coordinator, journey.state.status) == (None, "waiting")
    assert isinstance(journey.tells("complete", "writer", note="x").facts[0], WorkCompleted)


def test_the_next_coordinator_finds_it_where_it_was():
    journey = uncoordinated()
    journey.changes(people=(MANAGER, DEPUTY, WRITER, BIDDER))
    journey.wakes()
    assert (journey.coordinator, journey.state.status) == ("deputy", "working")


# -- leave meanwhile


def test_a_leave_while_a_seat_is_vacant_is_seen_to():
    journey = a_bid()
    journey.tells("decline", "bidder", reason="出差")
    journey.changes(people=(MANAGER, an_engineer("writer", skills={"writing": 3}, leave=AWAY), ANOTHER))
    assert [type(fact) for fact in journey.wakes().facts] == [SupportHandedOver]
    assert (journey.supporters, journey.state.status) == (["another"], "waiting")


def test_the_plan_of_a_bid_is_looked_at_meanwhile():
    journey = lacking()
    assert [type(fact) for fact in journey.wakes("due").facts] == [BidPlanned]
