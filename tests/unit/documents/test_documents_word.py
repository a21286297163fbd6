"""The Word file of a proposal: complete, and rendered in a sandbox from plain data."""

import io
import zipfile
from datetime import UTC, datetime

import jinja2
import pytest
from docx import Document
from docx.oxml.ns import qn
from jinja2.sandbox import SandboxedEnvironment, SecurityError

from services.documents.rendering import word
from services.documents.rendering.compose import for_customers
from services.documents.rendering.job import render
from services.documents.rendering.word import render_docx
from tests.builders import TYPES, a_body, the_pack, with_details
from tests.unit.documents.renderings import CHECKLIST, WORD, a_job, shown, squeezed, word_text_of


@pytest.mark.parametrize("kind", [kind for kind in TYPES if not for_customers(kind)])
def test_every_value_that_was_given_is_in_the_word_file_of_what_stays_inside(kind: str):
    made = render(a_job(a_body(kind), format="docx"))
    text = word_text_of(made.data)
    assert made.media_type == WORD
    assert made.name.endswith(".docx")
    assert [value for value in shown(the_pack().types[kind], a_body(kind)) if value not in text] == []


def test_the_same_input_gives_the_same_bytes_whenever_it_is_made(monkeypatch: pytest.MonkeyPatch):
    body = a_body("tech.proposal")
    first = render(a_job(body, format="docx")).data
    monkeypatch.setattr(zipfile.time, "localtime", lambda *_: (2031, 5, 6, 7, 8, 10, 0, 126, 0))
    assert render(a_job(body, format="docx")).data == first


def test_header_and_footer_name_the_document_and_inside_the_policy():
    document = Document(io.BytesIO(render(a_job(a_body("tech.proposal"), format="docx")).data))
    page = document.sections[0]
    assert page.header.paragraphs[0].text.startswith("方案建议书 · 港湾事业部")
    assert "营销支持工作管理办法" not in page.footer.paragraphs[0].text
    inward = Document(io.BytesIO(render(a_job(a_body("tech.survey"), format="docx")).data))
    assert "内部使用，不外发 · 营销支持工作管理办法 1.0.0" in inward.sections[0].footer.paragraphs[0].text


def test_the_files_own_properties_are_the_documents():
    made = render(a_job(a_body("tech.proposal"), format="docx")).data
    about = Document(io.BytesIO(made)).core_properties
    assert (about.title, about.subject, about.author) == ("方案建议书", "BL-AB12CD34", "Backline")
    assert about.created == about.modified == datetime(2027, 3, 2, 2, tzinfo=UTC)
    assert [name for name in zipfile.ZipFile(io.BytesIO(made)).namelist() if "thumbnail" in name] == []


def test_every_run_has_a_chinese_font_to_fall_back_on():
    document = Document(io.BytesIO(render(a_job(a_body("tech.proposal"), format="docx")).data))
    used = {paragraph.style.name for paragraph in document.paragraphs}
    fonts = {name: document.styles[name].element.rPr.rFonts.get(qn("w:eastAsia")) for name in used}
    assert set(fonts.values()) == {"Noto Sans CJK SC"}


def test_a_proposal_in_word_takes_in_what_the_survey_found():
    text = word_text_of(render(a_job(a_body("tech.proposal"), format="docx")).data)
    for value in (CHECKLIST["organisation"], CHECKLIST["it_state"]):
        assert value in text


@pytest.mark.parametrize(
    "hostile",
    [
        "{{ 7 * 7 }}",
        "{% for x in ().__class__.__mro__ %}{{ x }}{% endfor %}",
        "<w:t>&lt;</w:t> & ]]>",
        "{{r xml }} {%p if %}",
        "שלום 👩‍🔧",
        '"q" \\ #read("x")',
    ],
)
def test_hostile_text_is_text(hostile: str):
    body = with_details(a_body("tech.proposal"), content=hostile, requirements=[hostile, "下一点"])
    text = word_text_of(render(a_job(body, format="docx")).data)
    assert text.count(squeezed(hostile)) == 2
    assert "下一点" in text


def test_characters_xml_cannot_hold_become_blank():
    made = render(a_job(a_body("tech.survey"), format="docx", note="甲\0乙\x0b丙", result={"结论": "丁\ud800戊\ufffe己"}))
    text = word_text_of(made.data)
    assert "\ufffe" not in text
    assert "甲乙丙" in text
    assert "丁戊" in text


def a_template(text: str) -> bytes:
    document = Document()
    document.add_paragraph(text)
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


class Template:
    """Stands where the packaged template stands."""

    def __init__(self, text: str) -> None:
        self._data = a_template(text)

    def read_bytes(self) -> bytes:
        return self._data


def test_a_template_may_reach_data_but_nothing_of_python(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(word, "TEMPLATE", Template("{{ title }} {{ title.__class__.__mro__[1].__subclasses__() }}"))
    with pytest.raises(SecurityError):
        render_docx({"title": "T"})


def test_without_the_sandbox_the_same_template_would_reach_python():
    escape = "{{ title.__class__.__mro__[1].__subclasses__() }}"
    assert "object" in jinja2.Environment(autoescape=True).from_string(escape).render(title="T")
    with pytest.raises(SecurityError):
        SandboxedEnvironment(autoescape=True).from_string(escape).render(title="T")


def test_the_packaged_template_holds_no_macros_and_names_a_chinese_font():
    with zipfile.ZipFile(io.BytesIO(word.TEMPLATE.read_bytes())) as archive:
        assert not [name for name in archive.namelist() if "vba" in name.lower()]
        assert b"eastAsia" in archive.read("word/styles.xml") + archive.read("word/document.xml")
