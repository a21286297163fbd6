"""Reviews: who is asked in which order, what ends them, and what is refused."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import ValidationError

from services.routing.domain.review.rules import ChainRule
from shared.schemas.model import Text
from shared.schemas.reviews import OpinionGiven, ReviewDecided, ReviewOpened, ReviewWaiting
from shared.schemas.routing import WorkAccepted, WorkCompleted
from tests.unit.routing.reviews import CONTRACT, FINANCE, LARGE, LEGAL, SMALL, amends, asked, opines, under_review
from tests.unit.routing.routing_build import AWAY, POLICY, REVIEWERS, Journey, a_person
from tests.unit.routing.states import code, working

NAME = {"zh": "一", "en": "one"}


def chained(*steps: dict[str, Any], details: dict[str, Any] | None = None) -> Journey:
    """A price request under a chain of its own."""
    rule = ChainRule.model_validate({"amount": {"field": "lines", "product": ["quantity", "asked_price"]}, "steps": list(steps)})
    journey = under_review(details)
    journey.state = type(journey.state)()
    journey.said.clear()
    policy = POLICY.model_copy(update={"reviews": {"business.price": rule}})
    journey.context = replace(journey.context, policy=policy)
    journey.submitted()
    return journey


def side_by_side(rule: str) -> Journey:
    parties = [{"role": "department_reviewer", "department": "finance"}, {"role": "department_reviewer", "department": "legal"}]
    return chained({"key": "one", "name": NAME, "rule": rule, "parties": parties})


# -- the chain


def test_the_review_opens_with_the_first_step_once_everybody_is_seated():
    journey = under_review()
    opened = journey.said[-1]
    assert isinstance(opened, ReviewOpened)
    assert [step.key for step in opened.steps] == ["departments", "unit", "company"]
    assert (opened.amount, opened.round, opened.asked) == (600000, 1, ("finance", "legal"))


def test_from_an_amount_on_the_company_decides_and_below_it_the_unit():
    for details, steps in ((SMALL, 2), (LARGE, 3)):
        review = under_review(details).state.review
        assert review is not None
        assert len(review.steps) == steps


def test_a_contract_of_agency_asks_neither_technicians_nor_delivery():
    review = under_review({**CONTRACT, "kind": "agency"}, kind="business.contract").state.review
    assert review is not None
    assert [party.department for party in review.steps[0].parties] == ["finance", "legal"]


def test_one_opinion_each_decides_and_delivers_with_everybodys_words():
    journey = under_review()
    for person in ("finance", "legal", "leader"):
        opines(journey, person, text=f"ok {person}")
        assert journey.state.status == "working"
    facts = opines(journey, "chief").facts
    assert [type(fact) for fact in facts] == [WorkAccepted, OpinionGiven, ReviewDecided, WorkCompleted]
    decided, done = facts[-2:]
    assert isinstance(decided, ReviewDecided)
    assert isinstance(done, WorkCompleted)
    assert (decided.outcome, [opinion.by for opinion in decided.opinions]) == (
        "approved",
        ["finance", "legal", "leader", "chief"],
    )
    assert done.result["结论"] == "同意"
    assert "ok finance" in done.result["财务部"]
    assert journey.state.status == "completed"


def test_a_condition_makes_it_approved_with_changes_and_has_an_id():
    journey = under_review(SMALL)
    opines(journey, "finance", "approve_with_changes", conditions=[{"text": "预付三成", "concerns": ["lines"]}])
    opines(journey, "legal", "approve_with_changes", conditions=[{"text": "补充条款"}])
    decided = opines(journey, "leader").facts[-2]
    assert isinstance(decided, ReviewDecided)
    assert decided.outcome == "approved_with_changes"
    assert [one.id for opinion in decided.opinions for one in opinion.conditions] == ["C1", "C2"]


def test_one_rejection_decides_at_once():
    journey = under_review()
    decided = opines(journey, "legal", "reject", text="低于成本").facts[-2]
    assert isinstance(decided, ReviewDecided)
    assert (decided.outcome, journey.state.status) == ("rejected", "completed")


def test_any_of_a_step_is_enough():
    journey = side_by_side("any_of")
    assert asked(journey) == [FINANCE, LEGAL]
    opines(journey, "legal")
    assert journey.state.status == "completed"


def test_in_turn_asks_one_after_the_other():
    journey = side_by_side("in_turn")
    assert asked(journey) == [FINANCE]
    assert code(opines(journey, "legal")) == "not_your_turn"
    given = opines(journey, "finance").facts[-1]
    assert isinstance(given, OpinionGiven)
    assert given.asked == ("legal",)


def test_a_type_of_which_no_chain_is_written_asks_everybody_whom_the_matrix_seats():
    journey = under_review()
    journey.state, journey.context = (
        type(journey.state)(),
        replace(journey.context, policy=POLICY.model_copy(update={"reviews": {}})),
    )
    journey.submitted()
    assert len(asked(journey)) == 4


def test_a_chain_that_comes_to_nobody_waits_and_is_never_an_approval():
    journey = chained(
        {"key": "one", "name": NAME, "rule": "all", "parties": [{"role": "company_leader", "from": 10_000_000}]}, details=SMALL
    )
    waits = journey.said[-1]
    assert isinstance(waits, ReviewWaiting)
    assert waits.cause == "nobody_named"
    assert code(opines(journey, "chief")) == "review_waits"
    assert journey.state.status == "assigned"
    assert journey.wakes().facts == ()
    amends(journey, lines=[{"asked_price": 20_000_000, "quantity": 1}])
    assert asked(journey) == ["company_leader"]


def test_a_chain_that_names_a_seat_nobody_has_waits():
    journey = chained({"key": "one", "name": NAME, "rule": "all", "parties": [{"role": "admin_office"}]})
    waits = journey.said[-1]
    assert isinstance(waits, ReviewWaiting)
    assert (waits.cause, waits.lacking) == ("nobody_seated", ("admin_office",))


@pytest.mark.parametrize("field", ["key", "party"])
def test_a_chain_that_names_a_step_or_a_place_twice_is_refused(field: str):
    one = {"key": "a", "name": NAME, "rule": "all", "parties": [{"role": "bu_leader"}]}
    other = {**one, "key": "b"} if field == "party" else {**one, "parties": [{"role": "company_leader"}]}
    with pytest.raises(ValidationError):
        ChainRule.model_validate({"amount": {"field": "amount"}, "steps": [one, other]})


# -- refusals


@pytest.mark.parametrize(
    ("by", "data", "expected"),
    [
        ("finance", {"version": None}, "no_version"),
        ("finance", {"version": True}, "no_version"),
        ("finance", {"version": 2}, "other_version"),
        ("finance", {"opinion": "maybe"}, "bad_opinion"),
        ("finance", {"opinion": "reject"}, "no_reason"),
        ("finance", {"opinion": "approve_with_changes"}, "no_conditions"),
        ("finance", {"conditions": [{"text": "x"}]}, "no_conditions"),
        ("leader", {}, "not_your_turn"),
        ("marketer", {}, "not_reviewer"),
        ("asker", {}, "own_request"),
    ],
)
def test_an_opinion_that_cannot_count_is_refused_and_changes_nothing(by: str, data: dict[str, Any], expected: str):
    journey = under_review()
    before = journey.state
    assert code(journey.tells("opine", by, **{"opinion": "approve", "version": 1, **data})) == expected
    assert journey.state == before


def test_nobody_is_asked_twice():
    journey = under_review()
    opines(journey, "finance")
    assert code(opines(journey, "finance", "reject", text="anders")) == "opined_already"


def test_who_asked_gives_no_opinion_for_a_reviewer_who_is_away():
    journey = under_review()
    away = a_person("finance", "department_reviewer", unit="headquarters", department="finance", leave=AWAY, delegate="asker")
    journey.changes(people=(*[one for one in REVIEWERS if one.id != "finance"], away))
    assert code(opines(journey, "finance")) is None
    journey = under_review()
    journey.changes(people=(*[one for one in REVIEWERS if one.id != "finance"], away))
    assert code(opines(journey, "asker")) == "own_request"


def test_who_stands_in_says_whose_opinion_it_is():
    journey = under_review()
    away = a_person("finance", "department_reviewer", unit="headquarters", department="finance", leave=AWAY, delegate="legal")
    journey.changes(people=(*[one for one in REVIEWERS if one.id != "finance"], away))
    given = opines(journey, "legal").facts[-1]
    assert isinstance(given, OpinionGiven)
    assert (given.party, given.on_behalf_of) in {(FINANCE, "finance"), (LEGAL, None)}


def test_a_review_is_not_completed_by_hand():
    journey = under_review()
    journey.tells("accept", "finance")
    refused = journey.tells("complete", "finance", result={"结论": "同意"})
    assert code(refused) == "by_opinion"
    assert refused.refusal is not None
    assert isinstance(refused.refusal.message, Text)


def test_other_work_has_no_review():
    assert code(working().tells("opine", "anna", opinion="approve", version=1)) == "no_review"
