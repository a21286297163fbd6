"""What a restored database has forgotten of a request comes back when its unit sends it again, and for nothing else."""

import pytest

from services.intake.api.personal import personal_values
from services.intake.domain.state import Private
from shared.schemas.intake import AmendmentRequested
from tests.builders import the_pack, with_details
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


PACKS = {(the_pack().name, the_pack().version): the_pack()}


def put_back(desk: Desk, backup: Private) -> None:
    """All that was said is known again; of the private part there is what the backup had, and others may have come since."""
    desk.state = desk.state.model_copy(update={"private": backup.doubted()})


def stands(desk: Desk) -> None:
    """Routing lets what was asked for last stand."""
    desk.heard(amended(desk.events[-1].read_as(AmendmentRequested).request))


def test_after_an_amendment_since_the_backup_the_older_personal_values_are_served_no_more() -> None:
    desk = a_desk("assigned")
    backup = desk.state.private
    last = with_details(OTHER, counterparts=["新联系人"])
    desk.told("amend", last)
    stands(desk)
    values = personal_values(desk.state, PACKS)
    put_back(desk, backup)
    assert desk.state.private.current is None, "so that whoever asks for them waits"
    assert desk.told("submit", last).answer == {"outcome": "accepted", "duplicate": True}
    assert personal_values(desk.state, PACKS) == values
    assert (desk.state.private.filed_by, desk.state.private.channel) == ("harbour", "http")


def test_an_amendment_that_was_pending_in_the_backup_is_pending_no_more_and_the_last_wording_is_taken() -> None:
    desk = a_desk("assigned")
    one, two = (with_details(GOOD, purpose=purpose) for purpose in ("一", "二"))
    desk.told("amend", one)
    backup = desk.state.private
    stands(desk)
    desk.told("amend", two)
    stands(desk)
    known = desk.state.private
    put_back(desk, backup)
    assert not desk.state.amending
    refusal = desk.told("submit", one).refusal
    assert refusal is not None
    assert refusal.code == "conflict"
    assert desk.told("submit", two).answer == {"outcome": "accepted", "duplicate": True}
    assert desk.state.private == known


def test_where_only_personal_values_were_amended_since_they_are_taken_again() -> None:
    desk = a_desk("assigned")
    backup = desk.state.private
    last = with_details(GOOD, counterparts=["新联系人"])
    desk.told("amend", last)
    stands(desk)
    known = desk.state.private
    put_back(desk, backup)
    assert desk.told("submit", last).answer == {"outcome": "accepted", "duplicate": True}
    assert desk.state.private == known


def test_an_amendment_that_stands_and_whose_wording_was_lost_leaves_no_older_one_to_be_served() -> None:
    desk = a_desk("assigned")
    backup = desk.state.private
    last = with_details(OTHER, counterparts=["新联系人"])
    desk.told("amend", last)
    put_back(desk, backup)
    desk.told("submit", GOOD)
    assert desk.state.private.current == backup.current, "routing has not answered: the older one stands"
    stands(desk)
    assert desk.state.private.current is None
    desk.told("submit", last)
    assert personal_values(desk.state, PACKS)
