"""What no store or JSON writer can hold is named by its place and returned; the answer itself can always be stored."""

import json
from typing import Any

import pytest

from shared.catalogue import earlier_references, meaning
from shared.catalogue.storable import MAX_DEPTH, MAX_NAMED, unstorable
from shared.schemas.requests import Verdict
from tests.builders import a_body, a_draft_attachment, attested, judged, with_details

LONG_NUMBER = 10**5000


def nested(levels: int) -> Any:
    value: Any = "innermost"
    for _ in range(levels):
        value = {"a": value}
    return value


def named(body: Any) -> list[tuple[str, str]]:
    judgement = judged(body)
    assert judgement.request is None
    assert judgement.verdict.outcome == "returned"
    assert Verdict.model_validate_json(judgement.verdict.model_dump_json()) == judgement.verdict
    assert isinstance(meaning(body), str)
    return [(problem.field, problem.code) for problem in judgement.verdict.problems]


@pytest.mark.parametrize("body", [None, [], [{}], 7, 1.5, True, "申请", LONG_NUMBER], ids=lambda value: type(value).__name__)
def test_anything_but_a_record_is_returned_with_the_remedy(body: Any):
    assert named(body) == [("body", "not_a_record")]
    assert earlier_references(body) == set()


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("half \ud800", "unstorable"),
        ("nul \0", "unstorable"),
        (2**63, "number_too_large"),
        (-(2**63) - 1, "number_too_large"),
        (LONG_NUMBER, "number_too_large"),
        (float("nan"), "not_a_number"),
        (float("-inf"), "not_a_number"),
        (b"bytes", "not_json"),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isidentifier() else type(value).__name__,
)
def test_a_value_that_cannot_be_stored_is_named_wherever_it_stands(value: Any, code: str):
    body = a_body("tech.survey")
    assert named({**body, "extra": {"a": [0, {"b": value}]}}) == [("extra.a.1.b", code)]
    assert named(with_details(body, 备注=value)) == [("details.备注", code)]
    assert named(with_details(body, purpose=value)) == [("details.purpose", code)]


@pytest.mark.parametrize("key", ["$set", "$personal", "a.b", "", "  ", "a\0b", "half \ud800", "k" * 201])
def test_a_name_that_cannot_be_stored_is_named(key: str):
    ((field, code),) = named({**a_body("tools.company"), "extra": {key: 1}})
    assert code == "bad_key"
    assert field.startswith("extra.")
    assert unstorable([field]) == ()


def test_the_greatest_values_that_fit_are_kept():
    request = judged({**a_body("tools.company"), "extra": {"most": 2**63 - 1, "least": -(2**63)}}).request
    assert request is not None
    assert request.extra == {"most": 2**63 - 1, "least": -(2**63)}


def test_nesting_is_bounded():
    at_the_limit = {**a_body("tools.company"), "extra": nested(MAX_DEPTH - 1)}
    assert judged(at_the_limit).verdict.outcome == "accepted"
    ((field, code),) = named({**a_body("tools.company"), "extra": nested(MAX_DEPTH)})
    assert code == "too_deep"
    assert field.startswith("extra.a.a")
    assert [problem.code for problem in unstorable(json.loads("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)))] == ["too_deep"]
    assert unstorable(json.loads("[" * MAX_DEPTH + "7" + "]" * MAX_DEPTH)) == ()
    assert named(with_details(a_body("tools.company"), more=nested(5000)))[0][1] == "too_deep"


def test_not_more_faults_are_named_than_somebody_reads():
    assert len(named({**a_body("tools.company"), "extra": {f"k{number}": "\0" for number in range(500)}})) == MAX_NAMED


def test_neither_evidence_nor_a_customers_name_carries_what_cannot_be_stored_into_the_verdict():
    body = a_body("market.visit", evidence=attested("customer_and_aim_clear"))
    body["evidence"][0]["value"] = "half \ud800"
    body["opportunity"]["customer"]["name"] = "half \udc00"
    fields = [field for field, _ in named(body)]
    assert set(fields) == {"evidence.0.value", "opportunity.customer.name", "details.customer"}


def test_every_other_problem_is_named_as_well():
    body = with_details(a_body("tools.company"), quantity=0, delivery="pigeon", note="\0")
    assert {field for field, _ in named(body)} == {"details.quantity", "details.delivery", "details.note"}


def test_an_attachment_of_impossible_size_is_named():
    body = a_body("tools.company", attachments=[{**a_draft_attachment(), "size": 2**64}])
    assert ("attachments.0.size", "number_too_large") in named(body)


def test_what_can_be_stored_has_no_fault():
    for kind in ("tech.bid", "market.event", "business.contract"):
        assert unstorable(json.loads(json.dumps(a_body(kind)))) == ()
