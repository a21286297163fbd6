"""People who are away while they have a part in a request: who takes over, who is told, and nothing twice."""

from datetime import date, timedelta

from services.routing.domain.standing_in import acts_for, stand_in
from shared.catalogue import read_directory
from shared.schemas.people import Delegation, Leave, Person
from shared.schemas.routing import EscalatedToCoordinator, EscalatedToLeader
from shared.schemas.service_levels import ServiceLevelBreached, ServiceLevelWarned
from tests.unit.routing.routing_build import (
    AWAY,
    MANAGER,
    NOW,
    Journey,
    a_context,
    a_directory,
    a_person,
    an_assigned,
    an_engineer,
    choosing_pack,
    kinds,
)
from tests.unit.routing.routing_room import ANNA, Room, a_survey

BEN = an_engineer("ben")
OF_CLOCKS = (ServiceLevelWarned, ServiceLevelBreached, EscalatedToCoordinator, EscalatedToLeader)
"""What the hour brings besides: a wake-up does one thing after the other."""
DEPUTY = a_person("deputy", "sales_manager", skills={"analysis": 2})


def leaves(journey: Journey, person: Person, *others: Person, manager: Person = MANAGER) -> None:
    """`person` enters a leave, and everybody concerned is looked at twice."""
    journey.changes(people=[manager, person, *others])
    journey.wakes("away")
    said = len(journey.said)
    journey.wakes("away")
    assert not [fact for fact in journey.said[said:] if not isinstance(fact, OF_CLOCKS)], "the same is said once"


def away(identity: str = "anna", **changes: object) -> Person:
    return an_engineer(identity, leave=AWAY, **changes)


# -- a leave entered later


def test_a_seat_not_yet_accepted_goes_to_whoever_stands_in_with_both_names():
    journey = an_assigned(ANNA)
    leaves(journey, away(delegate="deputy"), DEPUTY, BEN)
    (seat,) = journey.state.supporters
    assert (seat.person, seat.stands_in_for, journey.state.status) == ("deputy", "anna", "assigned")
    assert journey.said[-1].model_dump(include={"by", "holder", "person", "cause"}) == {
        "by": "policy",
        "holder": "anna",
        "person": "deputy",
        "cause": "leave",
    }
    assert journey.reserved[-1].holder == "deputy"


def test_with_nobody_standing_in_it_goes_to_the_best_of_the_others_with_the_record_of_that_choice():
    journey = an_assigned(ANNA)
    leaves(journey, away(), BEN)
    assert journey.supporters == ["ben"]
    assert journey.state.decisions[-1].chosen == ("ben",)
    assert journey.state.decisions[-1].excluded["on_leave"] == 1


def test_with_nobody_at_all_its_coordinator_is_asked():
    journey = an_assigned(ANNA)
    leaves(journey, away())
    assert journey.supporters == ["anna"]
    assert kinds(journey)[-1] == "AbsenceNoticed"
    assert journey.said[-1].model_dump(include={"holder", "person", "until"}) == {
        "holder": "anna",
        "person": None,
        "until": AWAY[0].last,
    }


def test_accepted_work_stays_and_its_coordinator_is_told_who_stands_in():
    journey = an_assigned(ANNA)
    journey.tells("accept", "anna")
    leaves(journey, away(delegate="deputy"), DEPUTY, BEN)
    assert (journey.supporters, journey.state.status) == (["anna"], "working")
    assert journey.said[-1].model_dump(include={"holder", "person"}) == {"holder": "anna", "person": "deputy"}
    assert journey.tells("complete", "deputy", note="已提交", result={}).refusal is None


def test_a_later_leave_of_the_same_person_is_said_again():
    journey = an_assigned(ANNA)
    journey.tells("accept", "anna")
    leaves(journey, away())
    journey.changes(now=NOW + timedelta(days=40))
    leaves(journey, an_engineer("anna", leave=(Leave(first=date(2027, 4, 1), last=date(2027, 4, 20)),)))
    assert kinds(journey).count("AbsenceNoticed") == 2


def test_coordinating_goes_to_another_when_nobody_stands_in():
    journey = an_assigned(ANNA)
    other = a_person("other", "presales_manager", seats=60)
    leaves(journey, ANNA, other, manager=MANAGER.model_copy(update={"leave": AWAY}))
    assert journey.coordinator == "other"
    assert kinds(journey)[-1] == "CoordinationHandedOver"


def test_coordinating_stays_while_somebody_stands_in():
    journey = an_assigned(ANNA)
    before = list(journey.said)
    leaves(journey, ANNA, DEPUTY, manager=MANAGER.model_copy(update={"leave": AWAY, "delegate": "deputy"}))
    assert (journey.coordinator, journey.said) == ("manager", before)


