"""The clocks of a request on its way: warned, breached, told one step above; halted, resumed, and reckoned anew."""

from dataclasses import replace
from datetime import date

import pytest

from services.routing.domain import RoutingDomain
from services.routing.domain.hours import Calendar
from services.routing.domain.policy import ServiceLevels
from shared.calendar import Almanac, read_almanac
from shared.schemas.model import Text
from shared.schemas.people import Leave
from shared.schemas.routing import SupportersAssigned
from tests.unit.routing.clocked import MONDAY, Clocked, a_journey, clock, operated, shanghai
from tests.unit.routing.routing_build import (
    CALENDAR,
    MANAGER,
    POLICY,
    a_context,
    an_assigned,
    an_engineer,
    kinds,
)

ANNA, BEN = an_engineer("anna"), an_engineer("ben")


def test_clocks_start_with_the_seat_in_working_time_and_are_in_the_fact() -> None:
    journey = a_journey()
    assert clock(journey, "response").due == shanghai(3, 2, 18)
    assert clock(journey, "delivery").due == shanghai(3, 6, 18)
    said = next(fact for fact in journey.said if isinstance(fact, SupportersAssigned))
    assert [due.clock for due in said.clocks] == ["response", "delivery"]
    assert not journey.state.clocks.provisional
    assert RoutingDomain().wake_at(journey.state) == shanghai(3, 2, 16)


def test_a_response_is_warned_of_then_breached_then_told_one_step_above_after_the_other() -> None:
    journey = a_journey()
    assert journey.at(shanghai(3, 2, 15, 59)) == []
    assert journey.at(shanghai(3, 2, 16)) == ["ServiceLevelWarned"]
    assert journey.at(shanghai(3, 2, 16, 30)) == []
    assert journey.at(shanghai(3, 2, 18)) == ["ServiceLevelBreached", "EscalatedToCoordinator"]
    assert RoutingDomain().wake_at(journey.state) == shanghai(3, 3, 14), "four working hours later"
    assert journey.at(shanghai(3, 3, 14)) == ["EscalatedToLeader"]
    assert journey.said[-1].model_dump()["cause"] == "time"
    assert journey.at(shanghai(3, 3, 15)) == []
    assert RoutingDomain().wake_at(journey.state) == clock(journey, "delivery").warn_at


def test_an_acceptance_stops_the_response_and_a_delivery_stops_its_clock() -> None:
    journey = a_journey()
    journey.changes(now=shanghai(3, 2, 10))
    journey.tells("accept", "anna")
    assert clock(journey, "response").met == shanghai(3, 2, 10)
    assert journey.at(shanghai(3, 3, 18)) == []
    journey.tells("complete", "anna")
    assert clock(journey, "delivery").met == shanghai(3, 3, 18)
    assert clock(journey, "confirmation").due == journey.state.confirm_by == shanghai(3, 10, 18)
    assert journey.at(shanghai(3, 9, 16)) == ["ConfirmationReminded"]
    assert journey.at(shanghai(3, 9, 17)) == []
    assert journey.at(shanghai(3, 10, 18)) == ["DeliveryConfirmed"]
    assert RoutingDomain().wake_at(journey.state) is None


@pytest.mark.parametrize("command", ["pause", "send_back"])
def test_halted_work_has_no_time_passing_and_goes_on_with_what_was_left(command: str) -> None:
    journey = a_journey()
    journey.changes(now=shanghai(3, 2, 11))
    journey.tells(command, "anna", reason="等客户")
    assert RoutingDomain().wake_at(journey.state) is None
    assert journey.state.clocks.due is None
    assert journey.at(shanghai(3, 4, 12)) == []
    journey.changes(now=shanghai(3, 4, 13))
    journey.tells("resume", "anna")
    assert clock(journey, "response").due == shanghai(3, 5, 10), "six hours were left: five on Wednesday"
    assert clock(journey, "response").warn_at == shanghai(3, 4, 17)
    assert clock(journey, "delivery").due == shanghai(3, 11, 10)
    journey.changes(now=shanghai(3, 4, 14))
    journey.tells(command, "anna", reason="再等")
    journey.changes(now=shanghai(3, 4, 15))
    journey.tells("resume", "anna")
    assert clock(journey, "response").due == shanghai(3, 5, 11)


def test_a_halt_over_a_night_moves_nothing() -> None:
    journey = a_journey()
    before = clock(journey, "delivery").due
    journey.changes(now=shanghai(3, 2, 20))
    journey.tells("pause", "anna", reason="等客户")
    journey.changes(now=shanghai(3, 3, 8))
    journey.tells("resume", "anna")
    assert clock(journey, "delivery").due == before
    assert clock(journey, "delivery").runs


