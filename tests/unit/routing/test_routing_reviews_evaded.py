"""What somebody might try to get by a review: another name on the request, another currency, another file, a reopening without a change."""

import math
from typing import Any

import pytest

from services.routing.domain.review.amending import touched_fields
from services.routing.domain.review.chain import worth_of
from shared.schemas.intake import AmendmentRequested
from shared.schemas.people import Person
from shared.schemas.requests import FieldChange, Opportunity, Requester
from shared.schemas.reviews import ReviewAmended, ReviewOpened
from tests.unit.routing.linked import a_contract, a_price, approves_all, looks
from tests.unit.routing.reviews import (
    FINANCE,
    LARGE,
    LEGAL,
    SECOND,
    SMALL,
    TECHNICAL_HEAD,
    amends,
    asked,
    opines,
    under_review,
)
from tests.unit.routing.routing_build import (
    ACCEPTED,
    AWAY,
    MARKETER,
    PACK,
    POLICY,
    REVIEWERS,
    Journey,
    a_context,
    a_customer_in,
    a_person,
    a_request,
    an_assigned,
    an_engineer,
)

BOSS = a_person("boss", "account_manager", "bu_leader")
MATE = a_person("mate", "account_manager")
ACROSS = {**SMALL, "lines": [{"item": "平台", "list_price": 400_000, "asked_price": 400_000, "quantity": 1}]}
CHIEF = "company_leader"


def filed_by(requester: str, *people: Person, details: dict[str, Any] = SMALL) -> Journey:
    context = a_context(MARKETER, *people)
    asker = Requester(id=requester, role="account_manager")
    journey = Journey(context, request=a_request("business.price", details=details, requester=asker))
    journey.submitted()
    return journey


def amended_to(journey: Journey, requester: str) -> None:
    request = journey.state.request
    assert request is not None
    changed = request.model_copy(update={"requester": Requester(id=requester, role="account_manager")})
    change = FieldChange(field="requester.id", before=request.requester.id, after=requester)
    journey.hears(AmendmentRequested(by=request.requester.id, request=changed, changes=(change,), verdict=ACCEPTED))


# -- one's own request


def test_giving_the_request_another_name_seats_nobody_whose_it_was():
    journey = filed_by("boss", *(one for one in REVIEWERS if one.id != "leader"), BOSS, MATE)
    assert journey.state.status == "waiting"
    amended_to(journey, "mate")
    journey.wakes()
    assert "boss" not in journey.supporters
    assert journey.state.asked_before == ("boss",)


def test_whoever_asked_once_gives_no_opinion_later_even_with_a_seat():
    journey = filed_by("mate", *REVIEWERS, MATE)
    amended_to(journey, "leader")
    amended_to(journey, "mate")
    opines(journey, "finance")
    opines(journey, "legal")
    refusal = opines(journey, "leader").refusal
    assert refusal is not None
    assert refusal.code == "own_request"


def test_an_opinion_of_whoever_asks_for_it_now_counts_no_more():
    journey = filed_by("mate", *REVIEWERS, MATE)
    opines(journey, "finance")
    amended_to(journey, "finance")
    fact = next(one for one in journey.said if isinstance(one, ReviewAmended))
    assert fact.again == (FINANCE,)


# -- another currency


@pytest.mark.parametrize(("currency", "chief"), [("CNY", False), ("USD", True), ("HKD", False), ("XAU", True)])
def test_limits_are_compared_in_yuan_and_what_has_no_rate_is_above_all(currency: str, chief: bool):
    journey = under_review(ACROSS, extra={"currency": currency})
    assert journey.state.review is not None
    assert (CHIEF in {party.key for party in journey.state.review.parties}) == chief


def test_the_amount_is_told_in_yuan_or_else_with_its_currency():
    opened = {
        currency: next(one for one in under_review(ACROSS, extra={"currency": currency}).said if isinstance(one, ReviewOpened))
        for currency in ("USD", "XAU")
    }
    assert {key: (one.amount, one.currency) for key, one in opened.items()} == {
        "USD": (400_000 * POLICY.rates["USD"], "CNY"),
        "XAU": (400_000.0, "XAU"),
    }


def test_an_amount_too_large_for_its_rate_is_above_every_limit():
    request = a_request("business.price", details={"lines": [{"asked_price": 1e308, "quantity": 1}]}, extra={"currency": "USD"})
    worth = worth_of(request, POLICY)
    assert (math.isfinite(worth.amount), worth.weighed) == (True, math.inf)


def test_another_currency_is_another_amount():
    journey = under_review(ACROSS, extra={"currency": "USD"})
    opines(journey, "finance")
    opines(journey, "legal")
    request = journey.state.request
    assert request is not None
    changed = request.model_copy(update={"extra": {"currency": "EUR"}})
    change = FieldChange(field="extra.currency", before="USD", after="EUR")
    journey.hears(AmendmentRequested(by="asker", request=changed, changes=(change,), verdict=ACCEPTED))
    assert asked(journey) == [FINANCE]
    assert journey.state.review is not None
    assert journey.state.review.said(LEGAL) is not None


# -- another file under the same name


def files(contract: str, other: str = "1") -> list[dict[str, str]]:
    return [{"name": "a.docx", "sha256": contract}, {"name": "logo.png", "sha256": other}]


