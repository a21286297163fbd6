"""Who could take a part of a bid is asked for the time at which it is worked on: leave, appointments, the pitch itself."""

from datetime import date
from typing import Any

import pytest

from services.routing.domain import OpenLoad
from services.routing.domain.appointments import appointments, taken
from shared.ledger.messages import Booking
from shared.schemas.bidding import BidPlan
from shared.schemas.people import Leave, Person
from tests.unit.routing.bids import TEAM, a_bid, a_child, at, details, part_of, the_plan
from tests.unit.routing.routing_build import NOW, PACK, POLICY, Journey, a_context, a_request

MARCH = (Leave(first=date(2027, 3, 5), last=date(2027, 3, 31)),)
PITCHED = details(end="2027-03-26T16:00:00+08:00")


def away(leave: tuple[Leave, ...], *people: str) -> tuple[Person, ...]:
    """The team, of which `people` (all of it when none is named) are away."""
    return tuple(one.model_copy(update={"leave": leave}) if not people or one.id in people else one for one in TEAM)


def booked(
    *people: str, request: str = "other", start: str = "13:00", end: str = "18:00", place: str = "他市"
) -> dict[str, OpenLoad]:
    times = (at(f"2027-03-26T{hour}:00+08:00") for hour in (start, end))
    booking = Booking(request=request, start=next(times), end=next(times), place=place)
    return dict.fromkeys(people, OpenLoad(count=1, weight=1.0, bookings=(booking,)))


def pitched(loads: dict[str, OpenLoad], **changes: Any) -> BidPlan:
    return the_plan(a_context(*TEAM, loads=loads), **{"details": PITCHED, **changes})


def test_a_bid_for_which_everybody_is_on_leave_cannot_be_met_as_things_stand():
    made = the_plan(a_context(*away(MARCH)))
    assert made.verdict == "only_if"
    assert not [part.part for part in made.parts if part.helpers]
    assert all(part.unfilled for part in made.parts)
    assert part_of(made, "test").kept_from == {"test_engineer": {"on_leave": 1}}
    assert "“系统测试”没有可用的测试工程师（1 人休假且无人代理）" in made.message.zh
    assert "nobody can take “System test” as Test engineer (1 are away with nobody standing in)" in made.message.en


def test_a_leave_that_is_over_before_a_part_is_worked_on_keeps_nobody_from_it():
    back = (Leave(first=date(2027, 2, 20), last=date(2027, 3, 3)),)
    made = the_plan(a_context(*away(back)))
    assert made.verdict == "can"
    assert all(part.helpers for part in made.parts)


def test_whoever_is_there_takes_the_part_of_who_is_not():
    made = the_plan(a_context(*away(MARCH, "anna")))
    assert made.verdict == "can"
    assert {helper.person for helper in part_of(made, "proposal").helpers} == {"ben"}


def test_people_who_are_elsewhere_at_the_hour_of_the_pitch_cannot_take_it():
    made = pitched(booked("anna", "ben"))
    pitch = part_of(made, "pitch")
    assert (made.verdict, pitch.helpers, pitch.unfilled) == ("only_if", (), ("presales_engineer",))
    assert pitch.kept_from == {"presales_engineer": {"booked": 2}}
    assert "（2 人该时段（含路程）已有安排）" in made.message.zh
    assert "(2 have an appointment at that time or are on the way to one)" in made.message.en
    assert part_of(made, "proposal").helpers
    real = Journey(
        a_context(*TEAM, loads=booked("anna", "ben")), a_request("tech.presentation", details={"where": PITCHED["pitch"]})
    )
    real.submitted()
    assert real.state.status == "waiting"  # what the plan foretells
    one = pitched(booked("anna"))
    assert (one.verdict, {helper.person for helper in part_of(one, "pitch").helpers}) == ("can", {"ben"})


def test_a_pitch_of_which_only_the_start_is_known_is_that_moment_at_least():
    pitch = {"start": "2027-03-26T14:00:00+08:00", "place": "岚港"}
    made = pitched(booked("anna", "ben"), details={**details(), "pitch": pitch})
    assert part_of(made, "pitch").unfilled == ("presales_engineer",)


def test_the_mode_of_a_pitch_counts_where_the_policy_fills_it():
    bidding = POLICY.bidding
    remote = bidding.parts["pitch"].model_copy(update={"fill": {**bidding.parts["pitch"].fill, "mode": "video"}})
    policy = POLICY.model_copy(update={"bidding": bidding.model_copy(update={"parts": {**bidding.parts, "pitch": remote}})})
    near = booked("anna", "ben", start="10:00", end="13:30")
    assert part_of(pitched(near), "pitch").unfilled  # there is no time for the way
    assert not part_of(the_plan(a_context(*TEAM, loads=near, policy=policy), details=PITCHED), "pitch").unfilled


def test_who_goes_to_the_pitch_for_the_bid_may_have_its_part_for_the_pitch():
    at_it = booked("anna", "ben", request="R1", start="14:00", end="16:00", place="岚港市三楼")
    assert pitched(at_it).verdict == "can"
    source = a_request().source.model_copy(update={"system": "backline.bid", "reference": "R1/pitch"})
    part = a_request("tech.presentation", source=source, details={"where": PITCHED["pitch"]})
    wanted = appointments("C1", part, PACK.types["tech.presentation"], POLICY.assignment)
    assert [one.within for one in wanted] == ["R1"]
    assert not taken(wanted, at_it["anna"].bookings, POLICY.assignment.travel)
    journey = Journey(a_context(*TEAM, loads=at_it), part, subject="C1")
    journey.submitted()
    assert journey.state.status == "assigned"
    plain = Journey(a_context(*TEAM, loads=at_it), part.model_copy(update={"source": a_request().source}), subject="C1")
    plain.submitted()
    assert plain.state.status == "waiting"  # the control


@pytest.mark.parametrize(
    ("people", "loads", "kind"),
    [(away(MARCH, "anna"), {}, "leave_then"), (TEAM, booked("anna"), "booked")],
    ids=["leave", "booked"],
)
def test_who_has_a_part_and_is_away_when_it_is_worked_on_is_a_conflict(people: tuple[Person, ...], loads: Any, kind: str):
    seated = a_child("pitch", "tech.presentation", "assigned", ("anna", "presales_engineer"))
    made = the_plan(a_context(*people, loads=loads), seated, details=PITCHED)
    assert [(one.kind, one.person, one.parts) for one in made.conflicts] == [(kind, "anna", ("pitch",))]
    assert "anna" in made.conflicts[0].message.zh
    assert "另有 1 处人员冲突" in made.message.zh
    assert the_plan(a_context(*TEAM), seated, details=PITCHED).conflicts == ()


def test_nothing_but_the_moment_moves_for_a_plan_in_which_nobody_is_away():
    context = a_context(*TEAM)
    assert the_plan(context) == the_plan(a_context(*away((Leave(first=date(2026, 1, 1), last=date(2026, 1, 2)),))))
    assert context.now == NOW
    assert a_bid().details["due"] == details()["due"]
