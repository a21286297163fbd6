"""Every attachment of a contract is named in the packet with what became of it."""

import io

import pytest
from pypdf import PdfReader

from services.documents.rendering import packet as packets
from services.documents.rendering.draft import WORD
from services.documents.rendering.given import Rendered
from services.documents.rendering.job import render
from tests.builders import a_body
from tests.unit.documents.renderings import a_job, squeezed, text_of
from tests.unit.documents.test_documents_contract import a_draft, a_pdf, embedded

DRAFT = ("草案.docx", WORD, a_draft())
PDF = "application/pdf"


def made_of(*attachments: tuple[str, str, bytes], locale: str = "zh", left_out: tuple[tuple[str, str], ...] = ()) -> Rendered:
    job = a_job(a_body("business.contract", locale=locale), attachments=attachments)
    return render(type(job)(**{**vars(job), "left_out": left_out}))


def test_the_draft_is_shown_in_full_and_other_files_travel_inside():
    made = made_of(DRAFT, ("报价.xlsx", "application/x", b"a sheet"))
    text = text_of(made.data)
    assert squeezed("全文见下一部分") in text
    assert squeezed("原文件内嵌于本 PDF") in text
    assert set(embedded(made)) == {"草案.docx", "报价.xlsx"}
    assert made.notes == ()


def test_another_draft_among_the_attachments_is_not_mixed_into_the_one_under_review():
    other = ("旧稿.docx", WORD, a_draft("第十条 旧稿独有的条款"))
    assert "旧稿独有的条款" not in text_of(made_of(DRAFT, other).data)


def test_pages_of_every_pdf_follow_in_their_order():
    alone = len(PdfReader(io.BytesIO(made_of(DRAFT).data)).pages)
    made = made_of(DRAFT, ("资质.pdf", PDF, a_pdf(2)), ("授权.pdf", PDF, a_pdf(3)))
    assert made.pages == alone + 5
    assert squeezed("原页附后（3 页）") in text_of(made.data)


def test_a_pdf_of_very_many_pages_travels_inside_alone(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(packets, "MAX_APPENDED_PAGES", 2)
    alone = made_of(DRAFT).pages
    made = made_of(DRAFT, ("卷宗.pdf", PDF, a_pdf(3)))
    assert made.pages == alone
    assert set(embedded(made)) == {"草案.docx", "卷宗.pdf"}
    assert "过长不附页" in made.notes[0]


def test_what_is_not_at_hand_is_named_with_its_reason():
    made = made_of(DRAFT, left_out=(("授权书.png", "not_uploaded"), ("录像.mp4", "too_large")))
    text = text_of(made.data)
    for part in ("授权书.png", "内容未上传", "录像.mp4", "过大"):
        assert part in text
    assert len(made.notes) == 2


def test_a_draft_in_a_form_that_cannot_be_shown_is_said_to_be_one():
    made = made_of(("草案.docx", "image/png", b"\x89PNG"))
    assert "草案不是完好的Word文件" in text_of(made.data)
    body = a_body("business.contract")
    body["attachments"][0]["name"] = body["details"]["contract"] = body["evidence"][0]["value"] = "草案.doc"
    made = render(a_job(body, attachments=(("草案.doc", "application/msword", b"\xd0\xcf\x11\xe0"),)))
    assert "这种格式无法转录" in text_of(made.data)
    assert len(made.notes) == 1


def test_problems_read_in_the_language_of_the_request():
    text = text_of(made_of(("草案.docx", WORD, b"no"), locale="en").data)
    assert squeezed("The draft is no sound Word file") in text
    assert "草案不是" not in text


def test_each_file_is_named_with_the_beginning_of_its_hash():
    made = made_of(("草案.docx", WORD, b"no"))
    assert "9390298f3fb0c5b1" in text_of(made.data)
