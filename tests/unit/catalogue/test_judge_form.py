"""What the form must hold: each missing or mistaken field is named, alone, in both languages, with the remedy."""

from collections.abc import Iterator
from typing import Any

import pytest

from shared.catalogue import Field
from tests.builders import TYPES, a_body, a_context, a_directory, judged, the_pack, window, with_details, without


def fields_of(body: dict[str, Any], **context: Any) -> list[str]:
    verdict = judged(body, **context).verdict
    assert verdict.outcome == ("returned" if verdict.problems else "accepted")
    return [problem.field for problem in verdict.problems]


def required(fields: dict[str, Field], path: str, given: Any) -> Iterator[str]:
    """The dotted path of every required field, inside records and lines too."""
    for key, spec in fields.items():
        here = f"{path}.{key}"
        if spec.required:
            yield here
        inner = given.get(key)
        if spec.type == "record" and inner:
            yield from required(spec.fields, here, inner)
        if spec.type == "lines" and inner:
            yield from required(spec.fields, f"{here}.{len(inner) - 1}", inner[-1])


REQUIRED = [
    (kind, path) for kind in TYPES for path in required(the_pack().types[kind].fields, "details", a_body(kind)["details"])
]


@pytest.mark.parametrize("kind", TYPES)
def test_a_complete_request_of_every_type_is_accepted(kind: str):
    judgement = judged(a_body(kind))
    assert judgement.verdict.outcome == "accepted"
    assert judgement.request is not None
    assert judgement.request.type == kind


def test_the_policy_has_exactly_the_fifteen_types():
    assert set(the_pack().types) == set(TYPES)


@pytest.mark.parametrize(("kind", "path"), REQUIRED, ids=str)
def test_a_missing_required_field_is_returned_and_alone_named(kind: str, path: str):
    # A bid whose tender documents are at hand needs everything; the other fields have no exception.
    assert fields_of(without(a_body(kind), path)) == [path]


@pytest.mark.parametrize("blank", ["", "   ", [], {}, None])
def test_a_blank_value_counts_as_missing(blank: Any):
    body = a_body("market.gift")
    body["details"]["use"] = blank
    assert fields_of(body) == ["details.use"]


@pytest.mark.parametrize("kind", [kind for kind in TYPES if not kind.startswith("tools.")])
def test_the_opportunity_is_required(kind: str):
    problems = {problem.field for problem in judged(without(a_body(kind), "opportunity")).verdict.problems}
    assert problems == {"opportunity"}


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind.startswith("tools.")])
def test_sales_tools_need_no_opportunity(kind: str):
    assert "opportunity" not in a_body(kind)
    assert fields_of(a_body(kind)) == []


@pytest.mark.parametrize("path", ["opportunity.id", "opportunity.name", "opportunity.customer.name", "opportunity.customer"])
def test_an_opportunity_without_id_name_or_customer_is_incomplete(path: str):
    assert fields_of(without(a_body("tech.survey"), path)) == ["opportunity"]


@pytest.mark.parametrize("stage", [0, 7, "2", 1.5, True, -1])
def test_a_stage_outside_one_to_six_is_returned(stage: Any):
    body = a_body("tech.survey")
    body["opportunity"]["stage"] = stage
    assert fields_of(body) == ["opportunity.stage"]


@pytest.mark.parametrize("part", ["id", "role"])
def test_an_unnamed_requester_is_a_matter_of_the_form(part: str):
    assert fields_of(without(a_body("tech.survey"), f"requester.{part}")) == [f"requester.{part}"]


@pytest.mark.parametrize("unit", ["nowhere", "", ["harbour"], {"code": "harbour"}, 7, None])
def test_an_unknown_unit_is_returned(unit: Any):
    body = {**a_body("tools.company"), "business_unit": unit}
    assert "business_unit" in fields_of(body)


