"""Personal values stay in intake: what travels holds pointers, and the two together give the request back."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.catalogue import load_pack, personal, public, restore
from shared.schemas.requests import Request
from tests.builders import TYPES, a_body, judged, the_pack
from tests.unit.catalogue.packs import copied, replaced

NESTED = {"market.event": {"audience": {"customers"}}}
PERSONAL = {kind: {key for key, spec in the_pack().types[kind].fields.items() if spec.personal} for kind in TYPES}


def request_of(kind: str) -> Request:
    request = judged(a_body(kind)).request
    assert request is not None
    return request


def texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for inner in value.values():
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)


def test_the_policy_marks_who_the_customers_people_are():
    assert {kind: fields for kind, fields in PERSONAL.items() if fields} == {
        "tech.survey": {"counterparts"},
        "tech.proposal": {"recipients"},
        "tech.presentation": {"audience"},
        "tech.training": {"audience"},
        "tech.bid": {"jury"},
        "market.gift": {"recipients"},
    }


@pytest.mark.parametrize("kind", TYPES)
def test_no_personal_value_is_in_what_travels(kind: str):
    request, policy = request_of(kind), the_pack().types[kind]
    said = public(request, policy).model_dump_json()
    # Names of organisations recur in the opportunity; those of people must not.
    values = set(texts(list(personal(request, policy).values()))) - {"云汀港务集团", "云汀港务"}
    assert bool(values) == (bool(PERSONAL[kind]) or kind in NESTED)
    assert [value for value in values if value in said] == []


@pytest.mark.parametrize("kind", TYPES)
def test_public_and_personal_together_give_the_request_back(kind: str):
    request, policy = request_of(kind), the_pack().types[kind]
    travelled = Request.model_validate_json(public(request, policy).model_dump_json())
    kept = json.loads(json.dumps(personal(request, policy)))
    assert restore(travelled, kept) == request


@pytest.mark.parametrize("kind", [kind for kind in TYPES if PERSONAL[kind]])
def test_an_erased_value_is_gone_and_the_rest_stays(kind: str):
    request, policy = request_of(kind), the_pack().types[kind]
    erased = restore(public(request, policy), {})
    for key, value in erased.details.items():
        assert value == (None if key in PERSONAL[kind] else request.details[key])


@pytest.mark.parametrize("kind", [kind for kind in TYPES if PERSONAL[kind]])
def test_the_pointer_names_the_path_of_the_value(kind: str):
    request, policy = request_of(kind), the_pack().types[kind]
    said, kept = public(request, policy), personal(request, policy)
    for key in PERSONAL[kind]:
        assert said.details[key] == {"$personal": f"details.{key}"}
        assert kept[f"details.{key}"] == request.details[key]


def test_a_personal_field_inside_a_record_is_hidden_alone():
    request, policy = request_of("market.event"), the_pack().types["market.event"]
    audience = public(request, policy).details["audience"]
    assert audience == request.details["audience"] | {"customers": {"$personal": "details.audience.customers"}}
    assert personal(request, policy) == {"details.audience.customers": request.details["audience"]["customers"]}


def test_a_record_that_is_misshapen_is_hidden_as_a_whole():
    body = a_body("market.event")
    body["details"]["audience"] = "宁主任等六人"
    request, policy = judged(body).request, the_pack().types["market.event"]
    assert request is not None
    assert public(request, policy).details["audience"] == {"$personal": "details.audience"}
    assert restore(public(request, policy), personal(request, policy)) == request


def test_a_personal_column_of_lines_is_hidden_line_by_line(tmp_path: Path):
    replaced(
        copied(tmp_path),
        "market.yaml",
        "owner: {zh: 负责人, en: Owner, type: text",
        "owner: {zh: 负责人, en: Owner, personal: true, type: text",
    )
    policy, request = load_pack(root=tmp_path).types["market.event"], request_of("market.event")
    said = public(request, policy)
    assert [line["owner"] for line in said.details["agenda"]] == [
        {"$personal": f"details.agenda.{place}.owner"} for place in (0, 1)
    ]
    assert [line["aim"] for line in said.details["agenda"]] == [line["aim"] for line in request.details["agenda"]]
    assert personal(request, policy)["details.agenda.1.owner"] == "苗乐"
    assert restore(said, personal(request, policy)) == request


def test_nobody_can_write_a_pointer_into_a_request():
    body = a_body("tech.bid")
    body["details"]["bid_requirements"] = [{"$personal": "details.jury"}]
    assert judged(body).verdict.outcome == "returned"
    assert judged(body).request is None


def test_a_personal_field_that_is_not_given_gets_no_pointer():
    body = a_body("tech.survey")
    del body["details"]["counterparts"]
    request = judged(body).request
    assert request is not None
    assert "counterparts" not in public(request, the_pack().types["tech.survey"]).details
    assert personal(request, the_pack().types["tech.survey"]) == {}


def test_even_a_misshapen_personal_value_does_not_travel():
    body = a_body("tech.bid")
    body["details"]["jury"] = "郗评审 13800000000"
    judgement = judged(body)
    assert judgement.verdict.outcome == "returned"
    assert judgement.request is not None
    assert "郗评审" not in public(judgement.request, the_pack().types["tech.bid"]).model_dump_json()
    assert "郗评审" not in judgement.verdict.model_dump_json()


@pytest.mark.parametrize(
    ("kind", "details", "field"),
    [
        ("tech.survey", {"counterparts": {"张三": {"李四": "\0"}}}, "details.counterparts"),
        ("tech.survey", {"counterparts": {"张.三": 1}}, "details.counterparts"),
        ("tech.bid", {"jury": [{"name": {"张.三": 1}}]}, "details.jury"),
        ("market.event", {"audience": {"customers": [{"张三": "\0"}]}}, "details.audience.customers"),
        ("market.event", {"audience": [{"张三": "\0"}]}, "details.audience"),
        ("market.event", {"audience": {"13800000000": "\0"}}, "details.audience"),
        ("tech.nothing", {"counterparts": {"张三": "\0"}}, "details.counterparts"),
        ("tech.survey", {"purpose": {"a": "\0"}}, "details.purpose.a"),
        ("tech.survey", {"备注": {"a": "\0"}}, "details.备注.a"),
    ],
)
def test_names_inside_a_personal_value_are_named_in_no_verdict(kind: str, details: dict[str, Any], field: str):
    verdict = judged({**a_body("tech.survey"), "type": kind, "details": details}).verdict
    assert field in {problem.field for problem in verdict.problems}
    assert "张" not in verdict.model_dump_json()
    assert "13800000000" not in verdict.model_dump_json()
