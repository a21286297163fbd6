"""Another priority moves the clocks that run against the time of its level; and a clock keeps the terms that it began with."""

from datetime import timedelta

import pytest

from services.routing.domain.policy import Priority
from shared.schemas.routing import RequestAmended
from tests.unit.routing.clocked import MONDAY, Clocked, a_journey, clock, operated, shanghai
from tests.unit.routing.routing_build import MANAGER, POLICY, a_context, an_engineer

LEVELS = POLICY.service_levels


def amended(journey: Clocked, priority: Priority) -> RequestAmended:
    journey.request = journey.request.model_copy(update={"priority": priority})
    journey.amended(purpose="x")
    return next(fact for fact in reversed(journey.said) if isinstance(fact, RequestAmended))


def test_a_raised_priority_leaves_no_more_than_the_time_of_its_level_and_is_in_the_fact() -> None:
    journey = a_journey()
    journey.tells("accept", "anna")
    journey.changes(now=shanghai(3, 3, 9))
    said = amended(journey, "urgent")
    assert [due.clock for due in said.clocks] == ["delivery"]
    assert clock(journey, "delivery").due == shanghai(3, 3, 18)
    assert clock(journey, "delivery").warn_at == shanghai(3, 3, 16)
    assert clock(journey, "delivery").started == MONDAY
    assert operated(journey).facts == ()


def test_what_was_over_is_over_at_any_level() -> None:
    journey = a_journey()
    journey.at(shanghai(3, 2, 18))
    assert [due.clock for due in amended(journey, "low").clocks] == ["delivery"]
    assert clock(journey, "response").due == shanghai(3, 2, 18)


def test_a_raised_priority_gives_nobody_more_time_than_was_left() -> None:
    journey = a_journey()
    journey.changes(now=shanghai(3, 6, 15))
    assert [due.due for due in amended(journey, "high").clocks] == [shanghai(3, 6, 18)], "three hours were left, and are"


def test_a_lowered_priority_adds_what_its_level_has_more() -> None:
    journey = a_journey()
    journey.changes(now=shanghai(3, 2, 14))
    amended(journey, "low")
    assert clock(journey, "response").due == shanghai(3, 3, 18)
    assert clock(journey, "delivery").due == shanghai(3, 13, 18)
    assert operated(journey).facts == ()


def test_a_priority_that_is_amended_to_what_it_was_moves_nothing() -> None:
    journey = a_journey()
    journey.changes(now=shanghai(3, 2, 14))
    assert amended(journey, "normal").clocks == ()


def test_a_date_that_the_request_names_is_not_moved_by_its_priority() -> None:
    journey = a_journey(needed_by=shanghai(3, 12, 17))
    journey.changes(now=shanghai(3, 2, 14))
    assert [due.clock for due in amended(journey, "urgent").clocks] == ["response"]
    assert clock(journey, "delivery").due == shanghai(3, 12, 17)


def test_a_level_that_a_type_has_for_itself_is_no_matter_of_priority() -> None:
    journey = a_journey()
    own = LEVELS.model_copy(update={"by_type": {"tech.survey": LEVELS.of("tech.survey", "normal")}})
    journey.changes(policy=POLICY.model_copy(update={"service_levels": own}), now=shanghai(3, 2, 14))
    assert amended(journey, "urgent").clocks == ()


def test_halted_work_has_the_time_of_its_new_level_once_it_goes_on() -> None:
    journey = a_journey()
    journey.changes(now=shanghai(3, 2, 14))
    journey.tells("send_back", "anna", reason="缺材料")
    journey.changes(now=shanghai(3, 4, 9))
    amended(journey, "low")
    assert journey.state.status == "assigned"
    assert clock(journey, "response").due == shanghai(3, 5, 14), "four of sixteen hours were used"
    assert clock(journey, "response").runs


def test_paused_work_whose_priority_is_lowered_waits_on() -> None:
    journey = a_journey()
    journey.changes(now=shanghai(3, 2, 14))
    journey.tells("pause", "anna", reason="等客户")
    journey.changes(now=shanghai(3, 3, 9))
    amended(journey, "low")
    assert journey.state.clocks.due is None
    journey.changes(now=shanghai(3, 4, 9))
    journey.tells("resume", "anna")
    assert clock(journey, "response").due == shanghai(3, 5, 14)


def test_who_waits_for_people_has_them_found_in_the_time_of_the_new_level() -> None:
    journey = Clocked(a_context(MANAGER, now=MONDAY))
    journey.submitted()
    amended(journey, "urgent")
    assert clock(journey, "assignment").due == shanghai(3, 2, 10)


# -- the terms that a clock began with


@pytest.mark.parametrize("passed_on", [False, True])
def test_a_changed_policy_moves_no_warning_and_no_leaders_where_a_clock_goes_on(passed_on: bool) -> None:
    journey = a_journey()
    journey.changes(people=[MANAGER, an_engineer("anna"), an_engineer("ben")], now=shanghai(3, 2, 11))
    journey.tells("pause", "anna", reason="等客户")
    levels = LEVELS.model_copy(update={"warn_after": 0.25, "leader_after_hours": 40})
    journey.changes(policy=POLICY.model_copy(update={"service_levels": levels}), now=shanghai(3, 3, 11))
    if passed_on:
        journey.tells("hand_over", "anna", person="ben", reason="另有任务")
    journey.tells("resume", "ben" if passed_on else "anna")
    response = clock(journey, "response")
    assert (response.warn_at, response.due, response.leader_at) == (shanghai(3, 3, 16), shanghai(3, 3, 18), shanghai(3, 4, 14))
    operated(journey)
    assert clock(journey, "response").warn_at == shanghai(3, 3, 11), "an operator has the present policy taken"
    assert clock(journey, "response").leader_at == shanghai(3, 10, 18)


def test_a_policy_that_tells_no_leaders_keeps_telling_none_of_what_began_under_it() -> None:
    silent = POLICY.model_copy(update={"service_levels": LEVELS.model_copy(update={"leader_after_hours": None})})
    journey = Clocked(a_context(MANAGER, an_engineer("anna"), now=MONDAY, policy=silent))
    journey.submitted()
    journey.tells("pause", "anna", reason="等客户")
    journey.changes(policy=POLICY, now=shanghai(3, 3, 9))
    journey.tells("resume", "anna")
    assert clock(journey, "response").leader_at is None


def test_a_clock_that_began_before_clocks_kept_their_terms_goes_on_with_the_policys() -> None:
    journey = a_journey()
    old = [one.model_copy(update={"warn_after": None, "leader_seconds": None}) for one in journey.state.clocks.clocks]
    journey.state = journey.state.model_copy(update={"clocks": journey.state.clocks.of(old)})
    journey.tells("pause", "anna", reason="等客户")
    journey.changes(now=shanghai(3, 3, 9))
    journey.tells("resume", "anna")
    response = clock(journey, "response")
    assert response.leader_seconds == timedelta(hours=4).total_seconds()
    assert response.leader_at == shanghai(3, 4, 14)
