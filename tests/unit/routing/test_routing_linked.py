"""A contract review and a proposal wait for the price request that they name, and go on by themselves once it is decided."""

from dataclasses import replace
from datetime import timedelta

import pytest

from services.routing.domain import RoutingDomain
from services.routing.domain.linking.evolving import COMES_LATER
from shared.schemas.links import LinkedRequestAwaited, LinkedRequestDecided, LinkedRequestFailed
from shared.schemas.reviews import ReviewDecided, ReviewReturned
from shared.schemas.routing import EscalatedToCoordinator, EscalatedToLeader, RequestAmended, WorkCompleted
from tests.unit.routing.linked import NAMED, PRICE, a_contract, a_price, a_proposal, approves_all, looks
from tests.unit.routing.reviews import FINANCE, amends, asked, opines
from tests.unit.routing.routing_build import NOW, Journey, a_request


def kinds(decision: object) -> list[type]:
    return [type(fact) for fact in getattr(decision, "facts", ())]


def said(journey: Journey, kind: type) -> int:
    return sum(isinstance(fact, kind) for fact in journey.said)


def test_opinions_are_collected_but_nothing_is_approved_before_the_price_is():
    price = a_price()
    contract = a_contract(price)
    assert contract.state.link is not None
    assert (contract.state.link.standing, contract.state.link.held_by) == ("pending", ("finance", "legal"))
    approves_all(contract)
    assert contract.state.review is not None
    assert (contract.state.review.verdict, contract.state.review.outcome, contract.state.status) == ("approved", None, "working")
    approves_all(price)
    assert price.state.status == "completed"
    assert kinds(looks(contract, price)) == [LinkedRequestDecided, ReviewDecided, WorkCompleted]
    assert contract.state.status == "completed"


def test_without_a_price_request_the_last_opinion_decides():
    contract = a_contract(a_price(), {"price_request": None})
    assert contract.state.link is None
    approves_all(contract)
    assert contract.state.status == "completed"


def test_looked_at_again_people_are_told_nothing_twice():
    price = a_price()
    contract = a_contract(price)
    assert looks(contract, price).facts == ()
    approves_all(price)
    looks(contract, price)
    assert looks(contract, price).facts == ()
    assert (said(contract, LinkedRequestAwaited), said(contract, LinkedRequestDecided)) == (1, 1)


def test_a_rejection_needs_no_price():
    contract = a_contract(a_price())
    opines(contract, "legal", "reject", text="条款违法")
    assert (contract.state.status, contract.said[-2].outcome) == ("completed", "rejected")
    assert contract.state.link is not None
    assert not contract.state.link.live


def test_a_price_that_was_approved_before_is_waited_for_by_nobody():
    price = a_price()
    approves_all(price)
    contract = a_contract(price)
    fact = next(one for one in contract.said if isinstance(one, LinkedRequestDecided))
    assert (fact.standing, fact.awaited, fact.amount, fact.lines[0]["asked_price"]) == ("approved", False, 40.0, 8)
    approves_all(contract)
    assert contract.state.status == "completed"


def test_approved_with_changes_the_approved_values_are_seen_and_opinions_that_rest_on_the_price_asked_again():
    price = a_price()
    contract = a_contract(price)
    approves_all(contract)
    condition = {"text": "不低于九折", "concerns": ["lines"]}
    opines(price, "finance", "approve_with_changes", conditions=[condition])
    approves_all(price)
    decision = looks(contract, price)
    assert kinds(decision) == [LinkedRequestDecided, ReviewReturned]
    link = contract.state.link
    assert link is not None
    assert (link.standing, link.amount, [one.text for one in link.conditions]) == ("approved_with_changes", 40.0, ["不低于九折"])
    assert asked(contract) == [FINANCE]
    assert "不低于九折" in decision.facts[0].reason.zh
    approves_all(contract)
    assert contract.state.status == "completed"


