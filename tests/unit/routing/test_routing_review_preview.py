"""Before a request is filed: who would be asked, in which order, in both languages; and it changes nothing."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.unit.routing.reviews import CONTRACT, LARGE, SMALL, under_review
from tests.unit.routing.routing_build import MARKETER, REVIEWERS
from tests.unit.routing.test_routing_api import Site

VAST = {"lines": [{"asked_price": 1e200, "quantity": 1e200}]}


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    journey = under_review()
    journey.changes(people=(MARKETER, *REVIEWERS))
    made = Site(journey)
    yield made
    await made.client.aclose()


async def preview(site: Site, body: dict[str, Any], by: str = "person-asker") -> Any:
    return await site.ask("POST", "/v1/reviews:preview", by=by, json=body)


@pytest.mark.parametrize(
    ("kind", "details", "steps"),
    [
        ("business.price", SMALL, [["finance", "legal"], ["leader"]]),
        ("business.price", LARGE, [["finance", "legal"], ["leader"], ["chief"]]),
        ("business.contract", CONTRACT, [["finance", "legal", "technical", "delivery"], ["leader"], ["chief"]]),
    ],
)
async def test_the_chain_is_shown_with_whoever_would_be_asked(site: Site, kind: str, details: Any, steps: list[list[str]]):
    answer = await preview(site, {"type": kind, "business_unit": "east", "details": details})
    shown = answer.json()
    assert [[party["person"] for party in step["parties"]] for step in shown["steps"]] == steps
    first = shown["steps"][0]["sentence"]
    assert first["zh"].startswith("第 1 步 部门评审（全部）：财务部（finance）")
    assert first["en"].startswith("Step 1, Departments (all): Finance (finance)")
    assert site.desk.told == []


async def test_whoever_would_ask_is_not_asked(site: Site):
    body = {"type": "business.price", "business_unit": "east", "details": SMALL, "requester": "leader"}
    shown = (await preview(site, body)).json()
    (unit,) = shown["steps"][1]["parties"]
    assert unit["person"] is None
    assert unit["why"]["zh"]
    assert "暂无人选" in shown["steps"][1]["sentence"]["zh"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"type": "tech.survey", "business_unit": "east"}, "no_review"),
        ({"type": "nothing", "business_unit": "east"}, "no_review"),
        ({"type": "business.contract", "business_unit": "east", "details": {"amount": "1,5"}}, "bad_amount"),
        ({"type": "business.price", "business_unit": "east", "details": {"lines": [{"quantity": 1}]}}, "bad_amount"),
        ({"type": "business.contract", "business_unit": "east", "details": {"amount": -1}}, "bad_amount"),
        ({"type": "business.contract", "business_unit": "east", "details": {"amount": 10**400}}, "not_a_number"),
        ({"type": "business.price", "business_unit": "east", "details": VAST}, "bad_amount"),
        ({"type": "business.price", "business_unit": "south", "details": SMALL}, "not_your_unit"),
    ],
)
async def test_what_cannot_be_previewed_says_why(site: Site, body: dict[str, Any], code: str):
    answer = await preview(site, body)
    assert answer.json()["code"] == code


async def test_a_seat_of_the_chain_that_nobody_has_is_said_before_anything_is_filed(site: Site):
    body = {"type": "business.price", "business_unit": "east", "details": SMALL, "requester": "leader"}
    problem = (await preview(site, body)).json()["problem"]
    assert "无人承担" in problem["zh"]
    assert "nobody has that seat" in problem["en"]


async def test_a_currency_is_taken_into_account(site: Site):
    lines = [{"item": "x", "list_price": 100_000, "asked_price": 100_000, "quantity": 1}]
    body = {"type": "business.price", "business_unit": "east", "details": {**SMALL, "lines": lines}}
    in_yuan, in_dollars = (await preview(site, body)).json(), (await preview(site, {**body, "currency": "USD"})).json()
    assert (len(in_yuan["steps"]), len(in_dollars["steps"])) == (2, 3)
    assert (in_dollars["amount"], in_dollars["currency"]) == (720_000, "CNY")
    assert (await preview(site, {**body, "currency": "dollars"})).status_code == 422
