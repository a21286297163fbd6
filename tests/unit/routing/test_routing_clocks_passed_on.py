"""Clocks of a seat that goes to somebody else: what was used stays used, what is left runs in the newcomer's working time."""

from datetime import date, datetime

import pytest

from services.routing.domain.hours import Calendar
from services.routing.domain.policy import ServiceLevels
from shared.calendar import Almanac, read_almanac
from shared.schemas.people import Leave, Person
from tests.unit.routing.clocked import MONDAY, Clocked, a_journey, clock, operated, shanghai
from tests.unit.routing.reviews import LEGAL, opines, under_review
from tests.unit.routing.routing_build import MANAGER, POLICY, a_context, a_person, a_request, an_engineer

ANNA, BEN = an_engineer("anna"), an_engineer("ben")
MARCH = (Leave(first=date(2026, 3, 3), last=date(2026, 3, 31)),)
AWAY = an_engineer("anna", leave=MARCH)
AFTERNOONS = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("13:00-17:00",))


def annas(*others: Person, at: datetime = MONDAY, **changes: object) -> Clocked:
    """Anna has the work since `at`; `others` are there too since."""
    journey = a_journey(ANNA, at=at, **changes)
    journey.changes(people=[MANAGER, ANNA, *(others or (BEN,))])
    return journey


def working(*others: Person) -> Clocked:
    journey = annas(*others)
    journey.tells("accept", "anna")
    journey.changes(now=shanghai(3, 3, 13))
    return journey


def hands(journey: Clocked, person: str = "ben") -> None:
    assert journey.tells("hand_over", "anna", person=person, reason="另有任务").refusal is None


def steady(journey: Clocked) -> bool:
    """Whether nothing moves when it is looked at again, by the hour or by an operator."""
    before = journey.state.clocks
    assert journey.wakes("due").facts == ()
    assert operated(journey).facts == ()
    return journey.state.clocks == before


def test_a_leave_that_takes_the_seat_away_does_not_keep_the_newcomer_waiting_for_its_end() -> None:
    journey = Clocked(a_context(MANAGER, AWAY, now=shanghai(3, 2, 17)), request=a_request())
    journey.submitted()
    assert clock(journey, "response").due == shanghai(4, 1, 17)
    journey.changes(people=[MANAGER, AWAY, BEN], now=shanghai(3, 3, 9))
    fact = journey.wakes().facts[0]
    assert type(fact).__name__ == "SupportHandedOver"
    assert {(due["clock"], due["person"]) for due in fact.model_dump()["clocks"]} == {("response", "ben"), ("delivery", "ben")}
    assert clock(journey, "response").due == shanghai(3, 3, 17), "one hour was used"
    assert clock(journey, "delivery").due == shanghai(3, 9, 17)
    assert steady(journey)


def test_accepted_work_that_is_handed_over_waits_for_the_newcomers_answer() -> None:
    journey = working()
    hands(journey)
    response, delivery = clock(journey, "response"), clock(journey, "delivery")
    assert (response.person, response.due, response.met) == ("ben", shanghai(3, 4, 12), None)
    assert (delivery.person, delivery.used_seconds, delivery.due) == ("ben", 11 * 3600, shanghai(3, 6, 18))
    assert delivery.started == MONDAY
    assert steady(journey)
    journey.tells("accept", "ben")
    assert clock(journey, "response").met == shanghai(3, 3, 13)


def test_what_is_left_runs_in_the_newcomers_hours() -> None:
    journey = working(an_engineer("ben", working_hours=AFTERNOONS))
    hands(journey)
    assert clock(journey, "delivery").due == shanghai(3, 12, 14), "29 hours, four a day"
    assert clock(journey, "delivery").warn_at == shanghai(3, 9, 16), "three quarters of 40 hours, 11 of which were used"
    assert steady(journey)


@pytest.mark.parametrize("leave", [(), (Leave(first=date(2026, 3, 4), last=date(2026, 3, 20)),)])
def test_a_pause_after_the_hand_over_knows_nothing_of_the_former_holders_leave(leave: tuple[Leave, ...]) -> None:
    journey = working()
    journey.changes(people=[MANAGER, an_engineer("anna", leave=leave), BEN])
    hands(journey)
    journey.tells("accept", "ben")
    journey.changes(now=shanghai(3, 4, 9))
    journey.tells("pause", "ben", reason="等客户")
    journey.changes(now=shanghai(3, 6, 18))
    journey.tells("resume", "ben")
    assert clock(journey, "delivery").due == shanghai(3, 11, 18)
    assert steady(journey)


