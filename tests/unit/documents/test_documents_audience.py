"""What goes to a customer holds what a customer may read and nothing else; its internal sheet holds the whole."""

import io
from collections.abc import Iterable
from functools import cache

import pytest
from pypdf import PdfReader

from services.documents.rendering.compose import LAYOUTS, for_customers
from services.documents.rendering.fields import outward
from services.documents.rendering.given import Rendered
from services.documents.rendering.job import render
from shared.catalogue import Field
from shared.schemas.model import Json
from tests.builders import TYPES, a_body, judged, the_pack, with_details
from tests.unit.documents.renderings import CHECKLIST, a_job, inside, shown, shown_fields, squeezed, text_of, word_text_of

OUTWARD = ("tech.proposal", "tech.presentation", "tech.training", "tech.bid")
OUTLINES = ("tech.presentation", "tech.training")
LEFT_OUT = {
    "tech.proposal": ["purpose", "price_request"],
    "tech.presentation": ["purpose", "audience", "requirements"],
    "tech.training": ["purpose", "audience", "requirements"],
    "tech.bid": ["pitch_requirements", "jury"],
}
"""The fields of each form that no customer may read: what we are after, whom we watch, and how we mean to win."""


NEVER = ("对手远山科技报价低", "竞争态势", "七成", "赢单把握", "请勿外传的说明", "机房将搬迁", "口径以信息中心为准", "尚未记录")
NEVER += ("阮定国", "紧急", "2027年3月28日", "R-tech", "O-5", "营销支持工作管理办法", "商机阶段", "大客户经理", "纪春生")
NEVER += ("七成底价", "底线二百八十万", "会场内线", "三号评委偏向")
"""Of any request: what the form does not know, notes between ourselves, and who does what how urgently under which rules."""


def a_telling_body(kind: str) -> Json:
    """A request with everything in it that must stay inside, beside the form's fields and within them."""
    body = with_details(a_body(kind), 赢单把握="七成")
    details = {
        key: {**value, "接待": {"备忘": "会场内线"}} if isinstance(value, dict) else value
        for key, value in body["details"].items()
    }
    body["opportunity"]["stage"] = 4
    extra = {"竞争态势": "对手远山科技报价低"}
    return {**body, "details": details, "priority": "urgent", "needed_by": "2027-03-28T18:30:00+08:00", "extra": extra}


@cache
def rendered(kind: str, form: str = "pdf") -> Rendered:
    """With the working record of a type whose result is not written for the customer."""
    record = {} if kind in OUTLINES else {"result": {"内部底价": "底线二百八十万"}}
    return render(
        a_job(
            a_telling_body(kind), format=form, note="请勿外传的说明", survey=SURVEY if kind == "tech.proposal" else None, **record
        )
    )


def texts_of(kind: str) -> dict[str, str]:
    """What can be read in each form of a customer's file."""
    return {"pdf": text_of(rendered(kind).data), "docx": word_text_of(rendered(kind, "docx").data)}


FORM = {
    "room": Field(zh="时间地点", en="Where", type="window"),
    "people": Field(zh="名单", en="People", type="lines", fields={"name": Field(zh="姓名", en="Name", type="text")}),
    "site": Field(
        zh="现场",
        en="Site",
        type="record",
        fields={
            "rack": Field(zh="机柜", en="Rack", type="record", fields={"height": Field(zh="高", en="Height", type="number")})
        },
    ),
    "aim": Field(zh="目的", en="Aim", type="text"),
}
GIVEN = {
    "room": {"start": "a", "end": "b", "place": "c", "备忘": "x"},
    "people": [{"name": "宁", "偏向": "x"}, {"name": "阚"}],
    "site": {"rack": {"height": 2, "备忘": "x"}, "备忘": "x"},
    "aim": "d",
    "备忘": "x",
}
SURVEY = {
    "request": "x",
    "result": {**CHECKLIST, "it_state": ["三套系统并行", {"备忘": "三号评委偏向"}]},
    "note": "口径以信息中心为准",
    "details": {"where": {**a_body("tech.survey")["details"]["where"], "备忘": "七成底价"}},
}