MISTAKES = [
    ("tools.company", {"quantity": 0}, "details.quantity"),
    ("tools.company", {"quantity": "twelve"}, "details.quantity"),
    ("tools.company", {"quantity": 1.5}, "details.quantity"),
    ("tools.company", {"quantity": True}, "details.quantity"),
    ("tools.company", {"items": ["brochure", "statue"]}, "details.items.1"),
    ("tools.company", {"delivery": "pigeon"}, "details.delivery"),
    ("tech.survey", {"topics": {"a": 1}}, "details.topics"),
    ("tech.survey", {"topics": ["ok", {"a": 1}]}, "details.topics.1"),
    ("tech.survey", {"where": "tomorrow"}, "details.where"),
    ("tech.survey", {"where": {"start": "2027-03-10T14:00:00+08:00", "place": "港口"}}, "details.where"),
    ("tech.survey", {"where": {**window(), "place": "  "}}, "details.where"),
    ("tech.survey", {"purpose": "x" * 20_001}, "details.purpose"),
    ("tech.survey", {"purpose": "\0"}, "details.purpose"),
    ("tech.test", {"environment": "two servers"}, "details.environment"),
    ("tech.proposal", {"due": "next week"}, "details.due"),
    ("business.contract", {"amount": -1}, "details.amount"),
    ("business.contract", {"amount": "a lot"}, "details.amount"),
    ("business.contract", {"amount": "1e999"}, "details.amount"),
    ("market.gift", {"gifts": "tea"}, "details.gifts"),
    ("market.gift", {"gifts": ["tea"]}, "details.gifts"),
]


@pytest.mark.parametrize(("kind", "changes", "field"), MISTAKES)
def test_a_value_of_the_wrong_shape_is_named(kind: str, changes: dict[str, Any], field: str):
    assert fields_of(with_details(a_body(kind), **changes)) == [field]


def test_every_problem_is_said_in_both_languages_and_names_the_field():
    body = with_details(a_body("tech.proposal"), purpose=None, due="2020-01-01", format=["stone"])
    problems = judged({**body, "business_unit": "nowhere"}).verdict.problems
    assert len(problems) == 4
    for problem in problems:
        assert any("一" <= character <= "鿿" for character in problem.message.zh)
        assert problem.message.en.isascii() or "“" in problem.message.en
        assert problem.code


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("tech.proposal", "due"),
        ("tech.bid", "due"),
        ("business.contract", "due"),
        ("tech.test", "feedback.due"),
    ],
)
def test_a_deadline_in_the_past_is_returned(kind: str, path: str):
    body = a_body(kind)
    outer, _, inner = path.partition(".")
    past = "2027-02-28T09:00:00+08:00"
    body["details"][outer] = {**body["details"][outer], inner: past} if inner else past
    assert fields_of(body) == [f"details.{path}"]


def test_needed_by_in_the_past_is_returned_and_left_out_of_the_normal_form():
    judgement = judged(a_body("tech.survey", needed_by="2027-02-28T09:00:00+08:00"))
    assert [problem.field for problem in judgement.verdict.problems] == ["needed_by"]
    assert judgement.request is not None
    assert judgement.request.needed_by is None


PAST = window("2027-02-10T14:00:00+08:00", "2027-02-10T16:00:00+08:00")


@pytest.mark.parametrize("kind", [kind for kind in TYPES if "where" in a_body(kind)["details"] and kind != "tech.survey"])
def test_a_place_in_the_past_is_returned(kind: str):
    assert fields_of(with_details(a_body(kind), where=PAST)) == ["details.where"]


def test_a_survey_may_be_a_record_of_what_happened():
    assert fields_of(with_details(a_body("tech.survey"), where=PAST)) == []


def test_a_window_that_ends_before_it_starts_is_returned_even_in_a_record():
    backwards = window("2027-03-10T14:00:00+08:00", "2027-03-10T13:00:00+08:00")
    assert fields_of(with_details(a_body("tech.survey"), where=backwards)) == ["details.where"]


def test_a_time_without_offset_is_read_in_the_senders_zone():
    body = with_details(a_body("tech.proposal"), due="2027-03-18T17:00:00")
    ours = judged(body).request
    islanders = a_directory().people["A3"].model_copy(update={"time_zone": "America/New_York"})
    theirs = judged(
        {**body, "requester": {"id": "A3", "role": "account_manager"}}, directory=a_directory().with_entries([islanders])
    ).request
    assert ours is not None
    assert theirs is not None
    assert ours.details["due"] == "2027-03-18T17:00:00+08:00"
    assert theirs.details["due"] == "2027-03-18T17:00:00-04:00"


