"""What a restored database has forgotten of a request comes back when its unit sends it again, and for nothing else."""

import pytest

from services.intake.domain.state import Private
from shared.schemas.intake import AmendmentRequested
from tests.builders import with_details
from tests.unit.intake.desk import Desk, amended
from tests.unit.intake.states import CLOSED, GOOD, OPEN, OTHER, a_desk


def forgetful(status: str) -> Desk:
    """A request whose private part went with the database."""
    desk = a_desk(status)
    desk.state = desk.state.model_copy(update={"private": Private()})
    return desk


@pytest.mark.parametrize("status", [*OPEN, *CLOSED])
def test_the_wording_that_stands_is_taken_again_and_nothing_is_said(status: str) -> None:
    desk, known = forgetful(status), a_desk(status).state.private.current
    said = list(desk.events)
    decision = desk.told("submit", GOOD)
    assert decision.answer == {"outcome": "accepted", "duplicate": True}
    assert desk.state.private.current == known
    assert desk.events == said


def test_another_wording_is_a_conflict_as_before_and_is_not_taken() -> None:
    desk = forgetful("assigned")
    refusal = desk.told("submit", OTHER).refusal
    assert refusal is not None
    assert refusal.code == "conflict"
    assert desk.state.private == Private()


def test_of_an_amended_request_the_older_wording_is_replaced_by_the_one_that_stands() -> None:
    desk = a_desk("assigned")
    older = desk.state.private
    desk.told("amend", {**OTHER})
    asked = desk.state.private.latest
    assert asked is not None
    desk.heard(amended(desk.events[-1].read_as(AmendmentRequested).request))
    assert desk.state.private.current == asked
    desk.state = desk.state.model_copy(update={"private": older})
    assert desk.told("submit", GOOD).answer == {"outcome": "accepted", "duplicate": True}
    assert desk.state.private == older, "the older wording stands for nothing, and sending it again changes nothing"
    desk.told("submit", OTHER)
    assert desk.state.private.current == asked


def test_a_request_that_forgot_nothing_takes_no_other_personal_values() -> None:
    desk = a_desk("assigned")
    before = desk.state.private
    desk.told("submit", with_details(GOOD, counterparts=["另一位"]))
    assert desk.state.private == before
