"""Hours, gifts, money and outcomes: who may say them, which are kept, and that nothing refused changes anything."""

from datetime import timedelta
from typing import Any

import pytest

from services.routing.domain.efforts import Effort, fen, worth, yuan
from shared.schemas.effort import EffortCorrected, EffortLogged, GiftsIssued, OutcomeRecorded, SpendLogged
from tests.unit.routing.routing_build import (
    AWAY,
    MANAGER,
    MARKETER,
    NOW,
    Journey,
    a_context,
    a_person,
    a_request,
    an_assigned,
    an_engineer,
)
from tests.unit.routing.states import ANNA, STATES, code

TODAY = {"hours": 1.5, "day": "2027-03-01", "note": "现场沟通"}
LEADER = a_person("leader", "bu_leader")
ELSEWHERE = a_person("elsewhere", "bu_leader", unit="south")
CLERK = a_person("clerk", "admin_office")


def effort(journey: Journey) -> Effort:
    assert journey.state.effort is not None
    return journey.state.effort


def a_gift(**details: Any) -> Journey:
    given = {
        "gifts": [{"item": "茶具", "quantity": 3, "unit_price": 128.5, "source": "stock"}],
        "recipients": {"$personal": "details.recipients"},
    }
    journey = Journey(a_context(MARKETER, CLERK), a_request("market.gift", details={**given, **details}))
    journey.submitted()
    journey.tells("accept", "clerk")
    return journey


def an_event(**budget: float) -> Journey:
    journey = Journey(a_context(MARKETER, LEADER), a_request("market.event", details={"budget": budget or {"venue": 8000.0}}))
    journey.submitted()
    return journey


# -- hours


def test_hours_are_kept_in_quarters_under_a_number():
    journey = an_assigned(ANNA)
    decision = journey.tells("log_effort", "anna", **TODAY)
    (fact,) = decision.facts
    assert isinstance(fact, EffortLogged)
    assert (fact.number, fact.person, fact.quarters, fact.note, str(fact.day)) == (1, "anna", 6, "现场沟通", "2027-03-01")
    journey.tells("log_effort", "manager", hours="0.25", day="2027-03-01")
    assert [(entry.number, entry.person, entry.quarters) for entry in effort(journey).entries] == [
        (1, "anna", 6),
        (2, "manager", 1),
    ]


@pytest.mark.parametrize(
    "hours", [0, 0.1, 24.25, 25, -1, "", "x", None, True, "1,5", "１", float("nan"), float("inf"), [1], 1e300]
)
def test_hours_that_are_none_are_refused(hours: object):
    journey = an_assigned(ANNA)
    before = journey.state
    assert code(journey.tells("log_effort", "anna", **{**TODAY, "hours": hours})) == "bad_hours"
    assert journey.state == before


@pytest.mark.parametrize("hours", [0.25, 0.5, 0.75, 1, 24, 24.0, "7.75", "1.50"])
def test_quarters_of_an_hour_are_taken(hours: object):
    assert code(an_assigned(ANNA).tells("log_effort", "anna", **{**TODAY, "hours": hours})) is None


@pytest.mark.parametrize("day", ["2027-02-28", "2027-03-02", "2027-13-01", "yesterday", None, ""])
def test_a_day_before_the_request_or_in_the_future_is_refused(day: object):
    assert code(an_assigned(ANNA).tells("log_effort", "anna", **{**TODAY, "day": day})) == "bad_day"


def test_the_day_is_that_of_the_persons_own_zone():
    journey = an_assigned(an_engineer("anna", time_zone="America/Los_Angeles"))
    assert code(journey.tells("log_effort", "anna", **TODAY)) == "bad_day", "there it is still yesterday"
    assert code(journey.tells("log_effort", "anna", **{**TODAY, "day": "2027-02-28"})) is None


def test_a_day_has_no_more_than_its_hours():
    journey = an_assigned(ANNA)
    journey.tells("log_effort", "anna", **{**TODAY, "hours": 20})
    assert code(journey.tells("log_effort", "anna", **{**TODAY, "hours": 4.25})) == "day_full"
    assert code(journey.tells("log_effort", "anna", **{**TODAY, "hours": 4})) is None
    assert code(journey.tells("correct_effort", "anna", **{**TODAY, "number": 2, "hours": 3})) is None


