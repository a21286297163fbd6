"""A draft as it reads on paper: numbers Word makes by itself, tracked changes, content controls, merged cells."""

import io
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls, qn

from services.documents.rendering.draft import Draft, UnreadableDraftError, read_draft
from services.documents.rendering.draft_numbers import chinese, letters, roman
from tests.unit.catalogue.sample_data import sample_folder
from tests.unit.documents.test_documents_contract import a_draft

NUMBERING = """<w:abstractNum {ns} w:abstractNumId="77">
  <w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="chineseCounting"/><w:lvlText w:val="第%1条"/></w:lvl>
  <w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:isLgl/><w:lvlText w:val="%1.%2"/></w:lvl>
  <w:lvl w:ilvl="2"><w:start w:val="1"/><w:numFmt w:val="lowerLetter"/><w:lvlText w:val="(%3)"/></w:lvl>
  <w:lvl w:ilvl="3"><w:numFmt w:val="bullet"/><w:lvlText w:val="x"/></w:lvl>
</w:abstractNum>"""
LIST = '<w:num {ns} w:numId="88"><w:abstractNumId w:val="77"/></w:num>'
ANEW = """<w:num {ns} w:numId="89"><w:abstractNumId w:val="77"/>
  <w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride></w:num>"""


def read(write: Callable[[Any], None]) -> Draft:
    """What is read of a document that `write` filled."""
    document = Document()
    write(document)
    made = io.BytesIO()
    document.save(made)
    return read_draft(made.getvalue())


def texts(draft: Draft) -> list[str]:
    return [block["text"] for block in draft.blocks]


def numbered(document: Any, *paragraphs: tuple[int, str], number: int = 88) -> None:
    """Paragraphs of the list above, each with its level."""
    root = document.part.numbering_part.element
    if not root.findall(qn("w:num") + f"[@{qn('w:numId')}='88']"):
        root.insert(0, parse_xml(NUMBERING.format(ns=nsdecls("w"))))
        root.extend([parse_xml(LIST.format(ns=nsdecls("w"))), parse_xml(ANEW.format(ns=nsdecls("w")))])
    for level, text in paragraphs:
        place = f'<w:numPr {nsdecls("w")}><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
        document.add_paragraph(text)._p.get_or_add_pPr().append(parse_xml(place))


def insert(document: Any, xml: str) -> None:
    document.element.body.insert(-1, parse_xml(xml.replace("<w:", "<w:", 1).replace(">", f" {nsdecls('w')}>", 1)))


def test_articles_keep_the_numbers_word_gave_them():
    draft = read(
        lambda document: numbered(document, (0, "标的"), (1, "甲"), (1, "乙"), (2, "细目"), (0, "价款"), (1, "丙"), (3, "项"))
    )
    assert texts(draft) == ["第一条 标的", "1.1 甲", "1.2 乙", "(a) 细目", "第二条 价款", "2.1 丙", "• 项"]


def test_numbering_that_starts_anew_does_so():
    def write(document: Any) -> None:
        numbered(document, (0, "甲"))
        numbered(document, (0, "乙"), (0, "丙"), number=89)

    assert texts(read(write)) == ["第一条 甲", "第五条 乙", "第六条 丙"]


def test_numbering_by_style_counts_too():
    def write(document: Any) -> None:
        document.add_paragraph("甲", style="List Number")
        document.add_paragraph("乙", style="List Number")

    assert texts(read(write)) == ["1. 甲", "2. 乙"]


def test_numbers_are_written_as_word_writes_them():
    assert [chinese(n) for n in (1, 10, 12, 20, 33, 103, 110, 1001, 10000)] == [
        "一",
        "十",
        "十二",
        "二十",
        "三十三",
        "一百零三",
        "一百一十",
        "一千零一",
        "10000",
    ]
    assert [roman(n) for n in (1, 4, 9, 14, 1994)] == ["I", "IV", "IX", "XIV", "MCMXCIV"]
    assert [letters(n) for n in (1, 26, 27, 53)] == ["a", "z", "aa", "aaa"]


RUN = "<w:r><w:t>{}</w:t></w:r>"


