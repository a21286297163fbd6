"""Money that was mistyped is corrected as hours are, and amounts are kept to the cent."""

from datetime import timedelta

import pytest

from services.routing.domain.accounting import MOST_CORRECTIONS
from services.routing.domain.efforts import to_the_cent
from services.routing.domain.spending import MOST_SPENDS, budget_lines
from shared.schemas.effort import GiftsIssued, SpendCorrected, SpendLogged
from tests.unit.routing.routing_build import AWAY, MARKETER, NOW, PACK, Journey, a_context, a_person, a_request
from tests.unit.routing.states import code
from tests.unit.routing.test_routing_effort import CLERK, LEADER, a_gift, an_event, effort
from tests.unit.routing.test_routing_effort_bounds import full

OUTSIDER = a_person("outsider", "bu_marketing", unit="south")
SECOND = a_person("second", "bu_marketing")
RIGHT = {"number": 1, "line": "venue", "amount": "820.05"}


def mistyped() -> Journey:
    """An event whose supporter coordinates too: money was logged, ten times what it should be."""
    journey = an_event()
    journey.tells("log_spend", "marketer", line="venue", amount="8200.50", note="场地")
    return journey


def test_a_correction_counts_and_what_it_corrects_stays():
    journey = mistyped()
    (fact,) = journey.tells("correct_spend", "marketer", **RIGHT, note="多写一位").facts
    assert isinstance(fact, SpendCorrected)
    assert (fact.number, fact.corrects, fact.line, fact.amount, fact.budgeted) == (2, 1, "venue", "820.05", "8000.00")
    kept = [(spent.number, spent.amount, spent.corrected_by) for spent in effort(journey).spent]
    assert kept == [(1, "8200.50", 2), (2, "820.05", None)]
    assert effort(journey).spent_fen == 82005


def test_the_line_may_be_corrected_too_and_an_amount_of_nothing_takes_it_back():
    journey = mistyped()
    assert code(journey.tells("correct_spend", "marketer", **{**RIGHT, "line": "meals"})) is None
    assert code(journey.tells("correct_spend", "marketer", **{**RIGHT, "number": 2, "amount": "0"})) is None
    assert effort(journey).spent_fen == 0


def test_money_is_corrected_once_and_the_refusal_names_what_counts():
    journey = mistyped()
    journey.tells("correct_spend", "marketer", **RIGHT)
    decision = journey.tells("correct_spend", "marketer", **RIGHT)
    assert code(decision) == "corrected_already"
    assert decision.refusal is not None
    assert "2" in decision.refusal.message.en


@pytest.mark.parametrize(
    ("said", "refused"),
    [
        ({"number": 2}, "unknown_entry"),
        ({"number": "1"}, "unknown_entry"),
        ({"number": True}, "unknown_entry"),
        ({"number": None}, "unknown_entry"),
        ({"line": "wine"}, "unknown_line"),
        ({"amount": "-1"}, "bad_amount"),
        ({"amount": "1.234"}, "bad_amount"),
        ({"amount": ""}, "bad_amount"),
        ({"amount": 12}, "bad_amount"),
    ],
)
def test_a_correction_that_is_none_is_refused_and_changes_nothing(said: dict[str, object], refused: str):
    journey = mistyped()
    before = journey.state
    assert code(journey.tells("correct_spend", "marketer", **{**RIGHT, **said})) == refused
    assert journey.state == before


def test_others_money_is_the_coordinators_to_correct():
    journey = Journey(a_context(MARKETER, CLERK, LEADER), a_request("market.event", details={"budget": {"venue": 8000.0}}))
    journey.submitted()
    journey.changes(people=[MARKETER, SECOND, LEADER, OUTSIDER])
    journey.tells("hand_over", "marketer", person="second", reason="出差", **{"as": "supporter"})
    journey.tells("log_spend", "second", line="venue", amount="10")
    expected = {"leader": "not_your_entry", "asker": "not_your_entry", "outsider": "unknown_request", "second": None}
    for by, refused in expected.items():
        assert code(journey.tells("correct_spend", by, **RIGHT)) == refused, by
    coordinator = journey.state.coordinator
    assert coordinator is not None
    assert code(journey.tells("correct_spend", coordinator.person, **{**RIGHT, "number": 2})) is None


def test_who_stands_in_corrects_for_who_is_away():
    journey = mistyped()
    away = MARKETER.model_copy(update={"leave": AWAY, "delegate": "second"})
    journey.changes(people=[away, SECOND])
    assert code(journey.tells("correct_spend", "second", **RIGHT)) is None


def test_money_is_corrected_so_many_times_and_then_taken_back():
    journey = mistyped()
    for number in range(1, MOST_CORRECTIONS + 1):
        assert code(journey.tells("correct_spend", "marketer", **{**RIGHT, "number": number})) is None
    last = MOST_CORRECTIONS + 1
    assert code(journey.tells("correct_spend", "marketer", **{**RIGHT, "number": last})) == "too_many_corrections"
    assert code(journey.tells("correct_spend", "marketer", **{**RIGHT, "number": last, "amount": "0"})) is None
    assert code(journey.tells("correct_spend", "marketer", **{**RIGHT, "number": last + 1, "amount": "0"})) == (
        "too_many_corrections"
    )


def test_corrections_take_no_place_of_what_may_still_be_logged():
    journey = mistyped()
    (spent,) = effort(journey).spent
    full(journey, spent=tuple(spent.model_copy(update={"number": 1 + more}) for more in range(MOST_SPENDS - 1)))
    assert code(journey.tells("correct_spend", "marketer", **RIGHT)) is None
    assert code(journey.tells("log_spend", "marketer", line="venue", amount="1")) is None
    assert code(journey.tells("log_spend", "marketer", line="venue", amount="1")) == "too_many_spends"


@pytest.mark.parametrize(("days", "refused"), [(29, None), (31, "accounts_closed")])
def test_money_is_corrected_until_the_accounts_close(days: int, refused: str | None):
    journey = mistyped()
    for name, by in (("accept", "marketer"), ("complete", "marketer"), ("confirm", "asker")):
        assert code(journey.tells(name, by)) is None
    journey.changes(now=NOW + timedelta(days=days))
    assert code(journey.tells("correct_spend", "marketer", **RIGHT)) == refused


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (19.995, "20.00"),
        (1000.125, "1000.13"),
        (1000.124, "1000.12"),
        (0.00001, "0.00"),
        (91, "91.00"),
        ("12.5", "12.50"),
        (2**53 - 1, "9007199254740991.00"),
        (-1, None),
        ("x", None),
        (True, None),
        (None, None),
        (float("nan"), None),
        (float("inf"), None),
        ({"$personal": "details.budget"}, None),
    ],
)
def test_an_amount_is_kept_to_the_cent_with_half_a_cent_rounded_up(given: object, kept: str | None):
    assert to_the_cent(given) == kept


def test_what_was_accepted_with_more_places_is_rounded_and_not_dropped():
    journey = a_gift(gifts=[{"item": "茶具", "quantity": 2, "unit_price": 19.995, "source": "stock"}])
    (issued,) = [fact for fact in journey.tells("complete", "clerk").facts if isinstance(fact, GiftsIssued)]
    assert issued.gifts[0].unit_price == "20.00"
    (spent,) = an_event(venue=1000.125).tells("log_spend", "marketer", line="venue", amount="1").facts
    assert isinstance(spent, SpendLogged)
    assert spent.budgeted == "1000.13"


def test_the_lines_of_all_budgets_are_those_of_the_pack():
    assert budget_lines(PACK) == {"venue", "meals", "lodging", "transport", "displays", "gifts", "media", "other"}