@pytest.mark.parametrize("command", ["pause", "send_back"])
def test_work_that_is_halted_when_it_is_handed_over_has_no_time_passing(command: str) -> None:
    journey = working()
    journey.tells(command, "anna", reason="等客户")
    journey.changes(now=shanghai(3, 4, 10))
    hands(journey)
    assert journey.state.clocks.due is None, "neither the delivery nor the newcomer's answer"
    assert steady(journey)
    journey.changes(now=shanghai(3, 5, 13))
    journey.tells("resume", "ben")
    assert clock(journey, "delivery").due == shanghai(3, 10, 18), "29 hours were left"
    assert clock(journey, "response").due == shanghai(3, 6, 12)


def test_a_date_that_the_request_names_does_not_move_with_the_seat() -> None:
    needed = shanghai(3, 12, 17)
    journey = annas(an_engineer("ben", working_hours=AFTERNOONS), needed_by=needed)
    journey.tells("accept", "anna")
    journey.changes(now=shanghai(3, 3, 13))
    hands(journey)
    delivery = clock(journey, "delivery")
    assert (delivery.due, delivery.by_date, delivery.person) == (needed, True, "ben")
    assert steady(journey)
    journey.tells("pause", "ben", reason="等客户")
    journey.changes(now=shanghai(3, 4, 17))
    journey.tells("resume", "ben")
    moved = clock(journey, "delivery").due
    assert moved == shanghai(3, 16, 17), "a halt moves it by eight of the newcomer's hours"
    journey.tells("hand_over", "ben", person="anna", reason="换人")
    assert clock(journey, "delivery").due == moved


def test_what_was_over_is_over_for_the_newcomer_and_is_not_said_again() -> None:
    journey = annas()
    assert journey.at(shanghai(3, 2, 18)) == ["ServiceLevelBreached", "EscalatedToCoordinator"]
    journey.changes(now=shanghai(3, 3, 10))
    hands(journey)
    response = clock(journey, "response")
    assert (response.due, response.person) == (shanghai(3, 2, 18), "ben")
    assert response.breached is not None
    assert steady(journey)
    assert journey.at(shanghai(3, 3, 14)) == ["EscalatedToLeader"]


def test_an_operator_gives_what_is_over_the_time_that_the_policy_has_more() -> None:
    journey = annas()
    journey.at(shanghai(3, 2, 18))
    journey.changes(now=shanghai(3, 3, 10))
    hands(journey)
    levels = ServiceLevels.model_validate({"by_priority": {"normal": {"response": 16, "delivery": 40}}})
    journey.changes(policy=POLICY.model_copy(update={"service_levels": levels}))
    operated(journey)
    assert clock(journey, "response").due == shanghai(3, 3, 18), "9 of 16 hours were used"
    assert operated(journey).facts == ()


def test_who_declines_leaves_the_delivery_to_the_next_in_their_working_time() -> None:
    journey = Clocked(a_context(MANAGER, AWAY, now=shanghai(3, 2, 17)), request=a_request())
    journey.submitted()
    journey.changes(people=[MANAGER, AWAY, BEN], now=shanghai(3, 2, 18))
    journey.tells("decline", "anna", reason="出差")
    assert journey.supporters == ["ben"]
    assert clock(journey, "response").due == shanghai(3, 3, 18), "who declines ends it, the next has a whole one"
    assert (clock(journey, "delivery").person, clock(journey, "delivery").due) == ("ben", shanghai(3, 9, 17))


def test_who_is_added_has_a_time_to_answer_and_moves_nothing_else() -> None:
    journey = working()
    before = clock(journey, "delivery")
    assert journey.tells("add", "manager", person="ben", reason="人手不足").refusal is None
    assert (clock(journey, "response").person, clock(journey, "response").due) == ("ben", shanghai(3, 4, 12))
    assert clock(journey, "delivery") == before
    assert steady(journey)
    journey.tells("accept", "ben")
    assert clock(journey, "response").met


def test_only_the_newcomers_own_acceptance_is_their_answer() -> None:
    journey = annas(BEN, an_engineer("cleo"))
    journey.tells("add", "manager", person="ben", reason="人手不足")
    journey.tells("accept", "anna")
    journey.tells("add", "manager", person="cleo", reason="人手不足")
    assert clock(journey, "response").person == "cleo"
    journey.tells("accept", "ben")
    assert clock(journey, "response").met is None
    journey.tells("accept", "cleo")
    assert clock(journey, "response").met