def test_only_who_has_a_seat_or_stands_in_may_log_hours():
    journey = an_assigned(ANNA)
    for by in ("asker", "stranger"):
        assert code(journey.tells("log_effort", by, **TODAY)) in {"not_yours", "unknown_request"}
    journey.changes(people=[MANAGER, an_engineer("anna", leave=AWAY, delegate="ben"), an_engineer("ben")])
    (fact,) = journey.tells("log_effort", "ben", **TODAY).facts
    assert isinstance(fact, EffortLogged)
    assert (fact.person, fact.by, fact.on_behalf_of) == ("ben", "ben", "anna"), "the work is of who did it"


# -- corrections


def test_a_correction_counts_and_what_it_corrects_stays():
    journey = an_assigned(ANNA)
    journey.tells("log_effort", "anna", **TODAY)
    (fact,) = journey.tells("correct_effort", "anna", **{**TODAY, "number": 1, "hours": 2}).facts
    assert isinstance(fact, EffortCorrected)
    assert (fact.number, fact.corrects, fact.quarters) == (2, 1, 8)
    assert [(entry.number, entry.quarters, entry.corrected_by) for entry in effort(journey).entries] == [(1, 6, 2), (2, 8, None)]


def test_an_entry_is_corrected_once_and_the_refusal_names_the_one_that_counts():
    journey = an_assigned(ANNA)
    journey.tells("log_effort", "anna", **TODAY)
    journey.tells("correct_effort", "anna", **{**TODAY, "number": 1, "hours": 0})
    decision = journey.tells("correct_effort", "manager", **{**TODAY, "number": 1})
    assert code(decision) == "corrected_already"
    assert decision.refusal is not None
    assert "2" in decision.refusal.message.en


@pytest.mark.parametrize(
    ("by", "refused"), [("anna", None), ("manager", None), ("ben", "not_your_entry"), ("asker", "not_your_entry")]
)
def test_others_hours_are_the_coordinators_to_correct(by: str, refused: str | None):
    journey = an_assigned(ANNA)
    journey.tells("log_effort", "anna", **TODAY)
    journey.changes(people=[MANAGER, ANNA, an_engineer("ben")])
    assert code(journey.tells("correct_effort", by, **{**TODAY, "number": 1})) == refused


@pytest.mark.parametrize("number", [0, 2, "1", None])
def test_an_unknown_entry_is_refused(number: object):
    journey = an_assigned(ANNA)
    journey.tells("log_effort", "anna", **TODAY)
    assert code(journey.tells("correct_effort", "manager", **{**TODAY, "number": number})) == "unknown_entry"


# -- when


@pytest.mark.parametrize("status", ["assigned", "working", "completed", "withdrawn"])
def test_hours_may_be_logged_while_and_after_it_is_worked_on(status: str):
    assert code(STATES[status]().tells("log_effort", "anna", **TODAY)) is None


@pytest.mark.parametrize("status", ["new", "waiting", "choosing"])
def test_nothing_is_logged_for_work_that_nobody_has(status: str):
    assert code(STATES[status]().tells("log_effort", "manager", **TODAY)) == "out_of_state"


@pytest.mark.parametrize(("days", "refused"), [(29, None), (31, "accounts_closed")])
def test_the_accounts_close_some_time_after_the_end(days: int, refused: str | None):
    journey = STATES["completed"]()
    journey.tells("log_effort", "anna", **TODAY)
    journey.tells("confirm", "asker")
    journey.changes(now=NOW + timedelta(days=days))
    assert code(journey.tells("log_effort", "anna", **TODAY)) == refused
    assert code(journey.tells("correct_effort", "anna", **{**TODAY, "number": 1})) == refused


# -- gifts


def test_completing_a_gift_request_says_what_was_given_and_points_to_whom():
    journey = a_gift()
    issued = [fact for fact in journey.tells("complete", "clerk").facts if isinstance(fact, GiftsIssued)]
    assert [(gift.item, gift.quantity, gift.unit_price) for fact in issued for gift in fact.gifts] == [("茶具", 3, "128.50")]
    assert [fact.recipients for fact in issued] == [{"$personal": "details.recipients"}]
    assert yuan(worth(effort(journey).gifts)) == "385.50"


