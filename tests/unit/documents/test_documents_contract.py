"""The contract review packet: the draft in full on its pages, the original inside, and a packet even when it cannot be read."""

import io
import zipfile
from collections.abc import Callable

import pytest
from docx import Document
from pypdf import PdfReader, PdfWriter

from services.documents.rendering.draft import UnreadableDraftError, read_draft
from services.documents.rendering.given import Rendered
from services.documents.rendering.job import render
from tests.builders import a_body
from tests.unit.documents.renderings import WORD, a_job, squeezed, text_of

CLAUSES = [
    "第一条 标的：智慧泊位调度系统一套",
    "1.1 甲方：云汀港务集团",
    "1.2 乙方应于验收合格后三十日内开票",
    "第二条 违约金为每日万分之三",
]
PRICES = [["名称", "单价"], ["调度平台", "640000"], ["识别相机", "4680.5"]]


def a_draft(*extra: str) -> bytes:
    """A small contract: clauses, a table, clauses after it."""
    document = Document()
    document.add_heading("设备采购合同（草案）", 1)
    for clause in CLAUSES:
        document.add_paragraph(clause)
    table = document.add_table(len(PRICES), 2)
    for row, cells in zip(table.rows, PRICES, strict=True):
        for cell, value in zip(row.cells, cells, strict=True):
            cell.text = value
    for clause in (*extra, "第九条 一式四份"):
        document.add_paragraph(clause)
    made = io.BytesIO()
    document.save(made)
    return made.getvalue()


def a_pdf(text_pages: int = 2) -> bytes:
    writer = PdfWriter()
    for _ in range(text_pages):
        writer.add_blank_page(300, 300)
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def a_locked_pdf() -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(a_pdf())))
    writer.encrypt("secret", algorithm="RC4-128")
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()


def packet(data: bytes, media_type: str = WORD, name: str = "草案.docx") -> Rendered:
    return render(a_job(a_body("business.contract"), attachments=((name, media_type, data),)))


def embedded(made: Rendered) -> dict[str, list[bytes]]:
    return dict(PdfReader(io.BytesIO(made.data)).attachments)


def test_the_packet_shows_the_whole_draft_in_its_order():
    text = text_of(packet(a_draft()).data)
    parts = [squeezed(part) for part in ("设备采购合同（草案）", *CLAUSES, *PRICES[0], *PRICES[1], *PRICES[2], "第九条 一式四份")]
    assert [part for part in parts if part not in text] == []
    places = [text.rindex(part) for part in parts if part not in PRICES[0]]
    assert places == sorted(places)


def test_the_original_file_travels_inside():
    data = a_draft()
    assert embedded(packet(data)) == {"草案.docx": [data]}


def test_the_packet_has_request_checklist_and_sign_off():
    text = text_of(packet(a_draft()).data)
    for part in (
        "合同评审材料",
        "1,543,210.99",
        "SAMPLE-SALES-3",
        "评审清单（示例）",
        "违约责任与责任上限明确",
        "会签",
    ):
        assert part in text


@pytest.mark.parametrize(
    ("locale", "signing"),
    [
        ("zh", ["财务部（钱清算）", "法务部（方正言）", "交付管理部（付如期）", "经营单位领导（左丘明远）"]),
        ("en", ["Finance(钱清算)", "Legal(方正言)", "Delivery(付如期)", "Businessunitleader(左丘明远)"]),
    ],
)
@pytest.mark.parametrize("kind", ["business.contract", "business.price"])
def test_whoever_reviews_has_a_place_to_sign_and_nobody_else_has(kind: str, locale: str, signing: list[str]):
    text = text_of(render(a_job(a_body(kind, locale=locale))).data)
    sheet = text.split("会签" if locale == "zh" else "Sign-off")[-1]
    assert [name for name in signing if name not in sheet] == []
    assert sheet.count("意见/签字/日期" if locale == "zh" else "opinion/signature/date") == len(signing)


def test_the_same_draft_gives_the_same_bytes():
    data = a_draft()
    assert packet(data).data == packet(data).data


def test_what_a_draft_says_is_not_obeyed():
    hostile = '第十条 #read("/etc/passwd") {{ 7*7 }} <w:t>&</w:t> \\ 乙方'
    assert squeezed(hostile) in text_of(packet(a_draft(hostile)).data)


def test_a_draft_in_pdf_is_taken_over_page_by_page():
    plain = len(PdfReader(io.BytesIO(packet(b"").data)).pages)
    made = packet(a_pdf(3), "application/pdf", "草案.pdf")
    assert len(PdfReader(io.BytesIO(made.data)).pages) == plain + 3
    assert made.notes == ()
    assert list(embedded(made)) == ["草案.pdf"]


def rezipped(change: Callable[[str, bytes], bytes]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(a_draft())) as original, zipfile.ZipFile(made, "w") as copy:
        for name in original.namelist():
            copy.writestr(name, change(name, original.read(name)))
    return made.getvalue()


BROKEN: dict[str, bytes] = {
    "empty": b"",
    "garbage": b"not a word file",
    "cut off": a_draft()[:900],
    "broken xml": rezipped(lambda name, data: data[:200] if name == "word/document.xml" else data),
    "another root": rezipped(lambda name, data: b"<a/>" if name == "word/document.xml" else data),
    "no text": rezipped(lambda name, data: b"" if name == "word/document.xml" else data),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_draft_still_gives_a_packet_that_says_so_and_holds_it(name: str):
    made = packet(BROKEN[name])
    text = text_of(made.data)
    assert "草案不是完好的Word文件" in text
    assert "1,543,210.99" in text
    assert len(made.notes) == 1
    assert embedded(made) == {"草案.docx": [BROKEN[name]]}


@pytest.mark.parametrize(
    "data", [b"%PDF-1.4 garbage", b"%PDF-", a_pdf()[:200], a_locked_pdf()], ids=["garbage", "head", "cut", "locked"]
)
def test_a_broken_or_locked_pdf_still_gives_a_packet_that_says_so(data: bytes):
    made = packet(data, "application/pdf", "草案.pdf")
    assert "PDF已损坏或加密" in text_of(made.data)
    assert len(made.notes) == 1


def test_a_draft_that_unpacks_to_very_much_is_refused():
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", b"\0" * (101 * 1024 * 1024))
    with pytest.raises(UnreadableDraftError, match="100 MiB"):
        read_draft(made.getvalue())
