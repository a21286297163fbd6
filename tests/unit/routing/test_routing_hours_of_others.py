"""Hours of those who have no seat any more, and those that the coordinator logs for others."""

from datetime import timedelta

import pytest

from shared.schemas.effort import EffortLogged
from tests.unit.routing.routing_build import MANAGER, NOW, Journey, an_assigned
from tests.unit.routing.states import ANNA, BEN, code
from tests.unit.routing.test_routing_effort import TODAY, effort


def handed_over() -> Journey:
    """Anna had the seat, Ben has it."""
    journey = an_assigned(ANNA)
    journey.changes(people=[MANAGER, ANNA, BEN])
    assert code(journey.tells("hand_over", "anna", person="ben", reason="出差")) is None
    return journey


def test_whoever_had_a_seat_logs_and_corrects_the_hours_they_worked():
    journey = handed_over()
    (fact,) = journey.tells("log_effort", "anna", **TODAY).facts
    assert isinstance(fact, EffortLogged)
    assert (fact.by, fact.person, fact.on_behalf_of) == ("anna", "anna", None)
    assert code(journey.tells("correct_effort", "anna", **{**TODAY, "number": 1, "hours": 2})) is None
    assert code(journey.tells("log_effort", "stranger", **TODAY)) == "unknown_request"
    assert code(journey.tells("log_effort", "asker", **TODAY)) == "not_yours"


def test_nothing_else_is_left_of_a_seat_that_was_handed_over():
    journey = handed_over()
    for name, data in (("accept", {}), ("log_spend", {"line": "venue", "amount": "1"}), ("pause", {"reason": "出差"})):
        assert code(journey.tells(name, "anna", **data)) == "not_yours", name


def test_somebody_of_another_unit_still_knows_the_request_they_worked_on():
    journey = handed_over()
    south = ANNA.model_copy(update={"business_unit": "south"})
    journey.changes(people=[MANAGER, south, BEN])
    assert code(journey.tells("log_effort", "anna", **TODAY)) is None


@pytest.mark.parametrize(("name", "by"), [("release", "manager"), ("decline", "anna")])
def test_also_whoever_was_released_or_declined(name: str, by: str):
    journey = an_assigned(ANNA)
    journey.changes(people=[MANAGER, ANNA, BEN])
    journey.tells("add", "manager", person="ben", reason="工作量大")
    journey.tells(name, by, person="anna", reason="人手已够")
    assert "anna" not in journey.supporters
    assert code(journey.tells("log_effort", "anna", **TODAY)) is None


def test_hours_are_logged_while_nobody_has_followed_yet():
    journey = an_assigned(ANNA)
    journey.tells("decline", "anna", reason="出差")
    assert journey.state.status == "waiting"
    assert code(journey.tells("log_effort", "anna", **TODAY)) is None
    assert code(journey.tells("log_effort", "manager", **TODAY)) == "out_of_state"


def test_the_coordinator_who_handed_over_had_a_seat_too():
    journey = an_assigned(ANNA)
    other = MANAGER.model_copy(update={"id": "successor"})
    journey.changes(people=[MANAGER, other, ANNA])
    assert code(journey.tells("hand_over", "manager", person="successor", reason="换岗")) is None
    assert journey.state.formerly == ("manager",)
    assert code(journey.tells("log_effort", "manager", **TODAY)) is None
    assert code(journey.tells("log_effort", "manager", **TODAY, person="anna")) == "not_your_hours"


@pytest.mark.parametrize(("days", "refused"), [(29, None), (31, "accounts_closed")])
def test_the_accounts_close_for_them_as_for_all(days: int, refused: str | None):
    journey = handed_over()
    for name, by in (("accept", "ben"), ("complete", "ben"), ("confirm", "asker")):
        assert code(journey.tells(name, by)) is None
    journey.changes(now=NOW + timedelta(days=days))
    assert code(journey.tells("log_effort", "anna", **TODAY)) == refused


def test_the_coordinator_logs_hours_for_who_has_or_had_a_seat():
    journey = handed_over()
    for person in ("anna", "ben"):
        (fact,) = journey.tells("log_effort", "manager", **TODAY, person=person).facts
        assert isinstance(fact, EffortLogged)
        assert (fact.by, fact.person) == ("manager", person)
    assert [(entry.by, entry.person) for entry in effort(journey).entries] == [("manager", "anna"), ("manager", "ben")]
    assert code(journey.tells("correct_effort", "anna", **{**TODAY, "number": 1, "hours": 0})) is None


@pytest.mark.parametrize(
    ("by", "person", "refused"),
    [
        ("manager", "carl", "never_seated"),
        ("manager", "asker", "never_seated"),
        ("ben", "anna", "not_your_hours"),
        ("asker", "ben", "not_your_hours"),
        ("ben", "ben", None),
    ],
)
def test_others_hours_are_logged_by_the_coordinator_alone_and_for_those_who_worked(by: str, person: str, refused: str | None):
    assert code(handed_over().tells("log_effort", by, **TODAY, person=person)) == refused


def test_a_day_has_no_more_than_its_hours_whoever_logs_them():
    journey = handed_over()
    journey.tells("log_effort", "manager", **{**TODAY, "hours": 20, "person": "anna"})
    assert code(journey.tells("log_effort", "anna", **{**TODAY, "hours": 4.25})) == "day_full"
