"""Somebody who has left holds up nothing: their seats go to others, and while nobody fits, the unit's leader may arrange it."""

import pytest

from shared.schemas.people import Person
from tests.unit.routing.routing_build import (
    AWAY,
    MANAGER,
    Journey,
    a_context,
    a_person,
    an_assigned,
    an_engineer,
    choosing_pack,
    kinds,
)
from tests.unit.routing.routing_room import ANNA, Room, a_survey

BEN = an_engineer("ben")
LEADER = a_person("boss", "bu_leader")
SECOND = a_person("second", "presales_manager", seats=60)


def gone(person: Person) -> Person:
    return person.model_copy(update={"active": False})


def changed(journey: Journey, *people: Person) -> None:
    journey.changes(people=people)
    journey.wakes("away")
    said = len(journey.said)
    journey.wakes("away")
    assert journey.said[said:] == []


@pytest.mark.parametrize("accepted", [False, True])
def test_the_work_of_a_supporter_who_has_left_goes_to_another_also_when_accepted(accepted: bool):
    journey = an_assigned(ANNA)
    if accepted:
        journey.tells("accept", "anna")
    changed(journey, MANAGER, gone(ANNA), BEN)
    assert journey.supporters == ["ben"]
    assert journey.said[-1].model_dump(include={"holder", "person"}) == {"holder": "anna", "person": "ben"}
    assert "离职" in journey.said[-1].reason


def test_with_nobody_to_follow_the_coordinator_is_told_once_and_hands_it_over_later():
    journey = an_assigned(ANNA)
    journey.tells("accept", "anna")
    changed(journey, MANAGER, gone(ANNA))
    assert kinds(journey).count("AbsenceNoticed") == 1
    assert journey.said[-1].model_dump(include={"holder", "left", "person"}) == {"holder": "anna", "left": True, "person": None}
    journey.changes(people=[MANAGER, gone(ANNA), BEN])
    assert journey.tells("hand_over", "manager", holder="anna", person="ben", reason="已离职").refusal is None
    assert journey.supporters == ["ben"]


def test_coordinating_of_somebody_who_has_left_goes_to_another_even_where_a_delegate_is_named():
    journey = an_assigned(ANNA)
    changed(journey, gone(MANAGER).model_copy(update={"delegate": "second"}), SECOND, ANNA)
    assert journey.coordinator == "second"


def test_while_nobody_can_coordinate_the_leader_of_the_unit_may_and_nobody_else():
    journey = an_assigned(ANNA)
    stranger = a_person("stranger", "bu_leader", unit="west")
    changed(journey, gone(MANAGER), ANNA, LEADER, stranger)
    assert journey.coordinator == "manager"
    journey.changes(people=[gone(MANAGER), ANNA, BEN, LEADER, stranger])
    for other in ("stranger", "ben"):
        assert journey.tells("hand_over", other, holder="anna", person="ben", reason="x").refusal is not None
    said = journey.tells("hand_over", "boss", holder="anna", person="ben", reason="x")
    assert said.refusal is None
    names = {"by": "boss", "holder": "anna", "on_behalf_of": "manager"}
    assert journey.said[-1].model_dump(include=set(names)) == names


def test_the_leader_arranges_nothing_while_somebody_coordinates():
    journey = an_assigned(ANNA)
    journey.changes(people=[MANAGER, ANNA, BEN, LEADER])
    assert journey.tells("hand_over", "boss", holder="anna", person="ben", reason="x").refusal is not None
    deputy = a_person("deputy", "sales_manager")
    journey.changes(people=[MANAGER.model_copy(update={"leave": AWAY, "delegate": "deputy"}), deputy, ANNA, BEN, LEADER])
    assert journey.tells("hand_over", "boss", holder="anna", person="ben", reason="x").refusal is not None
    assert journey.tells("hand_over", "deputy", holder="anna", person="ben", reason="x").refusal is None


def test_a_waiting_request_gets_another_coordinator_when_its_own_is_away():
    journey = Journey(a_context(MANAGER, pack=choosing_pack()))
    journey.submitted()
    assert journey.state.status == "waiting"
    journey.changes(people=[MANAGER.model_copy(update={"leave": AWAY}), SECOND])
    journey.wakes("away")
    assert (journey.coordinator, journey.state.status) == ("second", "waiting")
    journey.changes(people=[SECOND, BEN])
    journey.wakes()
    assert journey.supporters == ["ben"]


async def test_a_change_of_people_wakes_the_work_of_those_who_have_left():
    room = Room(people=[MANAGER, gone(ANNA), BEN])
    await room.keeps(a_survey("R1", ANNA), a_survey("R2", BEN))
    await room.surroundings.people_changed()
    await room.surroundings.quiet()
    assert room.woken == [(("R1",), "away")]


@pytest.mark.parametrize("accepted", [False, True])
def test_what_somebody_did_before_they_left_is_theirs(accepted: bool):
    journey = an_assigned(ANNA)
    if accepted:
        journey.tells("accept", "anna")
    changed(journey, MANAGER, gone(ANNA), BEN)
    assert journey.said[-1].model_dump(include={"accepted"}) == {"accepted": accepted}