def test_a_date_that_the_request_names_is_when_it_is_due_and_another_date_moves_it() -> None:
    needed = shanghai(3, 12, 17)
    journey = a_journey(needed_by=needed)
    assert (clock(journey, "delivery").due, clock(journey, "delivery").by_date) == (needed, True)
    journey.request = journey.request.model_copy(update={"needed_by": shanghai(3, 20, 17)})
    journey.amended(due="later")
    assert clock(journey, "delivery").due == shanghai(3, 20, 17)


def test_who_declines_ends_the_response_and_the_next_has_one_of_their_own() -> None:
    journey = a_journey(ANNA, BEN)
    journey.changes(now=shanghai(3, 2, 14))
    journey.tells("decline", journey.supporters[0], reason="出差")
    assert clock(journey, "response").due == shanghai(3, 3, 14)
    assert clock(journey, "delivery").due == shanghai(3, 6, 18)


def test_when_nobody_fits_the_assignment_has_a_clock_and_the_response_none() -> None:
    journey = a_journey()
    journey.tells("decline", "anna", reason="出差")
    assert journey.state.clocks.get("response") is None
    assert clock(journey, "assignment").due == shanghai(3, 2, 14)
    assert journey.at(shanghai(3, 2, 14)) == ["ServiceLevelBreached", "EscalatedToCoordinator"]
    journey.changes(now=shanghai(3, 2, 15), people=[MANAGER, ANNA, BEN])
    journey.wakes()
    assert journey.supporters == ["ben"]
    assert clock(journey, "assignment").met == shanghai(3, 2, 15)
    assert clock(journey, "response").due == shanghai(3, 3, 15)


def test_without_a_coordinator_the_leaders_are_told_at_once() -> None:
    journey = Clocked(a_context(ANNA, now=MONDAY))
    journey.submitted()
    assert journey.state.coordinator is None
    assert journey.at(shanghai(3, 2, 14)) == ["ServiceLevelBreached", "EscalatedToLeader"]
    assert journey.at(shanghai(3, 3, 14)) == []


def test_reopened_work_has_a_new_delivery_clock() -> None:
    journey = a_journey()
    journey.tells("accept", "anna")
    journey.changes(now=shanghai(3, 3, 10))
    journey.tells("complete", "anna")
    journey.changes(now=shanghai(3, 4, 9))
    assert journey.tells("reopen", "asker", reason="缺一页").refusal is None
    assert (clock(journey, "delivery").started, clock(journey, "delivery").met) == (shanghai(3, 4, 9), None)
    assert clock(journey, "delivery").due == shanghai(3, 10, 18)
    assert clock(journey, "confirmation").met


def test_what_is_withdrawn_has_no_clock_that_runs() -> None:
    journey = a_journey()
    journey.withdrawn()
    assert (journey.state.clocks.open, RoutingDomain().wake_at(journey.state)) == ((), None)


def test_leave_and_hours_of_the_supporter_count() -> None:
    away = an_engineer("anna", leave=(Leave(first=date(2026, 3, 3), last=date(2026, 3, 4)),))
    late = an_engineer("anna", working_hours=dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("13:00-17:00",)))
    assert clock(a_journey(away), "delivery").due == shanghai(3, 10, 18)
    assert clock(a_journey(late), "response").due == shanghai(3, 3, 17)
    assert clock(a_journey(an_engineer("anna", time_zone="Asia/Tokyo")), "response").due == shanghai(3, 3, 9)


def test_a_clock_that_goes_backwards_says_nothing_twice_and_breaks_nothing() -> None:
    journey = a_journey()
    assert journey.at(shanghai(3, 2, 16)) == ["ServiceLevelWarned"]
    assert journey.at(shanghai(3, 2, 8)) == []
    assert journey.at(shanghai(3, 2, 16)) == []
    journey.changes(now=shanghai(3, 1, 8))
    journey.tells("pause", "anna", reason="等客户")
    journey.changes(now=shanghai(2, 27, 8))
    before = clock(journey, "response").due
    journey.tells("resume", "anna")
    assert clock(journey, "response").due == before
    assert journey.at(shanghai(3, 2, 18)) == ["ServiceLevelBreached", "EscalatedToCoordinator"]
    assert journey.at(shanghai(3, 2, 17)) == []
    assert journey.at(shanghai(3, 2, 18)) == []
    assert kinds(journey).count("ServiceLevelWarned") == 1


def test_after_a_long_silence_the_breach_alone_is_said() -> None:
    assert a_journey().at(shanghai(3, 2, 19)) == ["ServiceLevelBreached", "EscalatedToCoordinator"]


# -- reckoned anew


def test_a_changed_policy_moves_nothing_until_an_operator_asks() -> None:
    journey = a_journey()
    levels = ServiceLevels.model_validate({"by_priority": {"normal": {"response": 2, "delivery": 16}}})
    journey.changes(policy=POLICY.model_copy(update={"service_levels": levels}), now=shanghai(3, 2, 10))
    assert journey.wakes("due").facts == ()
    assert clock(journey, "response").due == shanghai(3, 2, 18)
    decision = operated(journey)
    assert dict(decision.answer or {}) == {"moved": 2}
    assert clock(journey, "response").due == shanghai(3, 2, 11)
    assert clock(journey, "delivery").due == shanghai(3, 3, 18)
    assert operated(journey).facts == (), "asked again, nothing moves"


