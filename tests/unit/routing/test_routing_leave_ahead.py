"""A leave that is yet to begin: nobody is sent to an appointment in it, and who is hardly there until the work is needed comes later."""

from datetime import date, datetime, timedelta

from services.routing.domain.reproducing import reproduced
from shared.schemas.model import Json
from shared.schemas.people import Leave, Person
from tests.unit.routing.routing_build import (
    MANAGER,
    NOW,
    Journey,
    a_context,
    a_person,
    a_request,
    an_engineer,
    kinds,
)

PITCH = {"start": "2027-03-08T09:00:00+08:00", "end": "2027-03-08T11:00:00+08:00", "place": "北京 国际大厦"}
OVER_THE_PITCH = (Leave(first=date(2027, 3, 8), last=date(2027, 3, 9)),)
BEN = an_engineer("ben")


def leaving(identity: str = "anna", leave: tuple[Leave, ...] = OVER_THE_PITCH, **changes: object) -> Person:
    return an_engineer(identity, leave=leave, **changes)


def a_presentation(*people: Person, where: Json = PITCH) -> Journey:
    journey = Journey(a_context(MANAGER, *people))
    journey.request = a_request("tech.presentation", details={"where": where, "mode": "group"})
    return journey


def needed(days: int, *people: Person) -> Journey:
    journey = Journey(a_context(MANAGER, *people))
    journey.request = a_request("tech.survey", needed_by=NOW + timedelta(days=days))
    journey.submitted()
    return journey


def test_nobody_is_sent_to_an_appointment_in_their_leave():
    journey = a_presentation(leaving(), BEN)
    journey.submitted()
    assert journey.supporters == ["ben"]
    assert journey.state.decisions[-1].excluded["leave_then"] == 1


def test_with_nobody_else_it_waits_and_says_why():
    journey = a_presentation(leaving())
    journey.submitted()
    assert journey.state.status == "waiting"
    said = journey.state.decisions[-1].explanation
    assert "约定时段休假" in said.zh
    assert "on leave at that time" in said.en


def test_the_day_of_the_leave_is_the_persons_own():
    """The eighth in Shanghai is still the seventh in New York, where the appointment is in the evening."""
    sunday = (Leave(first=date(2027, 3, 7), last=date(2027, 3, 7)),)
    assert a_presentation(leaving(leave=sunday)).submitted().reservations
    journey = a_presentation(leaving(leave=sunday, time_zone="America/New_York"))
    journey.submitted()
    assert journey.state.status == "waiting"


def test_who_works_no_more_until_it_is_needed_gets_no_work_by_choice_or_by_name():
    """Monday evening, needed on Friday, away from Tuesday on: there now, and yet never."""
    journey = Journey(a_context(MANAGER, leaving(leave=(Leave(first=date(2027, 3, 2), last=date(2027, 3, 20)),)), BEN))
    journey.changes(now=datetime.fromisoformat("2027-03-01T19:00:00+08:00"))
    journey.request = a_request("tech.survey", needed_by=datetime.fromisoformat("2027-03-05T18:00:00+08:00"))
    journey.submitted()
    assert journey.supporters == ["ben"]
    assert journey.state.decisions[-1].excluded["leave_then"] == 1
    assert journey.tells("hand_over", "manager", holder="ben", person="anna", reason="x").refusal is not None


def test_who_is_back_in_time_may_have_it():
    journey = needed(30, leaving(leave=(Leave(first=date(2027, 3, 2), last=date(2027, 3, 20)),)))
    assert journey.supporters == ["anna"]


def test_who_is_away_for_most_of_the_time_comes_after_who_is_there_and_the_record_can_be_worked_out_again():
    most = (Leave(first=date(2027, 3, 3), last=date(2027, 3, 12)),)
    journey = needed(11, leaving(leave=most, industries=("water",)), BEN)
    record = journey.state.decisions[-1]
    assert journey.supporters == ["ben"]
    anna = next(one for one in record.candidates if one.person == "anna")
    assert 0.5 < anna.inputs["absence"] < 1
    assert anna.parts["absence"] == -round(anna.inputs["absence"] * record.weights["absence"], 6)
    assert reproduced("R1", record) == record
    assert "absence" not in next(one for one in record.candidates if one.person == "ben").parts


def test_without_a_date_no_absence_counts():
    journey = Journey(a_context(MANAGER, leaving()))
    journey.submitted()
    assert journey.supporters == ["anna"]
    assert "absence" not in journey.state.decisions[-1].candidates[0].inputs


