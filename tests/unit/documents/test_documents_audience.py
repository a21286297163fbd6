"""What goes to a customer holds what a customer may read and nothing else; its internal sheet holds the whole."""

import io
from collections.abc import Iterable
from functools import cache

import pytest
from pypdf import PdfReader

from services.documents.rendering.compose import LAYOUTS, for_customers
from services.documents.rendering.job import Rendered, render
from shared.schemas.model import Json
from tests.builders import TYPES, a_body, judged, the_pack, with_details
from tests.unit.documents.renderings import a_job, inside, shown, shown_fields, squeezed, text_of, word_text_of

OUTWARD = ("tech.proposal", "tech.presentation", "tech.training", "tech.bid")
LEFT_OUT = {
    "tech.proposal": ["purpose"],
    "tech.presentation": ["purpose", "audience", "requirements"],
    "tech.training": ["purpose", "audience", "requirements"],
    "tech.bid": ["pitch_requirements", "jury"],
}
"""The fields of each form that no customer may read: what we are after, whom we watch, and how we mean to win."""


NEVER = ("对手远山科技报价低", "竞争态势", "七成", "赢单把握", "请勿外传的说明", "机房将搬迁", "口径以信息中心为准", "尚未记录")
NEVER += ("阮定国", "紧急", "2027年3月28日", "R-tech", "O-5", "营销支持工作管理办法", "商机阶段", "大客户经理", "纪春生")
"""Of any request: what the form does not know, notes between ourselves, and who does what how urgently under which rules."""


def a_telling_body(kind: str) -> Json:
    """A request with everything in it that must stay inside."""
    body = with_details(a_body(kind), 赢单把握="七成")
    body["opportunity"]["stage"] = 4
    return {**body, "priority": "urgent", "needed_by": "2027-03-28T18:30:00+08:00", "extra": {"竞争态势": "对手远山科技报价低"}}


@cache
def rendered(kind: str, form: str = "pdf") -> Rendered:
    return render(a_job(a_telling_body(kind), format=form, note="请勿外传的说明"))


def texts_of(kind: str) -> dict[str, str]:
    """What can be read in each form of a customer's file."""
    return {"pdf": text_of(rendered(kind).data), "docx": word_text_of(rendered(kind, "docx").data)}


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


def test_a_working_record_stays_inside_and_a_deck_shows_its_outline():
    amended = render(a_job(a_telling_body("tech.proposal"), result={"编写记录": "初稿已交"}))
    assert "初稿已交" not in text_of(amended.data)
    assert "初稿已交" in text_of(inside(amended))
    deck = render(a_job(a_telling_body("tech.presentation"), result={"第一部分": "效益测算"}))
    assert "效益测算" in text_of(deck.data)
