"""Jobs for the renderer, made from the shared builders, and what can be read back out of the files."""

import io
import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from docx import Document
from pypdf import PdfReader
from pypdf.generic import ContentStream

from services.documents.rendering.job import Job
from shared.catalogue import Field, Pack, RequestType, judge, personal, public
from shared.schemas.model import Json
from tests.builders import a_body, a_context, a_directory, the_pack

IDENTITY = "ab12cd34-0000-5000-8000-000000000000"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
RESULT = {"结论": "全部通过", "后续": ["复测一次", "补充网络图"]}
CHECKLIST = {"organisation": "信息中心十二人", "it_state": "三套系统并行", "备忘": "机房将搬迁"}


def a_job(body: Json | None = None, /, *, pack: Pack | None = None, attachments: tuple[Any, ...] = (), **changes: Any) -> Job:
    """A rendering of `body` (accepted by the validator), as the effect would ask for it."""
    policy = pack or the_pack()
    judgement = judge(policy, body or a_body(), a_context())
    assert judgement.verdict.outcome == "accepted", judgement.verdict
    request, kind = judgement.request, judgement.type
    assert request is not None
    assert kind is not None
    data: Json = {
        "type": kind.key,
        "policy": policy.pin.model_dump(),
        "request": public(request, kind).model_dump(mode="json"),
        "coordinator": {"person": "PM1"},
        "supporters": [{"person": "PE1"}, {"person": "PE2"}],
        "result": None if kind.output.when == "accepted" else (CHECKLIST if kind.key == "tech.survey" else RESULT),
        "note": "" if kind.output.when == "accepted" else "已按约定交付",
        "survey": {"request": "x", "result": CHECKLIST, "note": "口径以信息中心为准"} if kind.key == "tech.proposal" else None,
        "format": "pdf",
        "version": 1,
        "event": "e1",
        "at": "2027-03-02T10:00:00+08:00",
    }
    names = {person.id: person.name for person in a_directory().people.values()}
    return Job(
        identity=IDENTITY,
        data=data | changes,
        personal=personal(request, kind),
        names=names,
        unit="港湾事业部",
        attachments=attachments,
    )


def squeezed(text: str) -> str:
    """Without any blank space: lines may break anywhere on a page."""
    return re.sub(r"\s+", "", text)


def text_of(pdf: bytes) -> str:
    """Everything a reader can copy out of a PDF."""
    return squeezed("".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages))


def word_text_of(docx: bytes) -> str:
    """Everything in the paragraphs and tables of a Word file."""
    document = Document(io.BytesIO(docx))
    texts = [paragraph.text for paragraph in document.paragraphs]
    texts += [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return squeezed("".join(texts))


def shown(kind: RequestType, body: Json) -> list[str]:
    """How each value that was given must read in the document, in Chinese."""
    details = body["details"]
    texts = [text for key, value in details.items() for text in _shown(kind.fields.get(key), value)]
    texts += [text for key, value in body["extra"].items() for text in (key, *_shown(None, value))]
    if opportunity := body.get("opportunity"):
        texts += [opportunity["id"], opportunity["name"], opportunity["customer"]["name"]]
    return [squeezed(text) for text in [*texts, body["source"]["reference"], "港湾事业部", "纪春生", "大客户经理"]]


def _shown(spec: Field | None, value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _shown(spec, item)
    elif spec is not None and spec.type == "window" and isinstance(value, Mapping):
        yield from (_moment(value["start"]), _moment(value["end"]), value["place"], value["time_zone"])
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _shown(spec.fields.get(key) if spec else None, inner)
    elif spec is not None and spec.type == "money":
        yield f"{value:,.2f}"
    elif spec is not None and spec.choices:
        yield spec.choices[value].zh
    elif spec is not None and spec.type == "time":
        yield _moment(value)
    else:
        yield str(value)


def _moment(value: str) -> str:
    at = datetime.fromisoformat(value)
    return f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"


def fonts_of(pdf: bytes) -> dict[str, bool]:
    """The fonts of all pages, and whether each is embedded."""
    fonts: dict[str, bool] = {}
    for page in PdfReader(io.BytesIO(pdf)).pages:
        for reference in page["/Resources"].get("/Font", {}).values():
            font = reference.get_object()
            inner = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
            descriptor = inner.get("/FontDescriptor", {})
            fonts[str(font["/BaseFont"])] = any(f"/FontFile{number}" in descriptor for number in ("", "2", "3"))
    return fonts


def missing_glyphs(pdf: bytes) -> int:
    """How many characters are drawn as glyph 0, the box that stands for a character the font does not have."""
    reader = PdfReader(io.BytesIO(pdf))
    missing = 0
    for page in reader.pages:
        for operands, operator in ContentStream(page.get_contents(), reader).operations:
            if operator in {b"Tj", b"TJ"}:
                pieces = operands[0] if operator == b"TJ" else operands
                for piece in pieces:
                    raw = getattr(piece, "original_bytes", b"")
                    missing += sum(1 for place in range(0, len(raw) - 1, 2) if raw[place : place + 2] == b"\0\0")
    return missing