def test_while_everybody_is_there_nothing_is_said():
    journey = an_assigned(ANNA)
    before = list(journey.said)
    leaves(journey, ANNA, BEN)
    assert journey.said == before


async def test_a_change_of_people_wakes_the_work_of_those_who_are_away_alone():
    room = Room(people=[MANAGER, away(), BEN])
    await room.keeps(a_survey("R1", ANNA), a_survey("R2", BEN))
    await room.surroundings.people_changed()
    await room.surroundings.quiet()
    assert room.woken == [(("R1",), "away")]


# -- for certain days


def test_a_delegation_for_certain_days_comes_before_the_lasting_one_and_ends():
    plan = (Delegation(delegate="first", first=date(2027, 3, 1), last=date(2027, 3, 5)),)
    anna = away(delegate="second", delegations=plan)
    directory = a_directory(anna, an_engineer("first"), an_engineer("second"))
    on = {day: stand_in(anna, directory, NOW + timedelta(days=day)) for day in (0, 4, 5)}
    assert {day: person.id if person else None for day, person in on.items()} == {0: "first", 4: "first", 5: "second"}


def test_delegations_are_followed_on_and_never_round():
    plan = (Delegation(delegate="ben", first=date(2027, 3, 1), last=date(2027, 3, 5)),)
    anna = away(delegations=plan)
    on = a_directory(anna, away("ben", delegate="deputy"), DEPUTY)
    assert acts_for("deputy", "anna", on, NOW)
    assert not acts_for("ben", "anna", on, NOW)
    assert stand_in(anna, a_directory(anna, away("ben", delegate="anna")), NOW) is None


# -- what an import refuses


def problems(*people: dict[str, object]) -> dict[str, str]:
    content = {
        "business_units": [{"code": "east", "name": {"zh": "华东", "en": "East"}}],
        "people": [{"name": "N", "email": "n@east.example", "business_unit": "east", **person} for person in people],
    }
    return {problem.field: problem.message.zh for problem in read_directory(content)[2]}


def plan(delegate: str, first: str, last: str) -> dict[str, str]:
    return {"delegate": delegate, "first": first, "last": last}


def test_a_circle_on_some_day_is_refused_with_the_day():
    found = problems(
        {"id": "a", "delegations": [plan("b", "2027-03-01", "2027-03-10")]},
        {"id": "b", "delegations": [plan("a", "2027-03-08", "2027-03-20")]},
    )
    assert set(found) == {"people.a.delegations", "people.b.delegations"}
    assert "2027-03-08" in found["people.a.delegations"]


def test_a_circle_of_a_lasting_delegate_and_one_for_some_days_is_refused():
    found = problems({"id": "a", "delegate": "b"}, {"id": "b", "delegations": [plan("a", "2027-03-08", "2027-03-20")]})
    assert "people.a.delegations" in found


def test_the_same_people_for_each_other_on_different_days_are_no_circle():
    found = problems(
        {"id": "a", "delegations": [plan("b", "2027-03-01", "2027-03-07")]},
        {"id": "b", "delegations": [plan("a", "2027-03-08", "2027-03-20")]},
    )
    assert found == {}


def test_somebody_unknown_and_an_end_before_the_start_are_refused():
    found = problems(
        {"id": "a", "delegations": [plan("ghost", "2027-03-01", "2027-03-07"), plan("a", "2027-03-08", "2027-03-01")]}
    )
    assert "people.a.delegations.0.delegate" in found
    assert "people.a.delegations.1" in found


def test_a_coordinator_who_is_away_before_choosing_is_followed_by_another():
    journey = Journey(a_context(MANAGER, an_engineer("anna"), BEN, pack=choosing_pack("tech.survey")))
    journey.submitted()
    assert journey.state.status == "choosing"
    second = a_person("second", "presales_manager")
    leaves(journey, an_engineer("anna"), BEN, second, manager=MANAGER.model_copy(update={"leave": AWAY}))
    assert (journey.coordinator, journey.state.status) == ("second", "choosing")


def test_who_declined_the_seat_does_not_get_it_back_by_standing_in():
    journey = an_assigned(an_engineer("anna"), BEN)
    (first,) = journey.supporters
    other = "ben" if first == "anna" else "anna"
    journey.tells("decline", first, reason="出差")
    assert journey.supporters == [other]
    leaves(journey, away(other, delegate=first), an_engineer(first))
    assert journey.supporters == [other]
    assert first in journey.state.declined