def test_a_window_without_offsets_is_read_in_its_own_zone():
    local = {**window("2027-03-10T14:00:00", "2027-03-10T15:00:00"), "time_zone": "Asia/Tokyo"}
    request = judged(with_details(a_body("tech.survey"), where=local)).request
    assert request is not None
    assert request.details["where"]["start"] == "2027-03-10T14:00:00+09:00"


@pytest.mark.parametrize("kind", ["market.visit", "market.executive_visit"])
def test_the_customer_must_be_the_opportunitys(kind: str):
    assert fields_of(with_details(a_body(kind), customer="白沙集装箱")) == ["details.customer"]
    assert fields_of(with_details(a_body(kind), customer=" 云汀港务集团 ")) == []


def test_a_contract_that_is_not_attached_is_returned():
    body = a_body("business.contract", attachments=None)
    assert fields_of(body) == ["details.contract"]


@pytest.mark.parametrize(
    ("kind", "field", "written", "key"),
    [
        ("tech.survey", "mode", "现场", "onsite"),
        ("tech.survey", "mode", "By  Video", "video"),
        ("tech.presentation", "mode", "一对一", "one_to_one"),
        ("tools.company", "delivery", "邮寄", "courier"),
        ("tools.product", "items", ["白皮书", "case study"], ["whitepaper", "case"]),
        ("tools.solution", "items", "教战手册", ["playbook"]),
        ("tech.proposal", "format", "PPT", ["ppt"]),
        ("market.visit", "site", "总部", "headquarters"),
        ("market.executive_visit", "executive", "公司总经理", "company_leader"),
        ("business.contract", "kind", "代理合同", "agency"),
    ],
)
def test_a_value_may_be_written_by_any_of_its_names(kind: str, field: str, written: Any, key: Any):
    request = judged(with_details(a_body(kind), **{field: written})).request
    assert request is not None
    assert request.details[field] == key


@pytest.mark.parametrize(
    ("written", "key"), [("需求调研", "tech.survey"), ("技术测试", "tech.test"), ("Price request", "business.price")]
)
def test_a_type_may_be_written_by_any_of_its_names(written: str, key: str):
    request = judged({**a_body(key), "type": written}).request
    assert request is not None
    assert request.type == key


def test_priority_and_locale_have_names_too_and_defaults():
    named = judged(a_body("tools.company", priority="特急", locale="英文")).request
    plain = judged(a_body("tools.company", priority=None, locale=None)).request
    assert named is not None
    assert plain is not None
    assert (named.priority, named.locale) == ("urgent", "en")
    assert (plain.priority, plain.locale) == ("normal", "zh")


@pytest.mark.parametrize("field", ["priority", "locale"])
def test_an_unknown_priority_or_locale_is_returned(field: str):
    assert fields_of({**a_body("tools.company"), field: "purple"}) == [field]


def test_numbers_written_as_text_become_numbers():
    body = with_details(a_body("business.contract"), amount="1,543,210.99")
    request = judged(body).request
    assert request is not None
    assert request.details["amount"] == 1543210.99


def test_fields_nobody_knows_are_kept():
    body = with_details(a_body("tech.survey"), 天气="晴", nested={"a": [1, {"b": None}]})
    body["agenda_owner"] = "苗乐"
    request = judged(body).request
    assert request is not None
    assert request.details["天气"] == "晴"
    assert request.details["nested"] == {"a": [1, {"b": None}]}
    assert request.extra == {"对接窗口": "北门登记处", "budget_code": "BC-904", "agenda_owner": "苗乐"}


@pytest.mark.parametrize("kind", ["tools", "销售工具", "", 7, None, ["tech.survey"]])
def test_an_unknown_type_is_answered_with_the_choices(kind: Any):
    judgement = judged({**a_body("tech.survey"), "type": kind})
    assert judgement.type is None
    (problem,) = judgement.verdict.problems
    assert (problem.field, problem.code) == ("type", "unknown_type")
    for key, known in the_pack().types.items():
        assert key in problem.message.en
        assert known.label.zh in problem.message.zh


def test_judging_the_same_twice_gives_the_same():
    context = a_context()
    assert judged(a_body("tech.bid")) == judged(a_body("tech.bid"))
    assert context.directory.version == a_context().directory.version
