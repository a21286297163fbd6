"""Appointments, levels, languages and a fair share: who may have a seat, and who comes first among them."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from services.routing.domain import OpenLoad
from services.routing.domain.appointments import appointments, taken
from services.routing.domain.policy import AssignmentRules
from shared.catalogue import SupporterRole
from shared.ledger.messages import Booking
from shared.schemas.model import Json
from tests.unit.routing.routing_build import (
    MANAGER,
    NOW,
    PACK,
    POLICY,
    Journey,
    a_context,
    a_person,
    a_request,
    an_engineer,
)

ANNA, BEN = an_engineer("anna"), an_engineer("ben")
PITCH = {"start": "2027-03-08T09:00:00+08:00", "end": "2027-03-08T11:00:00+08:00", "place": "北京 国际大厦"}
VISIT = Booking(request="R0", start=NOW + timedelta(days=7), end=NOW + timedelta(days=7, hours=2), place="上海")
RULES = AssignmentRules(travel_minutes=180, remote_modes=("phone", "video"))


def a_presentation(mode: str = "group", where: Json | None = None, **changes: object) -> Journey:
    journey = Journey(a_context(MANAGER, ANNA, **changes))
    journey.request = a_request("tech.presentation", details={"where": where or PITCH, "mode": mode})
    return journey


def test_a_window_takes_supporters_away_and_the_coordinator_stays():
    journey = a_presentation()
    journey.submitted()
    booked = {one.holder: [(b.request, b.place) for b in one.bookings] for one in journey.reserved}
    assert booked == {"anna": [("R1", "北京国际大厦")], "manager": []}


def test_whoever_has_an_appointment_then_is_not_free_and_the_record_counts_it():
    journey = a_presentation(loads={"anna": OpenLoad(count=1, bookings=(VISIT,))})
    journey.submitted()
    assert journey.state.status == "waiting"
    record = journey.state.decisions[-1]
    assert record.excluded["booked"] == 1
    assert "已有安排" in record.explanation.zh
    assert "appointment" in record.explanation.en


def test_the_same_people_are_free_at_another_time():
    later = VISIT.start + timedelta(days=1)
    moved = Booking(request="R0", start=later, end=later + timedelta(hours=1), place="上海")
    journey = a_presentation(loads={"anna": OpenLoad(count=1, bookings=(moved,))})
    journey.submitted()
    assert journey.supporters == ["anna"]


def test_an_appointment_of_the_same_request_is_not_in_its_own_way():
    own = Booking(request="R1", start=VISIT.start, end=VISIT.end, place="上海")
    journey = a_presentation(loads={"anna": OpenLoad(count=1, bookings=(own,))})
    journey.submitted()
    assert journey.supporters == ["anna"]


def test_work_without_a_window_is_not_kept_from_whoever_is_booked():
    journey = Journey(a_context(MANAGER, ANNA, loads={"anna": OpenLoad(count=1, bookings=(VISIT,))}))
    journey.submitted()
    assert journey.supporters == ["anna"]


def test_one_batch_does_not_send_one_person_to_two_places():
    first = a_presentation()
    reservations = first.submitted().reservations
    second = a_presentation()
    second.subject, second.context = "R2", first.context.after(reservations)
    second.submitted()
    assert second.state.status == "waiting"


def test_who_coordinates_and_goes_in_one_step_is_booked():
    marketer = a_person("marketer", "bu_marketing", seats=60)
    journey = Journey(a_context(marketer), a_request("market.visit", details={"where": PITCH}))
    journey.submitted()
    assert [len(one.bookings) for one in journey.reserved] == [1]


@pytest.mark.parametrize("mode", ["phone", "video"])
def test_nobody_travels_to_a_call(mode: str):
    kind = PACK.types["tech.presentation"]
    (found,) = appointments("R1", a_presentation(mode).request, kind, RULES)
    assert found.place == ""


@pytest.mark.parametrize(
    "where",
    [
        {**PITCH, "start": "2027-03-08T09:00:00"},
        {**PITCH, "end": None},
        {"pointer": "personal/1"},
        {**PITCH, "start": ""},
        {**PITCH, "start": "next Monday at nine"},
        {**PITCH, "end": "9999-12-31"},
        {**PITCH, "end": "9999-12-31T23:59:59+08:00"},
        {**PITCH, "end": "9999-12-31T23:59:59-12:00"},
        {**PITCH, "end": "9999-12-31T23:59:59Z"},
        {**PITCH, "start": "0001-01-01"},
        {**PITCH, "start": "0001-01-01T00:00:00+14:00"},
    ],
)
def test_a_window_that_names_no_likely_moment_takes_nobody_away(where: Json):
    journey = a_presentation(where=where)
    assert appointments("R1", journey.request, PACK.types["tech.presentation"], RULES) == ()
    journey.submitted()
    assert journey.supporters == ["anna"]


@pytest.mark.parametrize("offset", [-12, 0, 14])
def test_an_appointment_at_either_end_of_all_time_is_compared_with(offset: int):
    zone = timezone(timedelta(hours=offset))
    last = Booking(request="R0", start=VISIT.end, end=datetime(9999, 12, 31, 23, 59, 59, tzinfo=zone), place="上海")
    first = Booking(request="R1", start=datetime(1, 1, 1, tzinfo=zone), end=VISIT.end, place="北京")
    assert taken([first], [last], RULES.travel)
    assert not taken([replace(first, place="")], [last], RULES.travel)


def test_a_record_of_what_happened_takes_nobody_away():
    request = a_request("tech.survey", details={"where": PITCH})
    assert appointments("R1", request, PACK.types["tech.survey"], RULES) == ()


# -- levels


def with_levels(**levels: int) -> Journey:
    seat = SupporterRole(role="presales_engineer", skills=("analysis", "writing"), levels=levels)
    kind = PACK.types["tech.survey"].model_copy(update={"supporters": (seat,)})
    pack = PACK.model_copy(update={"types": {**PACK.types, "tech.survey": kind}})
    expert = an_engineer("expert", skills={"analysis": 3, "writing": 1})
    return Journey(a_context(MANAGER, ANNA, expert, pack=pack))


def test_a_seat_may_ask_for_a_level_of_each_skill():
    journey = with_levels(analysis=3)
    journey.submitted()
    assert journey.supporters == ["expert"]
    record = journey.state.decisions[-1]
    assert (record.excluded["level"], record.skills) == (1, {"analysis": 3, "writing": 1})


def test_nobody_of_the_level_means_waiting_with_the_reason():
    journey = with_levels(analysis=3, writing=2)
    journey.submitted()
    assert journey.state.status == "waiting"
    assert "级别不足" in journey.state.decisions[-1].explanation.zh


@pytest.mark.parametrize("levels", [{"bidding": 2}, {"analysis": 0}, {"analysis": 4}])
def test_a_level_belongs_to_a_wanted_skill_and_is_1_to_3(levels: dict[str, int]):
    with pytest.raises(ValueError, match="levels"):
        SupporterRole(role="presales_engineer", skills=("analysis",), levels=levels)


def test_a_colleague_named_for_a_seat_needs_its_levels_too():
    journey = with_levels(analysis=3)
    journey.submitted()
    refused = journey.tells("hand_over", "expert", person="anna", reason="出差")
    assert refused.refusal is not None
    assert "级别不足" in refused.refusal.message.zh


# -- language and a fair share


@pytest.mark.parametrize("speaker", ["anna", "ben"])
def test_whoever_speaks_the_requests_language_goes_first(speaker: str):
    people = [an_engineer(one, languages=("en",) if one == speaker else ()) for one in ("anna", "ben")]
    journey = Journey(a_context(MANAGER, *people), a_request(locale="en"))
    journey.submitted()
    assert journey.supporters == [speaker]


@pytest.mark.parametrize(("much", "little"), [("anna", "ben"), ("ben", "anna")])
def test_of_those_with_equal_open_work_whoever_was_given_less_of_late_goes_first(much: str, little: str):
    journey = Journey(a_context(MANAGER, ANNA, BEN, loads={much: OpenLoad(recent=20.0), little: OpenLoad(recent=1.0)}))
    journey.submitted()
    assert journey.supporters == [little]
    best = journey.state.decisions[-1].candidates[0]
    half = POLICY.assignment.fairness_half
    assert best.parts["fairness"] == pytest.approx(POLICY.assignment.fairness * half / (half + 1.0), abs=1e-6)