@pytest.mark.parametrize("ends", ["rejected", "withdrawn"])
def test_a_price_that_came_to_nothing_is_told_of_and_another_may_be_named(ends: str):
    price = a_price()
    contract = a_contract(price)
    approves_all(contract)
    if ends == "rejected":
        opines(price, "finance", "reject", text="太低")
    else:
        price.withdrawn()
    (fact,) = looks(contract, price).facts
    assert isinstance(fact, LinkedRequestFailed)
    assert fact.standing == ends
    assert "price request" in fact.reason.en
    assert contract.state.status == "working"
    amended = amends(contract, "price_request", price_request=None)
    assert RequestAmended in kinds(amended)
    assert contract.state.link is None
    approves_all(contract)
    assert contract.state.status == "completed"


def test_a_price_that_is_reopened_is_waited_for_again_and_decided_anew_is_news():
    price = a_price()
    contract = a_contract(price)
    opines(price, "finance", "reject", text="太低")
    looks(contract, price)
    price.tells("reopen", "asker", reason="改价")
    assert kinds(looks(contract, price)) == [LinkedRequestAwaited]
    approves_all(price)
    assert kinds(looks(contract, price)) == [LinkedRequestDecided]


def test_a_proposal_is_not_delivered_before_its_price_is_approved():
    price = a_price()
    proposal = a_proposal(price)
    refused = proposal.tells("complete", "anna").refusal
    assert refused is not None
    assert (refused.code, refused.status) == ("waits_for_price", 409)
    assert "finance" in refused.message.en
    approves_all(price)
    looks(proposal, price)
    assert proposal.tells("complete", "anna").refusal is None
    assert proposal.state.status == "completed"


def test_a_price_that_comes_a_little_later_is_not_said_to_be_lacking():
    price = a_price()
    contract = a_contract(None)
    assert contract.state.link is not None
    assert contract.state.link.standing is None
    assert looks(contract, missing=(PRICE,)).facts == ()
    assert RoutingDomain().wake_at(contract.state) == NOW + timedelta(seconds=1) + COMES_LATER
    assert kinds(looks(contract, price)) == [LinkedRequestAwaited]
    assert contract.state.link.standing == "pending"


def test_one_that_does_not_exist_is_told_once_and_then_to_those_above_and_no_further():
    contract = a_contract(None)
    contract.changes(now=NOW + COMES_LATER + timedelta(minutes=1))
    (fact,) = looks(contract, missing=(PRICE,)).facts
    assert isinstance(fact, LinkedRequestAwaited)
    assert fact.standing == "unknown"
    above = []
    for _ in range(4):
        due = contract.state.link.next_at if contract.state.link else None
        if due is None:
            break
        contract.changes(now=due)
        facts = looks(contract, missing=(PRICE,)).facts
        above += [type(fact) for fact in facts if getattr(fact, "linked", None) == PRICE]
    assert above == [EscalatedToCoordinator, EscalatedToLeader]
    assert contract.state.link is not None
    assert contract.state.link.next_at is None


def test_another_units_is_as_one_that_does_not_exist():
    price = a_price()
    contract = a_contract(price, {"price_request": {**NAMED, "business_unit": "south"}})
    contract.changes(now=NOW + COMES_LATER + timedelta(minutes=1))
    other = contract.state.link.request if contract.state.link else ""
    price.subject = other
    (fact,) = looks(contract, price).facts
    assert isinstance(fact, LinkedRequestAwaited)
    assert (fact.standing, fact.held_by) == ("unknown", ())


def test_what_is_no_price_request_is_refused_by_its_type():
    survey = Journey(a_price().context, a_request(), subject=PRICE)
    survey.submitted()
    (fact,) = [one for one in a_contract(survey).said if isinstance(one, LinkedRequestAwaited)]
    assert fact.standing == "other_type"


def test_rows_that_lead_back_are_found():
    first, second = a_contract(None), a_contract(None)
    first.subject, second.subject = PRICE, "R2"
    second.state = second.state.model_copy(update={"link": second.state.link})
    (fact,) = looks(second, first).facts
    assert fact.standing == "circular"  # the first names itself
    first.state = first.state.model_copy(
        update={"link": first.state.link and first.state.link.model_copy(update={"request": "R2"})}
    )
    third = a_contract(None)
    third.subject = "R2"
    (fact,) = looks(third, first).facts
    assert fact.standing == "circular"


def test_a_clock_that_goes_back_and_an_early_look_say_nothing():
    contract = a_contract(a_price())
    contract.context = replace(contract.context, now=NOW - timedelta(days=30))
    assert looks(contract, a_price()).facts == ()