def test_tracked_changes_read_as_accepted_and_are_counted():
    paragraph = (
        "<w:p><w:r><w:t>违约金</w:t></w:r><w:ins w:id='1' w:author='b'><w:r><w:t>每日万分之五</w:t></w:r></w:ins>"
        "<w:del w:id='2' w:author='b'><w:r><w:delText>每日万分之三</w:delText></w:r></w:del></w:p>"
    )
    draft = read(lambda document: insert(document, paragraph))
    assert texts(draft) == ["违约金每日万分之五"]
    assert (draft.inserted, draft.deleted) == (1, 1)


def test_content_controls_links_and_boxes_are_read():
    control = "<w:sdt><w:sdtContent><w:p><w:r><w:t>控件里的金额</w:t></w:r></w:p></w:sdtContent></w:sdt>"
    inner = "<w:p><w:hyperlink><w:r><w:t>链接</w:t></w:r></w:hyperlink><w:sdt><w:sdtContent><w:r><w:t>空白处</w:t></w:r></w:sdtContent></w:sdt></w:p>"
    box = "<w:p><w:r><w:txbxContent><w:p><w:r><w:t>框内</w:t></w:r></w:p></w:txbxContent></w:r></w:p>"

    def write(document: Any) -> None:
        for xml in (control, inner, box):
            insert(document, xml)

    assert texts(read(write)) == ["控件里的金额", "链接空白处", "框内"]


def test_headings_stand_out():
    draft = read(lambda document: document.add_heading("第一条 定义", 2))
    assert [block["kind"] for block in draft.blocks] == ["label"]


def test_merged_cells_are_said_once_and_every_row_has_its_place():
    def write(document: Any) -> None:
        table = document.add_table(3, 3)
        for row in table.rows:
            for place, cell in enumerate(row.cells):
                cell.text = f"格{place}"
        wide = table.cell(0, 0).merge(table.cell(0, 2))
        wide.text = "总表头"
        tall = table.cell(1, 0).merge(table.cell(2, 0))
        tall.text = "竖"

    (block,) = read(write).blocks
    assert block["columns"] == ["总表头", "", ""]
    assert block["rows"] == [["竖", "格1", "格2"], ["", "格1", "格2"]]


def test_a_table_inside_a_cell_is_said_once():
    def write(document: Any) -> None:
        outer = document.add_table(2, 1)
        outer.cell(0, 0).text = "外"
        outer.cell(1, 0).add_table(1, 1).cell(0, 0).text = "内层"

    (block,) = read(write).blocks
    assert str(block).count("内层") == 1


def test_a_table_of_one_row_has_no_heading():
    def write(document: Any) -> None:
        cells = document.add_table(1, 2).rows[0].cells
        cells[0].text, cells[1].text = "甲方（盖章）", "乙方（盖章）"

    (block,) = read(write).blocks
    assert (block["columns"], block["rows"]) == ([], [["甲方（盖章）", "乙方（盖章）"]])


def damaged(seed: int) -> bytes:
    """A draft with some octets changed."""
    chance, data = random.Random(seed), bytearray(a_draft())
    for _ in range(chance.choice((1, 8, 200))):
        data[chance.randrange(len(data))] = chance.randrange(256)
    return bytes(data)


def ending(data: bytes) -> str:
    """What comes of reading `data`: nothing but content or a refusal with a reason in both languages."""
    try:
        read_draft(data)
    except UnreadableDraftError as error:
        return "refused" if error.reason.zh and error.reason.en else "without a reason"
    return "read"


def test_whatever_is_broken_it_is_read_or_refused_with_a_reason():
    assert {ending(damaged(seed)) for seed in range(80)} <= {"read", "refused"}


def _words(value: object) -> str:
    """Every text in a value, one after another."""
    match value:
        case str():
            return value + "\n"
        case dict():
            return _words(list(value.values()))
        case list() | tuple():
            return "".join(_words(inner) for inner in value)
        case _:
            return ""


@pytest.mark.parametrize("number", range(8))
def test_the_teams_drafts_are_read_whole(number: int):
    files = sorted(Path(sample_folder() / "attachments").glob("contract-*.docx"))
    if number >= len(files):
        pytest.skip(f"SAMPLE DATA HOLDS ONLY {len(files)} DRAFTS")
    read_back = _words(read_draft(files[number].read_bytes()).blocks)
    document = Document(str(files[number]))
    given = [paragraph.text for paragraph in document.paragraphs]
    given += [
        paragraph.text for table in document.tables for row in table.rows for cell in row.cells for paragraph in cell.paragraphs
    ]
    assert [text for text in given if text.strip() and text.strip() not in read_back] == []
