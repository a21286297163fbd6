"""Jobs for the renderer, made from the shared builders, and what can be read back out of the files."""

import io
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from docx import Document
from pypdf import PdfReader
from pypdf.generic import ContentStream

from services.documents.rendering.given import Job, Rendered
from shared.catalogue import Field, Pack, RequestType, judge, personal, public
from shared.schemas.model import Json
from shared.schemas.requests import Request
from shared.schemas.routing import Seat
from tests.builders import a_body, a_context, a_directory, the_pack

IDENTITY = "ab12cd34-0000-5000-8000-000000000000"
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
RESULT = {"结论": "全部通过", "后续": ["复测一次", "补充网络图"]}
CHECKLIST = {"organisation": "信息中心十二人", "it_state": "三套系统并行", "备忘": "机房将搬迁"}


def a_seat(person: str, role: str, department: str | None = None) -> Json:
    """A supporter's seat, as an item carries it."""
    return Seat(person=person, role=role, step="supporter", department=department).model_dump()


SUPPORTING = [a_seat("PE1", "presales_engineer"), a_seat("PE2", "presales_engineer")]
REVIEWING = [
    a_seat("FI1", "department_reviewer", "finance"),
    a_seat("LE1", "department_reviewer", "legal"),
    a_seat("DL1", "department_reviewer", "delivery"),
    a_seat("BL1", "bu_leader"),
]


def a_job(body: Json | None = None, /, *, pack: Pack | None = None, **changes: Any) -> Job:
    """A rendering of `body` (accepted by the validator), as the effect would ask for it."""
    policy = pack or the_pack()
    judgement = judge(policy, body or a_body(), a_context())
    assert judgement.verdict.outcome == "accepted", judgement.verdict
    assert judgement.request is not None
    assert judgement.type is not None
    return a_job_of(judgement.request, judgement.type, pack=policy, **changes)


def a_job_of(
    request: Request, kind: RequestType, *, pack: Pack | None = None, attachments: tuple[Any, ...] = (), **changes: Any
) -> Job:
    """A rendering of a judged request; `changes` are of the item's data."""
    accepted = kind.output.when == "accepted"
    data: Json = {
        "type": kind.key,
        "policy": (pack or the_pack()).pin.model_dump(),
        "request": public(request, kind).model_dump(mode="json"),
        "coordinator": {"person": "PM1"},
        "supporters": REVIEWING if kind.review else SUPPORTING,
        "result": None if accepted else (CHECKLIST if kind.key == "tech.survey" else RESULT),
        "note": "" if accepted else "已按约定交付",
        "survey": {"request": "x", "result": CHECKLIST, "note": "口径以信息中心为准"} if kind.key == "tech.proposal" else None,
        "format": "pdf",
        "version": 1,
        "event": "e1",
        "together": ["D-1", "D-2"],
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


def inside(made: Rendered) -> bytes:
    """The file that those who work on the request read: the document itself, or the internal sheet of a customer's."""
    return made.sheet.data if made.sheet else made.data


@lru_cache(maxsize=64)
def text_of(pdf: bytes) -> str:
    """Everything a reader can copy out of a PDF; many tests read the same file."""
    return squeezed("".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages))


def word_text_of(docx: bytes) -> str:
    """Everything in the paragraphs and tables of a Word file."""
    document = Document(io.BytesIO(docx))
    texts = [paragraph.text for paragraph in document.paragraphs]
    texts += [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    return squeezed("".join(texts))


def shown(kind: RequestType, body: Json) -> list[str]:
    """How each value that was given must read in the document of a request by A1, in Chinese."""
    judgement = judge(the_pack() if kind.key in the_pack().types else _pack_of(kind), body, a_context())
    assert judgement.request is not None
    people = ["港湾事业部", "纪春生", "大客户经理"]
    return [*shown_values(kind, judgement.request), *people]


def _pack_of(kind: RequestType) -> Pack:
    return the_pack().model_copy(update={"types": {**the_pack().types, kind.key: kind}})


def shown_values(kind: RequestType, request: Request) -> list[str]:
    """How each value of a judged request must read in the document, in the request's language."""
    texts = shown_fields(kind, request, request.details)
    texts += [text for key, value in request.extra.items() for text in (_named(key), *_shown(None, value, request.locale))]
    if opportunity := request.opportunity:
        texts += [opportunity.id, opportunity.name, opportunity.customer.name]
    return [squeezed(text) for text in [*texts, request.source.reference]]


def _named(key: str) -> str:
    """What an extra value is shown under: its own name, but for the currency, which every request with amounts says."""
    return "" if key == "currency" else key


def shown_fields(kind: RequestType, request: Request, keys: Iterable[str]) -> list[str]:
    """How the values of some fields of a judged request's form must read."""
    values = ((kind.fields.get(key), request.details[key]) for key in keys)
    return [squeezed(text) for spec, value in values for text in _shown(spec, value, request.locale)]


def _shown(spec: Field | None, value: Any, locale: str) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _shown(spec, item, locale)
    elif spec is not None and spec.type == "window" and isinstance(value, Mapping):
        start, end = (datetime.fromisoformat(value[key]) for key in ("start", "end"))
        same_day = f"{end:%H:%M}" if start.date() == end.date() else _moment(value["end"], locale)
        yield from (_moment(value["start"], locale), same_day, value["place"])
        yield from [value["time_zone"]] if value.get("time_zone") else []
    elif isinstance(value, Mapping):
        for key, inner in value.items():
            yield from _shown(spec.fields.get(key) if spec else None, inner, locale)
    elif spec is not None and spec.type == "money" and isinstance(value, int | float):
        yield f"{value:,.2f}"
    elif spec is not None and value in spec.choices:
        yield spec.choices[value].name(locale)
    elif spec is not None and spec.type == "time":
        yield _moment(value, locale)
    elif isinstance(value, bool):
        yield {("zh", True): "是", ("zh", False): "否", ("en", True): "yes", ("en", False): "no"}[locale, value]
    else:
        yield str(int(value) if isinstance(value, float) and value.is_integer() else value)


def _moment(value: str, locale: str) -> str:
    try:
        at = datetime.fromisoformat(value)
    except ValueError:  # "not announced" is an answer
        return value
    return f"{at:%Y-%m-%d %H:%M}" if locale == "en" else f"{at.year}年{at.month}月{at.day}日 {at:%H:%M}"


def fonts_of(pdf: bytes) -> dict[str, bool]:
    """The fonts of all pages, and whether each is embedded."""
    fonts: dict[str, bool] = {}
    for page in PdfReader(io.BytesIO(pdf)).pages:
        resources: Any = page["/Resources"]
        for reference in resources.get("/Font", {}).values():
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