def read_as(kind: str, keys: Iterable[str]) -> list[str]:
    request = judged(a_telling_body(kind)).request
    assert request is not None
    return shown_fields(the_pack().types[kind], request, [key for key in keys if key in request.details])


def test_these_types_go_to_a_customer_and_all_others_stay_inside():
    assert tuple(kind for kind in TYPES if for_customers(kind)) == OUTWARD
    assert not for_customers("tech.inspection")


@pytest.mark.parametrize("kind", OUTWARD)
def test_every_field_of_the_form_is_either_told_or_deliberately_left_out(kind: str):
    told = {key for part in LAYOUTS[kind]["sections"] for key in part["fields"]}
    assert LAYOUTS[kind]["internal"]["fields"] == LEFT_OUT[kind]
    assert told.isdisjoint(LEFT_OUT[kind])
    assert told | set(LEFT_OUT[kind]) == set(the_pack().types[kind].fields)


@pytest.mark.parametrize("form", ["pdf", "docx"])
@pytest.mark.parametrize("kind", OUTWARD)
def test_what_no_customer_may_read_is_not_in_the_file(kind: str, form: str):
    text = texts_of(kind)[form]
    hidden = read_as(kind, LEFT_OUT[kind])
    assert hidden
    assert [value for value in (*hidden, *NEVER) if value in text] == []


@pytest.mark.parametrize("form", ["pdf", "docx"])
@pytest.mark.parametrize("kind", OUTWARD)
def test_every_other_field_of_the_form_is_in_the_file(kind: str, form: str):
    told = read_as(kind, [key for key in the_pack().types[kind].fields if key not in LEFT_OUT[kind]])
    assert [value for value in told if value not in texts_of(kind)[form]] == []


@pytest.mark.parametrize("kind", OUTWARD)
def test_the_internal_sheet_holds_the_whole(kind: str):
    text = text_of(inside(rendered(kind)))
    whole = shown(the_pack().types[kind], a_telling_body(kind))
    assert [value for value in whole if value not in text] == []
    for value in (
        "内部资料页",
        "内部使用，不外发",
        "阮定国",
        "请勿外传的说明" if kind != "tech.proposal" else "口径以信息中心为准",
    ):
        assert value in text


@pytest.mark.parametrize("kind", TYPES)
def test_only_the_pdf_of_what_goes_out_has_a_sheet(kind: str):
    pdf, word = render(a_job(a_body(kind))), render(a_job(a_body(kind), format="docx"))
    assert pdf.audience == word.audience == ("customer" if kind in OUTWARD else "internal")
    assert (pdf.sheet is not None) == (kind in OUTWARD)
    assert word.sheet is None


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind not in OUTWARD])
def test_every_page_of_what_stays_inside_says_so(kind: str):
    pages = PdfReader(io.BytesIO(render(a_job(a_body(kind))).data)).pages
    assert [page for page in pages if "内部使用，不外发" not in squeezed(page.extract_text())] == []


@pytest.mark.parametrize("kind", ["tech.proposal", "tech.bid"])
def test_a_working_record_stays_inside(kind: str):
    made = render(a_job(a_telling_body(kind), result={"编写记录": "初稿已交"}))
    assert "初稿已交" not in text_of(made.data)
    assert "初稿已交" in text_of(inside(made))


@pytest.mark.parametrize("kind", OUTLINES)
def test_an_outline_is_written_for_the_customer_and_is_told(kind: str):
    assert "效益测算" in text_of(render(a_job(a_telling_body(kind), result={"第一部分": "效益测算"})).data)


def test_what_the_form_does_not_know_is_left_out_at_any_depth():
    told = outward(FORM, GIVEN)
    assert told == {
        "room": {"start": "a", "end": "b", "place": "c"},
        "people": [{"name": "宁"}, {"name": "阚"}],
        "site": {"rack": {"height": 2}},
        "aim": "d",
    }


def test_a_sum_told_to_a_customer_is_that_of_the_lines_that_are_told():
    budget = Field(zh="预算", en="Budget", type="record", total=True, fields={"fee": Field(zh="费", en="Fee", type="money")})
    told = outward({"budget": budget}, {"budget": {"fee": 100, "返点": 7}})
    assert told == {"budget": {"fee": 100}}