@pytest.mark.parametrize(
    ("before", "after", "contract"),
    [
        (files("1"), files("2"), True),
        (files("1"), files("1", "2"), False),
        (files("1"), [], True),
        ({"pointer": "x"}, {"pointer": "y"}, True),
    ],
)
def test_a_replaced_file_touches_the_field_that_names_it(before: object, after: object, contract: bool):
    request = a_request("business.contract", details={"contract": "a.docx"})
    change = FieldChange(field="attachments", before=before, after=after)
    found = touched_fields((change,), request, PACK.types["business.contract"], "amount")
    assert ("details.contract" in found) == contract
    assert found[0] == "attachments"


def test_who_rests_on_the_contract_is_asked_again_when_its_file_is_replaced():
    contract = a_contract(None, {"price_request": None})
    opines(contract, "finance")
    request = contract.state.request
    assert request is not None
    change = FieldChange(field="attachments", before=files("1"), after=files("2"))
    contract.hears(AmendmentRequested(by="asker", request=request, changes=(change,), verdict=ACCEPTED))
    fact = next(one for one in contract.said if isinstance(one, ReviewAmended))
    assert fact.again == (FINANCE,)


# -- a reopening without a change


def rejected_by_an_extra() -> Journey:
    journey = under_review(LARGE)
    journey.tells(
        "ask_also", "marketer", person="test_head", role="test_manager", beside=LEGAL, place="before", reason="承诺了测试"
    )
    opines(journey, "test_head", "reject", text="不能交付")
    assert journey.state.status == "completed"
    return journey


def test_who_was_asked_besides_and_said_no_is_asked_again_after_a_reopening():
    journey = rejected_by_an_extra()
    journey.tells("reopen", "asker", reason="请再看")
    assert asked(journey) == ["test_manager"]
    opines(journey, "test_head")
    for person in ("finance", "legal", "leader", "chief"):
        assert journey.state.status == "working"
        opines(journey, person)
    assert journey.state.status == "completed"


# -- somebody who is not asked, and away


def without_the_chief(details: dict[str, Any]) -> Journey:
    people = [one if one.id != "chief" else one.model_copy(update={"leave": AWAY}) for one in REVIEWERS]
    return filed_by("asker", *people, details=details)


def test_a_review_does_not_wait_for_somebody_whom_its_rules_do_not_ask():
    journey = without_the_chief(SMALL)
    assert journey.supporters == ["finance", "legal", "leader"]
    assert asked(journey) == [FINANCE, LEGAL]
    assert without_the_chief(LARGE).state.status == "waiting"


def test_an_amendment_above_the_limit_seats_whoever_was_left_out():
    journey = without_the_chief(SMALL)
    journey.changes(people=(MARKETER, *REVIEWERS))
    amends(journey, "lines", lines=LARGE["lines"])
    assert "chief" in journey.supporters


# -- another opportunity's price


def test_a_price_of_another_opportunity_unlocks_nothing():
    other = Opportunity(id="O2", name="别的项目", customer=a_customer_in("east").customer)
    price = a_price(opportunity=other)
    contract = a_contract(price)
    approves_all(contract)
    approves_all(price)
    looks(contract, price)
    assert contract.state.link is not None
    assert (contract.state.link.standing, contract.state.status) == ("other_opportunity", "working")
    assert contract.state.link.reason is not None
    assert "另一个商机" in contract.state.link.reason.zh
    assert "another opportunity" in contract.state.link.reason.en


# -- by way of somebody who stands in, and of somebody who has left


def test_nobody_opines_for_whoever_asks_for_it_now():
    journey = filed_by("mate", *REVIEWERS, MATE, a_person("deputy", "sales_manager"))
    amended_to(journey, "finance")
    people = [one if one.id != "finance" else one.model_copy(update={"leave": AWAY, "delegate": "deputy"}) for one in REVIEWERS]
    journey.changes(people=(MARKETER, *people, MATE, a_person("deputy", "sales_manager")))
    refusal = opines(journey, "deputy").refusal
    assert refusal is not None
    assert refusal.code == "not_reviewer"


def left(journey: Journey, person: str) -> None:
    people = [one if one.id != person else one.model_copy(update={"active": False}) for one in (*REVIEWERS, SECOND)]
    journey.changes(people=(MARKETER, *people, TECHNICAL_HEAD))
    journey.wakes("away")


def test_an_opinion_stays_with_its_seat_when_the_reviewer_has_left_and_who_has_not_spoken_is_followed():
    spoken, silent = under_review(LARGE), under_review(LARGE)
    opines(spoken, "finance")
    left(spoken, "finance")
    left(silent, "finance")
    assert "finance" in spoken.supporters
    assert "second" in silent.supporters
    assert spoken.state.review is not None
    assert spoken.state.review.said(FINANCE) is not None


# -- one's own delivery


def test_whoever_became_the_requester_by_an_amendment_confirms_nothing_that_they_delivered():
    journey = an_assigned(an_engineer("anna"))
    journey.tells("accept", "anna")
    request = journey.state.request
    assert request is not None
    changed = request.model_copy(update={"requester": Requester(id="anna", role="presales_engineer")})
    change = FieldChange(field="requester.id", before="asker", after="anna")
    journey.hears(AmendmentRequested(by="asker", request=changed, changes=(change,), verdict=ACCEPTED))
    journey.tells("complete", "anna", note="x", result={})
    refusal = journey.tells("confirm", "anna").refusal
    assert refusal is not None
    assert refusal.code == "own_delivery"