def test_who_is_released_leaves_their_clocks_to_those_who_stay() -> None:
    journey = working(an_engineer("ben", working_hours=AFTERNOONS))
    journey.tells("add", "manager", person="ben", reason="人手不足")
    assert journey.tells("release", "manager", person="anna", reason="不再需要").refusal is None
    assert (clock(journey, "delivery").person, clock(journey, "delivery").due) == ("ben", shanghai(3, 12, 14))
    assert clock(journey, "response").met is None, "nobody who is there has accepted"


def test_of_a_newcomer_who_is_released_no_answer_is_waited_for() -> None:
    journey = working()
    before = clock(journey, "delivery")
    journey.tells("add", "manager", person="ben", reason="人手不足")
    journey.tells("release", "manager", person="ben", reason="不再需要")
    assert journey.state.clocks.get("response") is None
    assert clock(journey, "delivery") == before


def test_who_stands_in_for_accepted_work_leaves_its_clocks_as_they_are() -> None:
    journey = working()
    before = journey.state.clocks
    journey.changes(people=[MANAGER, an_engineer("anna", leave=MARCH, delegate="ben"), BEN])
    assert [type(fact).__name__ for fact in journey.wakes().facts] == ["AbsenceNoticed"]
    assert journey.state.clocks == before


def test_another_coordinator_moves_no_clock() -> None:
    journey = working()
    journey.changes(people=[MANAGER, ANNA, a_person("manager2", "presales_manager", seats=8)])
    before = journey.state.clocks
    assert journey.tells("hand_over", "manager", person="manager2", reason="换人").refusal is None
    assert journey.state.clocks == before


def test_a_clock_of_somebody_who_left_before_clocks_were_passed_on_is_passed_on_when_an_operator_asks() -> None:
    journey = working()
    hands(journey)
    late = clock(journey, "delivery").model_copy(update={"person": "anna"})
    others = [one for one in journey.state.clocks.clocks if one.clock != "delivery"]
    journey.state = journey.state.model_copy(update={"clocks": journey.state.clocks.of([*others, late])})
    journey.changes(people=[MANAGER, an_engineer("anna", leave=MARCH), BEN], now=shanghai(3, 3, 13))
    operated(journey)
    assert (clock(journey, "delivery").person, clock(journey, "delivery").due) == ("ben", shanghai(3, 6, 18))
    assert operated(journey).facts == ()


def test_another_calendar_counts_from_the_hand_over() -> None:
    journey = annas(at=shanghai(2, 3, 9, year=2027))
    journey.changes(now=shanghai(2, 3, 17, year=2027))
    hands(journey)
    china = read_almanac()
    off = {day: name for day, name in china.off.items() if day != date(2027, 2, 5)}
    almanac = Almanac(off=off, make_up=china.make_up, published=china.published | {2027})
    journey.changes(calendar=Calendar(almanac=almanac, week=POLICY.week))
    assert [type(fact).__name__ for fact in journey.wakes("almanac").facts] == ["ClocksRecalculated"]
    assert clock(journey, "delivery").due == shanghai(2, 10, 18, year=2027)
    assert (clock(journey, "delivery").person, clock(journey, "delivery").used_seconds) == ("ben", 7 * 3600)


def test_a_reviewer_who_is_asked_besides_answers_in_their_turn_and_not_by_a_clock_of_their_own() -> None:
    journey = under_review()
    assert opines(journey, "finance").refusal is None
    assert journey.tells("ask_also", "legal", person="test_head", beside=LEGAL, place="after", reason="性能指标").refusal is None
    assert "test_head" in journey.supporters
    assert journey.state.clocks.get("response") is None


def test_a_decline_leaves_the_answers_clock_to_those_who_can_still_answer() -> None:
    bid = a_request("tech.bid")
    journey = Clocked(a_context(MANAGER, ANNA, BEN, now=MONDAY), request=bid)
    journey.submitted()
    first, second = journey.supporters
    journey.tells("decline", first, reason="出差")
    assert journey.state.status == "waiting"
    assert clock(journey, "response").met is None
    journey.tells("decline", second, reason="出差")
    assert journey.state.clocks.get("response") is None
