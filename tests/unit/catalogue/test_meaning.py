"""The same reference sent again is a duplicate when it means the same, and a conflict that names the difference when not."""

import json
from typing import Any

import pytest

from shared.catalogue import changes, meaning
from shared.schemas.requests import Request
from tests.builders import TYPES, a_body, a_draft_attachment, id_of, judged, with_details


def request_of(body: dict[str, Any]) -> Request:
    request = judged(body).request
    assert request is not None
    return request


def meaning_of(body: dict[str, Any]) -> str:
    return meaning(request_of(body))


def reordered(value: Any) -> Any:
    """The same JSON with all keys in the opposite order."""
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(list(value))}
    return [reordered(item) for item in value] if isinstance(value, list) else value


def spaced(value: Any) -> Any:
    """The same JSON with blank space around every text that is free of it."""
    if isinstance(value, dict):
        return {key: spaced(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [spaced(item) for item in value]
    return f"  {value}\n" if isinstance(value, str) else value


@pytest.mark.parametrize("kind", TYPES)
def test_key_order_does_not_matter(kind: str):
    assert meaning_of(reordered(a_body(kind))) == meaning_of(a_body(kind))


@pytest.mark.parametrize("kind", TYPES)
def test_a_round_trip_through_json_does_not_matter(kind: str):
    assert meaning_of(json.loads(json.dumps(a_body(kind)))) == meaning_of(a_body(kind))


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind != "business.contract"])  # a file's name is matched exactly
def test_blank_space_around_details_does_not_matter(kind: str):
    body = a_body(kind)
    assert meaning_of({**body, "details": spaced(body["details"])}) == meaning_of(body)


SAME = [
    ("business.contract", {"amount": 1543210.99}, {"amount": "1543210.990"}),
    ("market.gift", {"budget_note": 12}, {"budget_note": 12.0}),
    ("tools.company", {"quantity": 37}, {"quantity": "37"}),
    ("tools.company", {"items": ["brochure"]}, {"items": "公司宣传手册"}),
    ("tech.survey", {"purpose": "弄清  边界"}, {"purpose": " 弄清 边界 "}),
    ("tech.proposal", {"due": "2027-03-18T17:00:00+08:00"}, {"due": "2027-03-18T09:00:00Z"}),
    ("tech.proposal", {"due": "2027-03-18T17:00:00+08:00"}, {"due": "2027-03-18T17:00"}),
    ("tech.survey", {"remark": None}, {"remark": ""}),
    ("tech.survey", {"remark": "   "}, {"remark": {"inner": [], "other": " "}}),
]


@pytest.mark.parametrize(("kind", "one", "other"), SAME)
def test_two_ways_to_write_one_thing_mean_the_same(kind: str, one: dict[str, Any], other: dict[str, Any]):
    assert meaning_of(with_details(a_body(kind), **one)) == meaning_of(with_details(a_body(kind), **other))


DIFFERENT = [
    ("business.contract", {"amount": 1543210.99}, {"amount": 1543211}),
    ("market.gift", {"urgent": True}, {"urgent": 1}),
    ("tech.survey", {"topics": ["a", "b"]}, {"topics": ["b", "a"]}),
    ("tech.survey", {"purpose": "弄清边界"}, {"purpose": "弄清 边界"}),
    ("tech.survey", {"purpose": "Abc"}, {"purpose": "abc"}),
    ("tech.proposal", {"due": "2027-03-18T17:00:00+08:00"}, {"due": "2027-03-18T17:00:00+09:00"}),
    ("tech.survey", {"remark": 0}, {"remark": False}),
    ("tech.survey", {"remark": 0}, {"other": 1}),
]


@pytest.mark.parametrize(("kind", "one", "other"), DIFFERENT)
def test_two_different_things_do_not(kind: str, one: dict[str, Any], other: dict[str, Any]):
    assert meaning_of(with_details(a_body(kind), **one)) != meaning_of(with_details(a_body(kind), **other))


FRAME = {
    "priority": "low",
    "needed_by": "2027-03-19T18:00:01+08:00",
    "evidence": [],
    "requester": {"id": "A2", "role": "sales_assistant"},
    "attachments": [a_draft_attachment()],
}


@pytest.mark.parametrize("field", FRAME)
def test_the_frame_has_meaning_too(field: str):
    assert meaning_of(a_body("market.gift", **{field: FRAME[field]})) != meaning_of(a_body("market.gift"))


def test_extra_fields_do_not_tell_two_submissions_apart():
    assert meaning_of(a_body("market.gift", extra={"export_run": 8})) == meaning_of(a_body("market.gift", extra=None))


@pytest.mark.parametrize(
    ("one", "other", "same"), [(None, "CNY", True), ("cny ", None, True), ("USD", None, False), ("USD", "EUR", False)]
)
def test_the_currency_counts_because_amounts_are_in_it(one: str | None, other: str | None, same: bool):
    price = [a_body("business.price", extra={"currency": currency, "export_run": currency}) for currency in (one, other)]
    assert (meaning_of(price[0]) == meaning_of(price[1])) is same


def test_composed_and_decomposed_letters_mean_the_same():
    one, other = (a_body("tools.company", source={"system": "crm", "reference": text}) for text in ("Caf\u00e9", " Cafe\u0301"))
    assert id_of(one) == id_of(other)
    assert meaning_of(one) == meaning_of(other)
    assert meaning(one) == meaning(other)


@pytest.mark.parametrize(
    "odd",
    [None, [], 7, 10**5000, float("nan"), {"a": float("inf")}, {"\ud800": "\udc00"}],
    ids=lambda value: type(value).__name__,
)
def test_any_json_value_has_a_meaning(odd: Any):
    assert meaning(odd) == meaning(odd)


def test_what_is_nested_too_deep_still_has_a_meaning():
    deep: dict[str, Any] = {}
    for _ in range(10_000):
        deep = {"a": deep}
    assert isinstance(meaning(deep), str)


def test_times_at_the_edge_of_the_calendar_have_a_meaning():
    early = {"at": "0001-01-01T00:00:00+14:00"}
    assert meaning(early) != meaning({"at": "9999-12-31T23:59:59-14:00"})
    assert meaning(early) == meaning(dict(early))


def test_changes_names_each_field_that_differs_and_nothing_else():
    before = a_body("tech.survey")
    after = with_details(before, mode="电话", purpose="另一个目的", 天气="晴") | {"priority": "urgent"}
    after["extra"] = {**before["extra"], "budget_code": "BC-905"}
    after["opportunity"] = {**before["opportunity"], "stage": 3}
    found = {change.field: (change.before, change.after) for change in changes(request_of(before), request_of(after))}
    assert found == {
        "details.mode": ("onsite", "phone"),
        "details.purpose": ("弄清现有系统的边界", "另一个目的"),
        "details.天气": (None, "晴"),
        "priority": ("high", "urgent"),
        "extra.budget_code": ("BC-904", "BC-905"),
        "opportunity.stage": (2, 3),
    }


@pytest.mark.parametrize("kind", TYPES)
def test_nothing_changes_between_equal_meanings(kind: str):
    assert changes(request_of(a_body(kind)), request_of(reordered(a_body(kind)))) == ()
