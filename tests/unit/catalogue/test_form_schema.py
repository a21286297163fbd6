"""Each type's form as JSON Schema 2020-12: valid, accepting what the validator accepts, refusing what it returns."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from shared.catalogue import form_schema
from tests.builders import TYPES, a_body, attested, the_pack, with_details, without


@pytest.mark.parametrize("kind", TYPES)
def test_the_schema_is_valid(kind: str):
    schema = form_schema(the_pack().types[kind])
    Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert the_pack().types[kind].label.zh in schema["title"]


@pytest.mark.parametrize("kind", TYPES)
def test_the_schema_accepts_a_complete_request(kind: str):
    errors = [error.message for error in Draft202012Validator(form_schema(the_pack().types[kind])).iter_errors(a_body(kind))]
    assert errors == []


@pytest.mark.parametrize("kind", TYPES)
def test_the_schema_refuses_a_request_without_any_of_its_required_fields(kind: str):
    policy = the_pack().types[kind]
    validator = Draft202012Validator(form_schema(policy))
    for key, spec in policy.fields.items():
        if spec.required:
            assert not validator.is_valid(without(a_body(kind), f"details.{key}")), key


@pytest.mark.parametrize("kind", TYPES)
def test_the_schema_refuses_another_type(kind: str):
    assert not Draft202012Validator(form_schema(the_pack().types[kind])).is_valid({**a_body(kind), "type": "tools"})


def test_one_executive_may_be_named_without_a_list():
    validator = Draft202012Validator(form_schema(the_pack().types["market.executive_visit"]))
    body = a_body("market.executive_visit")
    for written, fits in (("bu_leader", True), (["company_leader"], True), ("emperor", False), (["emperor"], False)):
        body["details"]["executive"] = written
        assert validator.is_valid(body) is fits


def test_a_bid_without_the_tender_may_leave_jury_pitch_and_due_open():
    validator = Draft202012Validator(form_schema(the_pack().types["tech.bid"]))
    body = a_body("tech.bid")
    body["details"] = {key: value for key, value in body["details"].items() if key not in {"jury", "pitch", "due"}}
    assert not validator.is_valid(body)
    assert validator.is_valid({**body, "evidence": attested("purchase_need_clear")})
    assert validator.is_valid(with_details(a_body("tech.bid"), jury="未公布", due="not announced"))


@pytest.mark.parametrize("changes", [{"priority": "purple"}, {"locale": "fr"}, {"evidence": ["yes"]}, {"attachments": [{}]}])
def test_the_schema_knows_the_rest_of_the_frame(changes: dict[str, Any]):
    schema = form_schema(the_pack().types["tools.company"])
    assert not Draft202012Validator(schema).is_valid(a_body("tools.company", **changes))
    assert all(form["title"] for key, form in schema["properties"].items() if key != "type")


def test_personal_fields_are_marked():
    details = form_schema(the_pack().types["tech.bid"])["properties"]["details"]["properties"]
    assert details["jury"]["x-personal"] is True
    assert "x-personal" not in details["pitch"]
