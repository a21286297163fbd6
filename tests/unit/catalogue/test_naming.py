"""A field that names another request: what can never be is refused where it stands, what may still come is not."""

from typing import Any

import pytest

from shared.catalogue import EarlierRequest, earlier_references
from tests.builders.bodies import a_body
from tests.builders.judging import judged

P77 = {"business_unit": "harbour", "system": "crm", "reference": "P-77"}
KEY = ("harbour", "crm", "P-77")
PRICE = EarlierRequest(type="business.price", opportunity_id="O-5", status="assigned")


def a_contract(named: object, **changes: Any) -> Any:
    body = a_body("business.contract", **changes)
    return {**body, "details": {**body["details"], "price_request": named}}


def problems(body: Any, **context: Any) -> list[tuple[str, str]]:
    return [(problem.field, problem.code) for problem in judged(body, **context).verdict.problems]


def test_a_price_request_that_is_known_or_may_still_come_is_taken():
    assert problems(a_contract(P77), earlier={KEY: PRICE}) == []
    assert problems(a_contract(P77), earlier={}) == []
    assert earlier_references(a_contract(P77)) >= {KEY}


def test_a_proposal_may_name_one_too():
    body = a_body("tech.proposal")
    body["details"]["price_request"] = {**P77, "business_unit": "elsewhere"}
    assert problems(body) == [("details.price_request.business_unit", "names_unknown")]


@pytest.mark.parametrize(
    ("named", "earlier", "expected"),
    [
        ({"business_unit": " harbour ", "system": "crm", "reference": "R-business.contract"}, {}, ("", "names_itself")),
        ({**P77, "business_unit": "city"}, {("city", "crm", "P-77"): PRICE}, (".business_unit", "names_unknown")),
        ({**P77, "business_unit": "city"}, {}, (".business_unit", "names_unknown")),
        (P77, {KEY: EarlierRequest(type="tech.survey", opportunity_id="O-5", status="assigned")}, ("", "names_another_type")),
    ],
)
def test_what_can_never_be_is_refused_where_it_stands(named: Any, earlier: Any, expected: tuple[str, str]):
    assert problems(a_contract(named), earlier=earlier) == [(f"details.price_request{expected[0]}", expected[1])]


@pytest.mark.parametrize(
    "named", [None, "P-77", {}, {"reference": "P-77"}, {**P77, "reference": "\ud800"}, [P77], {**P77, "system": 7}]
)
def test_what_names_nothing_is_a_matter_of_the_form(named: Any):
    codes = {code for _, code in problems(a_contract(named), earlier={})}
    assert not codes & {"names_itself", "names_unknown", "names_another_type"}
    assert KEY not in earlier_references(a_contract(named))
