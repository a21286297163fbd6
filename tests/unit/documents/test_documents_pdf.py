"""The PDF of every type: complete, reproducible, readable anywhere, and deaf to what its data says."""

import io
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pypdf import PdfReader

from services.documents.rendering import pdf
from services.documents.rendering.given import Rendered
from services.documents.rendering.job import render
from services.documents.rendering.wording import plain
from shared.catalogue import Field, PackError, load_pack
from tests.builders import TYPES, a_body, the_pack, with_details
from tests.unit.catalogue.packs import with_a_sixteenth_type
from tests.unit.documents.renderings import CHECKLIST, a_job, fonts_of, inside, missing_glyphs, shown, squeezed, text_of


@cache
def rendered(kind: str) -> Rendered:
    return render(a_job(a_body(kind)))


@pytest.mark.parametrize("kind", TYPES)
def test_every_value_that_was_given_is_on_the_pages_of_the_document_or_its_internal_sheet(kind: str):
    text = text_of(inside(rendered(kind)))
    assert [value for value in shown(the_pack().types[kind], a_body(kind)) if value not in text] == []


@pytest.mark.parametrize("kind", TYPES)
def test_the_document_carries_its_own_title_and_people(kind: str):
    assert the_pack().types[kind].output.zh in text_of(rendered(kind).data)
    text = text_of(inside(rendered(kind)))
    supporters = ("钱清算", "方正言") if the_pack().types[kind].review else ("苗乐", "仇望")
    for part in ("BL-AB12CD34", "阮定国", *supporters, "营销支持工作管理办法1.0.0"):
        assert part in text


@pytest.mark.parametrize("kind", TYPES)
def test_each_type_has_sections_of_its_own(kind: str):
    others = {other: text_of(rendered(other).data) for other in ("tools.company", "tech.survey", "market.gift", kind)}
    assert len(set(others.values())) == len(others)


@pytest.mark.parametrize("kind", TYPES)
def test_the_same_input_gives_the_same_bytes(kind: str):
    assert render(a_job(a_body(kind))).data == rendered(kind).data


@pytest.mark.parametrize("kind", TYPES)
def test_only_the_packaged_font_is_used_embedded_and_no_glyph_is_missing(kind: str):
    data = rendered(kind).data
    fonts = fonts_of(data)
    assert fonts
    assert [name for name in fonts if "NotoSansCJK" not in name.replace("-", "")] == []
    assert all(fonts.values())
    assert missing_glyphs(data) == 0


