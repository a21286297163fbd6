"""The plan of a bid: backwards in working time, and an answer to whether the dates can be met, whatever was written."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from services.routing.domain import OpenLoad, State
from services.routing.domain.bidding.policy import BiddingPolicy
from services.routing.domain.bidding.schedule import Anchors, backwards, known_zone, working_time
from services.routing.domain.seating import seating
from shared.schemas.people import BusinessUnit, Text
from tests.unit.routing.bids import DUE, PITCH, TEAM, a_bid, a_child, at, details, part_of, the_plan
from tests.unit.routing.routing_build import NOW, PACK, POLICY, a_context, a_customer_in, an_engineer

BIDDING = POLICY.bidding
MOMENTS = st.integers(min_value=1, max_value=90 * 24 * 60).map(lambda minutes: NOW + timedelta(minutes=minutes))
ZONES = st.sampled_from(["Asia/Shanghai", "Asia/Singapore", "Europe/Berlin", "America/New_York"])


def in_zone(zone: str):
    context = a_context(*TEAM)
    unit = BusinessUnit(code="east", name=Text(zh="华东", en="East"), time_zone=zone, region="east")
    return a_context(*TEAM, directory=context.directory.with_entries([unit]))


# -- properties


@settings(max_examples=150, deadline=None)
@given(due=MOMENTS, after=st.integers(min_value=0, max_value=5 * 24 * 60), zone=ZONES)
def test_no_part_is_due_after_what_builds_on_it_starts_and_all_lies_in_working_time(due: datetime, after: int, zone: str):
    pitch = due + timedelta(minutes=after)
    made = the_plan(in_zone(zone), details=details(due.isoformat(), pitch.isoformat()))
    time, parts = working_time(BIDDING, zone), {part.part: part for part in made.parts}
    assert parts.keys() == BIDDING.parts.keys()
    for part in parts.values():
        assert all(parts[before].due <= part.latest_start for before in part.after)
        assert time.working(part.latest_start)
        assert time.working(part.due - timedelta(minutes=1)) or time.working(part.due)
        assert time.between(part.latest_start, part.due) == timedelta(hours=part.hours)
        assert part.due <= (made.hand_in if part.part != "pitch" else pitch)


@settings(max_examples=100, deadline=None)
@given(due=MOMENTS, later=st.integers(min_value=0, max_value=30 * 24 * 60))
def test_a_later_deadline_makes_no_part_and_no_verdict_worse(due: datetime, later: int):
    order = ["cannot", "only_if", "can"]
    plans = [
        the_plan(details=details(when.isoformat(), (when + timedelta(days=1)).isoformat()))
        for when in (due, due + timedelta(minutes=later))
    ]
    lacking = [{part.part: part.lacking_hours for part in made.parts} for made in plans]
    assert all(lacking[1][name] <= hours for name, hours in lacking[0].items())
    assert order.index(plans[0].verdict) <= order.index(plans[1].verdict)


def test_a_schedule_by_which_nothing_waits_would_be_noticed():
    loose = {name: part.model_copy(update={"after": ()}) for name, part in BIDDING.parts.items()}
    time = working_time(BIDDING, "Asia/Shanghai")
    made = the_plan()
    assert made.hand_in is not None
    slots = backwards(time, loose, Anchors(hand_in=made.hand_in, pitch=made.hand_in))
    assert slots["survey"].due > slots["proposal"].start  # negative control: with dependencies it is not


# -- the shipped example


def test_the_plan_of_a_bid_in_three_weeks_can_be_met_and_names_people():
    made = the_plan()
    assert (made.verdict, made.faults, made.conflicts) == ("can", (), ())
    assert made.message.zh == "可以按期完成。"
    assert made.hand_in == at("2027-03-25T09:00:00+08:00")
    assert {helper.person for helper in part_of(made, "test").helpers} == {"tess"}
    assert made.provisional  # the notice for 2027 is not published


def test_holidays_are_not_worked():
    """国庆 2026: before the 8th of October comes the 30th of September."""
    context = a_context(*TEAM, now=datetime(2026, 9, 1, 1, tzinfo=UTC))
    made = the_plan(context, details=details("2026-10-09T09:00:00+08:00", "2026-10-12T09:00:00+08:00"))
    assert made.hand_in == at("2026-09-30T17:30:00+08:00")
    starts = {part.latest_start.astimezone(UTC).date() for part in made.parts} | {part.due.date() for part in made.parts}
    assert not [day for day in starts if day.month == 10 and day.day in range(1, 8)]


def test_what_has_to_move_is_named_with_its_hours():
    made = the_plan(details=details("2027-03-11T09:30:00+08:00", "2027-03-11T14:00:00+08:00"))
    late = [part for part in made.parts if not part.feasible]
    assert made.verdict == "only_if"
    assert [part.part for part in late] == ["survey"]
    assert f"“需求调研”最迟开始时间已过 {late[0].lacking_hours:g} 个工作小时" in made.message.zh
    assert f"“Survey” starts {late[0].lacking_hours:g} working hours too late" in made.message.en


def test_what_cannot_even_be_squeezed_in_cannot_be_met():
    made = the_plan(details=details("2027-03-03T09:30:00+08:00", "2027-03-03T14:00:00+08:00"))
    assert made.verdict == "cannot"
    assert made.message.zh.startswith("无法按期完成：")
    assert made.message.en.startswith("The dates cannot be met: ")


def test_who_is_full_is_named():
    full = {"tess": OpenLoad(count=99, weight=99.0)}
    made = the_plan(a_context(*TEAM, loads=full))
    assert made.verdict == "only_if"
    assert part_of(made, "test").full == {"test_engineer": 1}
    assert "“系统测试”没有可用的测试工程师（1 人已满）" in made.message.zh
    assert "nobody can take “System test” as Test engineer (1 full)" in made.message.en


def test_whoever_could_take_a_part_is_whom_its_seats_would_be_offered_to():
    context = a_context(*TEAM, *(an_engineer(f"e{number}") for number in range(30)))
    filed = a_bid().model_copy(update={"type": "tech.survey", "details": {}})
    seats = seating("R1/survey", State(request=filed, policy=PACK.pin), context)
    (offer,) = seats.offers(seats.vacancies(), ())
    wanted = [(one.person, "presales_engineer", one.open_load) for one in offer.candidates[: BIDDING.helpers]]
    assert [(one.person, one.role, one.open_load) for one in part_of(the_plan(context), "survey").helpers] == wanted


def test_a_completed_survey_of_the_opportunity_is_not_done_again():
    done = a_child("x", "tech.survey", "confirmed")
    made = the_plan(None, done)
    assert (part_of(made, "survey").status, part_of(made, "survey").request) == ("delivered", "id-of-x")
    assert part_of(made, "proposal").latest_start == part_of(the_plan(), "proposal").latest_start


def test_a_survey_that_was_withdrawn_does_not_count():
    made = the_plan(None, a_child("x", "tech.survey", "withdrawn"))
    assert part_of(made, "survey").status == "planned"


def test_somebody_needed_in_two_places_at_once_is_shown():
    both = (a_child("proposal", "tech.proposal", "working", ("anna", "presales_engineer")),)
    made = the_plan(None, *both, a_child("test", "tech.test", "working", ("anna", "presales_engineer")))
    assert [(one.kind, one.person, one.parts) for one in made.conflicts] == [("twice", "anna", ("proposal", "test"))]
    apart = the_plan(None, *both, a_child("price", "business.price", "working", ("anna", "department_reviewer")))
    assert apart.conflicts == ()  # negative control: one after the other


def test_travel_to_a_pitch_elsewhere_comes_before_what_is_due_then():
    seated = [a_child(name, kind, "working", ("anna", "presales_engineer")) for name, kind in (("test", "tech.test"),)]
    seated.append(a_child("pitch", "tech.presentation", "working", ("anna", "presales_engineer")))
    pitch = "2027-03-25T09:30:00+08:00"  # before the deadline, so that the test is under way while they travel
    away = the_plan(in_zone("Asia/Shanghai"), *seated, details=details(DUE, pitch), opportunity=a_customer_in("north"))
    assert away.travels
    assert [one.person for one in away.conflicts if one.kind == "travel"] == ["anna"]
    at_home = the_plan(in_zone("Asia/Shanghai"), *seated, details=details(DUE, pitch), opportunity=a_customer_in("east"))
    assert not at_home.travels
    assert part_of(away, "pitch").due < part_of(at_home, "pitch").due
    assert [one for one in at_home.conflicts if one.kind == "travel"] == []


# -- hostile


@pytest.mark.parametrize(
    ("due", "pitch", "fault", "verdict"),
    [
        ("2027-02-01T09:30:00+08:00", PITCH, "due_past", "cannot"),
        ("0001-01-01T00:00:00+00:00", PITCH, "due_past", "cannot"),
        ("9999-12-31T23:59:59+00:00", PITCH, "due_out_of_range", "cannot"),
        (DUE, "9999-12-31T23:59:59+00:00", "due_out_of_range", "cannot"),
        (DUE, "2027-02-01T09:30:00+08:00", "pitch_past", "cannot"),
        (DUE, "2027-03-25T09:30:00+08:00", "pitch_before_due", "only_if"),
        (None, PITCH, "no_due", "cannot"),
        ("tomorrow", PITCH, "no_due", "cannot"),
        ("2027-03-26T09:30:00", PITCH, "no_due", "cannot"),
        (["2027"], {"a": 1}, "no_due", "cannot"),
    ],
)
def test_dates_that_make_no_sense_are_said_to_and_break_nothing(due: object, pitch: object, fault: str, verdict: str):
    made = the_plan(details=details(due, pitch))
    assert (made.faults, made.verdict) == ((fault,), verdict)
    assert made.message.zh
    assert bool(made.parts) == (fault == "pitch_before_due")


@pytest.mark.parametrize("zone", ["Mars/Olympus", "", "../../etc/passwd", "Asia", "a\0b", 7, ["Asia/Shanghai"], "北京"])
def test_an_unknown_zone_is_said_and_the_policys_own_is_used(zone: object):
    made = the_plan(details=details(time_zone=zone))
    assert (made.faults, made.zone, made.verdict) == (("unknown_zone",), "Asia/Shanghai", "can")
    assert "时区" in made.message.zh
    assert not known_zone(zone)
    if isinstance(zone, str):
        assert the_plan(in_zone(zone)).zone == "Asia/Shanghai"


def test_details_that_are_nothing_at_all_give_a_plan_that_says_so():
    assert the_plan(details={}).faults == ("no_due",)
    assert the_plan(details={"due": DUE, "pitch": "someday"}).faults == ()


@pytest.mark.parametrize(
    "change",
    [
        {"parts": {"b": {"type": "t", "zh": "乙", "en": "b", "hours": 1, "after": ["a"]}}},
        {"parts": {"a": {"type": "t", "zh": "甲", "en": "a", "hours": 1, "after": ["a"]}}},
        {"parts": {"a": {"type": "t", "zh": "甲", "en": "a", "hours": 0}}},
        {"week": {}},
        {"week": {"mon": ["18:00-09:00"]}},
        {"squeeze": 0},
        {"unknown": 1},
    ],
)
def test_a_policy_that_cannot_be_planned_by_is_refused(change: dict[str, object]):
    sound = BIDDING.model_dump()
    assert BiddingPolicy.model_validate(sound) == BIDDING
    with pytest.raises(ValidationError):
        BiddingPolicy.model_validate({**sound, **change})