# -- entered later


def test_a_leave_entered_over_the_appointment_gives_the_seat_to_another_at_once():
    journey = a_presentation(an_engineer("anna"))
    journey.submitted()
    journey.changes(people=[MANAGER, leaving(), BEN])
    journey.wakes("away")
    assert journey.supporters == ["ben"]
    assert kinds(journey)[-1] == "SupportHandedOver"


def test_of_accepted_work_the_coordinator_is_told_once_with_the_days_and_who_stands_in_then():
    journey = a_presentation(an_engineer("anna"))
    journey.submitted()
    journey.tells("accept", "anna")
    deputy = a_person("deputy", "sales_manager")
    journey.changes(people=[MANAGER, leaving(delegate="deputy"), deputy])
    journey.wakes("away")
    assert journey.supporters == ["anna"]
    assert journey.said[-1].model_dump(include={"holder", "person", "since", "until"}) == {
        "holder": "anna",
        "person": "deputy",
        "since": date(2027, 3, 8),
        "until": date(2027, 3, 9),
    }
    journey.wakes("away")
    journey.changes(now=datetime.fromisoformat("2027-03-08T08:00:00+08:00"))
    journey.wakes("away")
    assert kinds(journey).count("AbsenceNoticed") == 1


def test_a_leave_beside_the_appointment_changes_nothing():
    journey = a_presentation(an_engineer("anna"))
    journey.submitted()
    said = list(journey.said)
    journey.changes(people=[MANAGER, leaving(leave=(Leave(first=date(2027, 3, 9), last=date(2027, 3, 9)),)), BEN])
    journey.wakes("away")
    assert journey.said == said


def test_an_amendment_that_moves_the_appointment_into_a_leave_gives_the_seat_to_another():
    journey = a_presentation(leaving(), where={**PITCH, "start": "2027-03-10T09:00:00+08:00", "end": "2027-03-10T11:00:00+08:00"})
    journey.submitted()
    assert journey.supporters == ["anna"]
    journey.changes(people=[MANAGER, leaving(), BEN])
    journey.amended(where=PITCH, mode="group")
    assert journey.supporters == ["ben"]
    assert kinds(journey)[-2:] == ["RequestAmended", "SupportHandedOver"]


def test_an_amendment_that_makes_somebody_free_for_it_finds_them_in_the_same_decision():
    journey = a_presentation(leaving())
    journey.submitted()
    assert journey.state.status == "waiting"
    decision = journey.amended(
        where={**PITCH, "start": "2027-03-10T09:00:00+08:00", "end": "2027-03-10T11:00:00+08:00"}, mode="group"
    )
    assert [type(fact).__name__ for fact in decision.facts] == ["RequestAmended", "SupportersAssigned"]
    assert [one.holder for one in decision.reservations] == ["anna"]
    assert (journey.state.status, journey.supporters) == ("assigned", ["anna"])


def test_an_amendment_that_helps_nobody_does_not_say_again_that_it_waits():
    journey = a_presentation(leaving())
    journey.submitted()
    decision = journey.amended(where=PITCH, mode="group")
    assert [type(fact).__name__ for fact in decision.facts] == ["RequestAmended"]
    assert journey.state.status == "waiting"


def test_nobody_is_their_own_stand_in_when_the_leave_begins_within_the_appointment():
    window = {**PITCH, "end": "2027-03-09T11:00:00+08:00"}
    second_day = (Leave(first=date(2027, 3, 9), last=date(2027, 3, 12)),)
    journey = a_presentation(an_engineer("anna"), where=window)
    journey.submitted()
    journey.tells("accept", "anna")
    journey.changes(people=[MANAGER, leaving(leave=second_day, delegate="deputy"), a_person("deputy", "sales_manager")])
    journey.wakes("away")
    assert journey.said[-1].model_dump(include={"holder", "person"}) == {"holder": "anna", "person": "deputy"}


def test_of_leaves_that_run_the_one_that_ends_last_is_told():
    two = (Leave(first=date(2027, 3, 1), last=date(2027, 3, 2)), Leave(first=date(2027, 3, 1), last=date(2027, 3, 20)))
    journey = a_presentation(an_engineer("anna"))
    journey.submitted()
    journey.tells("accept", "anna")
    journey.changes(people=[MANAGER, leaving(leave=two)])
    journey.wakes("away")
    assert journey.said[-1].model_dump(include={"until"}) == {"until": date(2027, 3, 20)}
