"""A delegate stands in for whoever is away, and may do what they may."""

from shared.schemas.routing import (
    WorkAccepted,
    WorkCompleted,
    WorkDeclined,
)
from tests.unit.routing.routing_build import (
    AWAY,
    MANAGER,
    a_person,
    an_engineer,
)
from tests.unit.routing.states import ANNA, BEN, assigned, choosing, code


def test_while_somebody_is_away_their_delegate_acts_and_the_event_says_for_whom():
    journey = assigned()
    journey.changes(people=[MANAGER, an_engineer("anna", leave=AWAY, delegate="ben"), BEN])
    (accepted,) = journey.tells("accept", "ben").facts
    assert isinstance(accepted, WorkAccepted)
    assert (accepted.by, accepted.on_behalf_of) == ("ben", "anna")
    assert journey.state.supporters[0].accepted
    (done,) = journey.tells("complete", "ben").facts
    assert isinstance(done, WorkCompleted)
    assert (done.by, done.on_behalf_of) == ("ben", "anna")


def test_a_delegate_declines_the_absent_persons_seat_and_not_for_themselves():
    journey = assigned()
    journey.changes(people=[MANAGER, an_engineer("anna", leave=AWAY, delegate="ben"), BEN])
    decision = journey.tells("decline", "ben", reason="休假")
    assert isinstance(decision.facts[0], WorkDeclined)
    assert decision.facts[0].on_behalf_of == "anna"
    assert (journey.state.declined, journey.supporters) == (("anna",), ["ben"])


def test_once_they_are_back_their_delegate_may_not_act_any_more():
    journey = assigned()
    journey.changes(people=[MANAGER, an_engineer("anna", delegate="ben"), BEN])
    assert code(journey.tells("accept", "ben")) == "not_yours"


def test_the_coordinators_delegate_chooses():
    journey = choosing()
    journey.changes(
        people=[MANAGER.model_copy(update={"leave": AWAY, "delegate": "deputy"}), a_person("deputy", "sales_manager"), ANNA]
    )
    assert code(journey.tells("choose", "deputy", people=["anna"])) is None
    assert journey.supporters == ["anna"]


def test_who_has_two_parts_gives_back_the_one_that_is_meant():
    """The coordinator stands in for a supporter: a link to give the coordination back is not about that seat."""
    journey = assigned()
    coordinator = journey.state.coordinator.person
    journey.changes(people=[MANAGER, an_engineer("anna", leave=AWAY, delegate=coordinator), BEN])
    (declined, *_) = journey.tells("decline", coordinator, reason="x", **{"as": "coordinator"}).facts
    assert (declined.step, declined.on_behalf_of) == ("coordinator", None)


def test_control_without_saying_which_it_is_the_supporters():
    journey = assigned()
    coordinator = journey.state.coordinator.person
    journey.changes(people=[MANAGER, an_engineer("anna", leave=AWAY, delegate=coordinator), BEN])
    (declined, *_) = journey.tells("decline", coordinator, reason="x").facts
    assert (declined.step, declined.on_behalf_of) == ("supporter", "anna")
