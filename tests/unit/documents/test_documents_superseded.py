"""Which files say what a request no longer says."""

from tests.builders import a_body
from tests.unit.documents.test_documents_domain import Room
from tests.unit.intake.desk import ASSIGNED, COMPLETED, COORDINATED, WORKING, amended


def superseded(room: Room) -> dict[int, set[bool]]:
    state = room.state
    return {made.version: {state.superseded(one) for one in state.made if one.version == made.version} for made in state.made}


def test_what_was_made_before_is_superseded_from_the_moment_the_amendment_stands():
    room = Room(a_body("tech.proposal")).hear(COORDINATED, ASSIGNED, WORKING).make()
    assert superseded(room) == {1: {False}}
    assert room.state.request is not None
    room.hear(amended(room.state.request))
    assert superseded(room) == {1: {True}}, "also while the next version is made"
    room.make()
    assert superseded(room) == {1: {True}, 2: {False}}
    room.hear(COMPLETED)
    assert superseded(room) == {1: {True}, 2: {False}}


def test_what_is_made_of_completed_work_is_not_superseded_by_what_was_amended_before():
    room = Room(a_body("tech.survey")).hear(COORDINATED, ASSIGNED, WORKING)
    assert room.state.request is not None
    room.hear(amended(room.state.request), COMPLETED).make()
    assert superseded(room) == {1: {False}}