def test_an_operator_does_not_take_back_a_date_nor_the_time_before_a_halt() -> None:
    journey = a_journey(needed_by=shanghai(3, 12, 17))
    journey.changes(now=shanghai(3, 2, 11))
    journey.tells("pause", "anna", reason="等客户")
    journey.changes(now=shanghai(3, 3, 11))
    journey.tells("resume", "anna")
    before = [one.due for one in journey.state.clocks.clocks]
    assert operated(journey).facts == ()
    assert [one.due for one in journey.state.clocks.clocks] == before


def test_a_request_that_is_none_has_nothing_to_reckon() -> None:
    refusal = operated(Clocked(a_context(MANAGER, now=MONDAY))).refusal
    assert refusal is not None
    assert (refusal.code, refusal.status) == ("unknown_request", 404)


def published(day: date) -> Almanac:
    """The shipped almanac once 2027 is published, with one more day off."""
    china = read_almanac()
    off = {**china.off, day: Text(zh="春节", en="Spring Festival")}
    return Almanac(off=off, make_up=china.make_up, published=china.published | {2027})


def test_what_touches_a_year_that_is_not_published_is_provisional_and_reckoned_anew_by_its_notice() -> None:
    journey = a_journey(at=shanghai(2, 3, 9, year=2027))
    before = clock(journey, "delivery")
    assert (before.provisional, before.almanac) == (True, CALENDAR.version)
    assert before.due == shanghai(2, 11, 18, year=2027), "from the fifth to the eighth is Spring Festival"
    calendar = Calendar(almanac=published(date(2027, 2, 9)), week=POLICY.week)
    journey.changes(calendar=calendar)
    assert [type(fact).__name__ for fact in journey.wakes("almanac").facts] == ["ClocksRecalculated"]
    assert journey.said[-1].model_dump()["almanac"] == calendar.version
    after = clock(journey, "delivery")
    assert (after.due, after.provisional) == (shanghai(2, 12, 18, year=2027), False)
    assert journey.wakes("almanac").facts == ()


def test_the_last_days_of_a_year_are_reckoned_anew_by_the_next_years_notice() -> None:
    journey = a_journey(at=shanghai(12, 29, 13), priority="urgent")
    before = clock(journey, "delivery")
    assert (before.due, before.provisional) == (shanghai(12, 30, 12), True)
    china = published(date(2027, 2, 9))
    off = {**china.off, **dict.fromkeys((date(2026, 12, 30), date(2026, 12, 31)), Text(zh="元旦", en="New Year's Day"))}
    journey.changes(calendar=Calendar(almanac=replace(china, off=off), week=POLICY.week))
    assert [type(fact).__name__ for fact in journey.wakes("almanac").facts] == ["ClocksRecalculated"]
    after = clock(journey, "delivery")
    assert (after.due, after.provisional) == (shanghai(1, 4, 12, year=2027), False)


def test_what_was_breached_and_lies_ahead_again_is_said_again_when_it_comes() -> None:
    journey = a_journey()
    journey.at(shanghai(3, 2, 18))
    levels = POLICY.service_levels.model_copy(update={"by_type": {"tech.survey": POLICY.service_levels.of("x", "low")}})
    journey.changes(policy=POLICY.model_copy(update={"service_levels": levels}))
    operated(journey)
    assert clock(journey, "response").breached is None
    assert journey.at(shanghai(3, 3, 18)) == ["ServiceLevelBreached", "EscalatedToCoordinator"]


def test_a_policy_without_levels_has_no_clocks_but_the_confirmation() -> None:
    context = a_context(MANAGER, ANNA, now=MONDAY)
    bare = Clocked(replace(context, policy=POLICY.model_copy(update={"service_levels": ServiceLevels()})))
    bare.submitted()
    assert bare.state.clocks.clocks == ()
    assert an_assigned(ANNA).state.clocks.clocks


def test_an_amendment_that_takes_the_date_away_leaves_the_time_of_the_level_from_then():
    journey = a_journey(needed_by=shanghai(3, 20, 17))
    assert clock(journey, "delivery").due == shanghai(3, 20, 17)
    assert clock(journey, "delivery").by_date
    journey.changes(now=shanghai(3, 4, 9))
    journey.request = journey.request.model_copy(update={"needed_by": None})
    journey.amended(due="none")
    now = clock(journey, "delivery")
    assert (now.since, now.due, now.by_date) == (shanghai(3, 4, 9), shanghai(3, 10, 18), False)  # 40 hours of eight a day
    journey.changes(now=shanghai(3, 5, 9))
    journey.amended(due="still none")
    assert clock(journey, "delivery") == now