def test_the_glyph_check_does_see_a_missing_glyph(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(pdf, "legible", lambda data, _fonts: data)
    data = render(a_job(with_details(a_body(), purpose="\U0001f9ff\U00013000"))).data
    assert missing_glyphs(data) > 0


def test_system_fonts_are_never_asked(monkeypatch: pytest.MonkeyPatch):
    asked: list[dict[str, Any]] = []
    compile_really = pdf.typst.compile

    def compiled(*source: Any, **options: Any) -> Any:
        asked.append(options)
        return compile_really(*source, **options)

    monkeypatch.setattr(pdf.typst, "compile", compiled)
    render(a_job(a_body()))
    assert [(options["ignore_system_fonts"], options["font_paths"]) for options in asked] == [(True, [pdf.FONTS])]
    assert any(file.suffix in {".otc", ".ttc", ".otf"} for file in pdf.FONTS.rglob("*"))


def test_an_english_request_gets_an_english_document():
    text = text_of(render(a_job(a_body("tech.survey", locale="en"))).data)
    for label in ("Surveyrecord", "Arrangement", "Businessunit", "2027-03-1014:00", "onsite", "Salessupportpolicy1.0.0"):
        assert label in text
    assert "调研纪要" not in text


def test_sums_are_computed():
    price = text_of(rendered("business.price").data)
    for amount in ("640,000.00", "149,776.00", "789,776.00", "20.0%", "10.0%", "18.3%"):
        assert amount in price
    assert "16,260.50" in text_of(rendered("market.event").data)
    gift = text_of(rendered("market.gift").data)
    for amount in ("1,074.00", "819.00", "1,893.00"):
        assert amount in gift


def test_a_survey_record_lists_the_whole_checklist_and_what_is_still_open():
    text = text_of(rendered("tech.survey").data)
    for section in the_pack().types["tech.survey"].output.sections:
        assert section.zh in text
    for value in (*CHECKLIST.values(), "备忘", "已按约定交付"):
        assert value in text
    assert text.count("尚未记录") == 4


def test_a_proposal_takes_in_what_the_survey_found():
    text = text_of(rendered("tech.proposal").data)
    for value in ("需求调研结论", CHECKLIST["organisation"], CHECKLIST["it_state"]):
        assert value in text


def test_a_proposal_tells_when_and_about_what_the_survey_was_held_but_not_the_cautions_for_the_talk():
    details = public_of("tech.survey")["details"]
    survey = {"request": "x", "result": CHECKLIST, "note": "", "details": details}
    text = text_of(render(a_job(a_body("tech.proposal"), survey=survey)).data)
    for value in ("泊位排程", "闸口识别", "现场沟通", "三号码头会议厅"):
        assert value in text
    assert "不谈价格" not in text
    assert "$personal" not in text


def public_of(kind: str) -> dict[str, Any]:
    """A request of `kind` as it is published."""
    job = a_job(a_body(kind))
    return dict(job.data["request"])


def test_the_facts_of_the_request_come_first_in_what_stays_inside():
    event = text_of(rendered("market.event").data)
    assert event.index("申请信息") < event.index("活动概况")


def test_a_cover_names_unit_number_and_version():
    cover = squeezed(PdfReader(io.BytesIO(rendered("tech.bid").data)).pages[0].extract_text())
    for value in ("港湾事业部", "投标书与述标材料", "云汀港务集团", "BL-AB12CD34", "v1", "2027年3月2日"):
        assert value in cover
    assert "页" not in cover


@pytest.mark.parametrize("kind", TYPES)
def test_an_english_document_has_no_chinese_punctuation_of_ours(kind: str):
    body = with_details(a_body(kind, locale="en", extra={"nested": {"a": {"b": [1, 2]}, "c": ""}}))
    made = render(a_job(body))
    assert [sign for sign in "（），；：" if sign in text_of(made.data) + text_of(inside(made))] == []
    assert "a:b:1,2;c:" in text_of(inside(made))


def test_an_unknown_list_of_records_is_a_table():
    job = a_job(a_body("tech.test"), result={"用例": [{"编号": "TC-1", "结论": "通过"}, {"编号": "TC-2", "耗时": 3.0}]})
    text = text_of(render(job).data)
    for value in ("用例", "编号", "结论", "耗时", "TC-1", "通过", "TC-2", "3"):
        assert value in text
    assert "{" not in text


def test_words_too_long_for_a_line_break_and_stay_on_the_page():
    long = "Donaudampfschifffahrt" * 40
    lines = [{"item": long, "list_price": 123456789012.5, "asked_price": 99999999999.25, "quantity": 1000000, "note": long}]
    body = with_details(a_body("business.price"), lines=lines, reason=long)
    body["opportunity"]["name"] = long
    made = PdfReader(io.BytesIO(render(a_job(body)).data))
    written = [line for page in made.pages for line in page.extract_text().splitlines()]
    assert max(len(line) for line in written) <= 110
    # A page holds at most 95 signs of the smallest size in its width; one that ran over the edge would be a line of 840.
    assert sum(line.count("D") for line in written) >= 40 * 4
    assert missing_glyphs(render(a_job(body)).data) == 0


def test_slides_that_were_asked_for_are_named_as_substituted():
    made = render(a_job(with_details(a_body("tech.proposal"), format=["ppt", "word"])))
    assert made.substituted == (("ppt", "pdf"),)
    assert "PPT" in made.notes[0]
    assert rendered("tech.proposal").substituted == ()


def test_a_pack_of_other_content_under_the_same_version_is_never_substituted():
    pin = {**the_pack().pin.model_dump(), "hash": "another"}
    with pytest.raises(PackError, match="another"):
        render(a_job(a_body(), policy=pin))


def test_an_erased_value_inside_a_line_is_said_to_be_erased():
    spec = Field(zh="负责人", en="Owner", type="text", personal=True)
    assert plain(spec, None, "zh") == "（已按要求删除）"
    assert plain(spec, None, "en") == "(erased on request)"
    assert plain(Field(zh="备注", en="Note", type="text"), None, "zh") == ""


def test_a_result_with_sections_nobody_planned_is_shown():
    text = text_of(rendered("tech.test").data)
    for value in ("结论", "全部通过", "复测一次", "补充网络图"):
        assert value in text


def test_fields_nobody_knows_are_shown():
    body = with_details(a_body("tech.survey"), 天气="小雨转晴", nested={"层": [1, {"深": "底"}], "flag": True})
    text = text_of(render(a_job(body)).data)
    for value in ("天气", "小雨转晴", "层", "深", "底", "flag", "是"):
        assert value in text


def test_a_bid_whose_jury_is_not_announced_says_so():
    body = with_details(a_body("tech.bid"), jury="未公布", pitch="未公布", due="未公布")
    assert text_of(inside(render(a_job(body)))).count("未公布") == 3


def test_an_erased_personal_value_is_said_to_be_erased_and_the_rest_stays():
    job = a_job(a_body("tech.bid"))
    text = text_of(inside(render(type(job)(**{**vars(job), "personal": {}}))))
    assert "（已按要求删除）" in text
    assert "郗评审" not in text
    assert "双信封" in text


def test_a_long_request_spills_over_pages_and_loses_nothing():
    agenda = [{"description": f"第{n}项内容" * 12, "aim": f"目的{n}", "owner": f"负责人{n}"} for n in range(60)]
    made = render(a_job(with_details(a_body("market.event"), agenda=agenda)))
    text = text_of(made.data)
    assert len(PdfReader(io.BytesIO(made.data)).pages) >= 5
    assert [n for n in range(60) if f"负责人{n}" not in text or f"第{n}项内容" not in text] == []


HOSTILE = {
    "typst": '#read("/etc/passwd") #eval("1+1") $x^2$ *bold* _it_ `raw` <label> @ref [c] \\ // comment /* x */ ]]])}',
    "jinja": "{{ 7 * 7 }} {% for x in y %} {# gone #} {{ self.__class__ }}",
    "xml": "<w:p>&amp;</w:p> <script>alert(1)</script> ]]> <!-- x -->",
    "rtl": "שלום עולם 123 مرحبا",
    "quotes": "\"double\" 'single' “curly” «guillemets» back\\slash",
    "numbers": "= Heading + list - dash 1. one",
}


@pytest.mark.parametrize("name", ["typst", "jinja", "xml", "quotes", "numbers"])
def test_hostile_text_is_text(name: str):
    hostile = HOSTILE[name]
    body = with_details(a_body("tech.survey"), purpose=hostile, topics=[hostile, "下一题"], 附注=hostile)
    body["opportunity"]["name"] = hostile
    text = text_of(render(a_job(body)).data)
    assert text.count(squeezed(hostile)) >= 4
    assert "下一题" in text


@pytest.mark.parametrize(
    "hostile",
    [HOSTILE["rtl"], "👩‍🔧🧨 emoji", "a\u202etxt.exe", "tab\tand\nline", "\x07bell\x1besc", "é́́ combining", "𠮷野家 𪚥"],
    ids=["rtl", "emoji", "override", "lines", "controls", "combining", "rare"],
)
def test_any_script_still_gives_a_document_with_everything_else(hostile: str):
    body = with_details(a_body("tech.survey"), purpose=f"前{hostile}后", mode="phone")
    text = text_of(render(a_job(body)).data)
    for part in ("前", "后", "电话沟通", "泊位排程"):
        assert part in text


def test_nul_and_half_surrogates_from_elsewhere_become_blank():
    job = a_job(a_body("tech.test"), result={"结论": "甲\0乙\ud800丙"}, note="尾\0注")
    text = text_of(render(job).data)
    assert "甲乙丙" in text
    assert "尾注" in text


def test_the_file_name_is_safe_and_says_what_it_is():
    body = a_body("tech.survey")
    body["opportunity"]["customer"]["name"] = '../../云汀\\港务:*?"<>|\x01' + "长" * 300
    name = render(a_job(body)).name
    assert name.startswith("调研纪要-.._.._云汀_港务")
    assert name.endswith(".pdf")
    assert len(name) <= 110
    assert not set(name) & set('\\/:*?"<>|\x01')
    assert name.endswith("-BL-AB12CD34-v1.pdf")


def test_a_file_name_cannot_be_made_to_read_as_another():
    body = a_body("tech.survey")
    body["opportunity"]["customer"]["name"] = "云汀\u202efdp.exe"
    name = render(a_job(body)).name
    assert "\u202e" not in name
    assert name.endswith(".pdf")


def test_a_sixteenth_type_is_rendered_by_yaml_alone(tmp_path: Path):
    pack = load_pack(root=with_a_sixteenth_type(tmp_path))
    devices = [{"name": "道闸", "count": 3}, {"name": "地磅", "count": 1}]
    body: dict[str, Any] = a_body("tech.test", type="tech.inspection")
    body["details"] = {"site": "七号仓", "contact": "门岗老秦", "due": "2027-03-20T12:00:00+08:00", "devices": devices}
    job = a_job(body, pack=pack)
    made = render(type(job)(**{**vars(job), "policy_root": str(tmp_path)}))
    text = text_of(made.data)
    for value in ("巡检报告", *shown(pack.types["tech.inspection"], body)):
        assert value in text