def test_recipients_in_clear_are_never_said():
    journey = a_gift(recipients=[{"customer": "示例", "person": "王小明", "quantity": 1}])
    said = journey.tells("complete", "clerk").facts
    assert "王小明" not in "".join(fact.model_dump_json() for fact in said)
    assert any(isinstance(fact, GiftsIssued) for fact in said)


def test_completing_other_requests_says_nothing_of_gifts():
    journey = STATES["working"]()
    assert not [fact for fact in journey.tells("complete", "anna").facts if isinstance(fact, GiftsIssued)]


# -- money


def test_money_is_logged_on_a_line_of_the_budget_beside_what_was_budgeted():
    journey = an_event(venue=8000.0)
    (fact,) = journey.tells("log_spend", "marketer", line="venue", amount="8200.5", note="加场").facts
    assert isinstance(fact, SpendLogged)
    assert (fact.line, fact.amount, fact.budgeted) == ("venue", "8200.50", "8000.00")
    (other,) = journey.tells("log_spend", "marketer", line="meals", amount="10").facts
    assert isinstance(other, SpendLogged)
    assert (other.number, other.budgeted) == (2, None)
    assert sum(spent.fen for spent in effort(journey).spent) == fen("8210.50")


@pytest.mark.parametrize(
    "amount", [0, 12, 1.5, "0", "0.00", "-1", "1.234", "1e3", "1,000", "一百", "", None, "9" * 13, "NaN", "１００"]
)
def test_an_amount_that_is_none_is_refused(amount: object):
    journey = an_event()
    assert code(journey.tells("log_spend", "marketer", line="venue", amount=amount)) == "bad_amount"
    assert effort(journey).spent == ()


def test_a_line_that_the_budget_has_not_is_refused_and_named_ones_are_offered():
    decision = an_event().tells("log_spend", "marketer", line="wine", amount="1")
    assert code(decision) == "unknown_line"
    assert decision.refusal is not None
    assert "venue" in decision.refusal.message.en
    assert code(an_assigned(ANNA).tells("log_spend", "anna", line="venue", amount="1")) == "no_budget"
    assert code(an_event().tells("log_spend", "asker", line="venue", amount="1")) == "not_yours"


# -- outcomes

WON = {"outcome": "won", "amount": "1200000"}


@pytest.mark.parametrize(
    ("by", "refused"), [("asker", None), ("leader", None), ("anna", "not_requester_or_leader"), ("elsewhere", "unknown_request")]
)
def test_the_requester_and_the_units_leaders_record_the_outcome(by: str, refused: str | None):
    journey = Journey(a_context(MANAGER, ANNA, LEADER, ELSEWHERE))
    journey.submitted()
    decision = journey.tells("record_outcome", by, **WON)
    assert code(decision) == refused
    if refused is None:
        (fact,) = decision.facts
        assert isinstance(fact, OutcomeRecorded)
        assert (fact.opportunity, fact.outcome, fact.amount) == ("O1", "won", "1200000.00")


def test_the_outcome_recorded_last_counts():
    journey = an_assigned(ANNA)
    journey.tells("record_outcome", "asker", **WON)
    journey.tells("record_outcome", "asker", outcome="lost", reason="价格")
    concluded = effort(journey).outcome
    assert concluded is not None
    assert (concluded.outcome, concluded.reason, concluded.amount) == ("lost", "价格", None)


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ({"outcome": "won"}, "bad_outcome_amount"),
        ({"outcome": "lost", "amount": "x", "reason": "价格"}, "bad_outcome_amount"),
        ({"outcome": "lost"}, "no_outcome_reason"),
        ({"outcome": "perhaps"}, "bad_outcome"),
        ({**WON, "opportunity": "O2"}, "other_opportunity"),
    ],
)
def test_an_outcome_that_says_too_little_is_refused(said: dict[str, object], refused: str):
    journey = an_assigned(ANNA)
    before = journey.state
    assert code(journey.tells("record_outcome", "asker", **said)) == refused
    assert journey.state == before


def test_a_request_without_an_opportunity_has_no_outcome():
    journey = an_assigned(ANNA, request=a_request(opportunity=None))
    assert code(journey.tells("record_outcome", "asker", **WON)) == "no_opportunity"
