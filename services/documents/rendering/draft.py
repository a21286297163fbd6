"""A contract draft as blocks, so that the packet shows it whole: paragraphs and tables of a .docx in their order, numbers included.

Tracked changes read as if they were accepted and are counted, so that whoever reviews knows of them.
"""

import io
from collections.abc import Iterator
from dataclasses import dataclass

from docx import Document
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml.ns import qn

from services.documents.rendering.blocks import label, table, text
from services.documents.rendering.draft_numbers import Numbers, Xml
from shared.files.archive import Limits
from shared.files.refusals import FileRefused
from shared.files.unpacking import ensure_sound
from shared.schemas.model import Json, Text

MAX_UNPACKED = 100 * 1024 * 1024
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
TOO_LARGE = Text(
    zh="草案解压后超过 100 MiB；请改附较小的文件。", en="The draft unpacks to more than 100 MiB; attach a smaller file."
)
NO_WORD_FILE = Text(
    zh="草案不是完好的 Word 文件（.docx）；请改附 .docx 或 PDF。",
    en="The draft is no sound Word file (.docx); attach it as .docx or PDF.",
)
FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
GONE = {qn("w:del"), qn("w:moveFrom")}
UNREAD = {*GONE, qn("w:pPr"), qn("w:rPr"), qn("w:tblPr"), FALLBACK}
CONTAINERS = {qn("w:sdt"), qn("w:sdtContent"), qn("w:customXml"), qn("w:smartTag"), qn("w:ins"), qn("w:moveTo")}
SIGNS = {qn("w:tab"): "\t", qn("w:br"): "\n", qn("w:cr"): "\n", qn("w:noBreakHyphen"): "-"}
HEADINGS = ("heading", "title", "标题")


class UnreadableDraftError(Exception):
    """The attached draft cannot be read; `reason` says why and what to attach instead."""

    def __init__(self, reason: Text) -> None:
        super().__init__(reason.en)
        self.reason = reason


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A draft's content, and how many tracked insertions and deletions it holds."""

    blocks: tuple[Json, ...]
    inserted: int
    deleted: int


def read_draft(data: bytes) -> Draft:
    """A .docx as blocks. Raises UnreadableDraftError."""
    try:
        ensure_sound(io.BytesIO(data), Limits(unpacked=MAX_UNPACKED))
    except FileRefused as error:
        reasons = {"unpacks_too_large": TOO_LARGE, "broken_archive": NO_WORD_FILE}
        raise UnreadableDraftError(reasons.get(error.code, error.text)) from error
    try:
        return _read(data)
    except Exception as error:  # foreign bytes break XML and Word readers in ways beyond listing; it is told to the reader
        raise UnreadableDraftError(NO_WORD_FILE) from error


def _read(data: bytes) -> Draft:
    document = Document(io.BytesIO(data))
    parts = {relation.reltype: relation for relation in document.part.rels.values() if not relation.is_external}
    numbering = parts.get(RELATIONSHIP_TYPE.NUMBERING)
    numbers = Numbers(numbering.target_part.element if numbering else None, document.styles.element)
    headings = {style.style_id for style in document.styles if str(style.name).lower().startswith(HEADINGS)}
    body: Xml = document.element.body
    blocks = [block for part in _parts(body) for block in _blocks(part, numbers, headings)]
    inserted = sum(1 for name in ("w:ins", "w:moveTo") for _ in body.iter(qn(name)))
    return Draft(blocks=tuple(blocks), inserted=inserted, deleted=sum(1 for name in GONE for _ in body.iter(name)))


def _parts(parent: Xml) -> Iterator[Xml]:
    """The paragraphs and tables of `parent`, also those in content controls and insertions."""
    for child in parent:
        if child.tag in {qn("w:p"), qn("w:tbl")}:
            yield child
        elif child.tag in CONTAINERS:
            yield from _parts(child)


def _blocks(part: Xml, numbers: Numbers, headings: set[str]) -> Iterator[Json]:
    if part.tag == qn("w:tbl"):
        rows = [_row(row, numbers) for row in part.iter(qn("w:tr")) if _own(row, part) and not _deleted(row)]
        width = max((len(row) for row in rows), default=0)
        if len(rows) == 1 and width:
            yield table((), rows)
        elif width:
            yield table([*rows[0], *[""] * (width - len(rows[0]))], rows[1:])
    elif content := _line(part, numbers):
        style = part.find(f"{qn('w:pPr')}/{qn('w:pStyle')}")
        heading = style is not None and style.get(qn("w:val")) in headings
        yield label(content) if heading else text(content)


def _line(paragraph: Xml, numbers: Numbers) -> str:
    content = "".join(_texts(paragraph)).strip()
    return f"{numbers.before(paragraph)} {content}".strip() if content else ""


def _texts(element: Xml) -> Iterator[str]:
    """The characters of a paragraph as they read with all changes accepted."""
    for child in element:
        if child.tag == qn("w:t"):
            yield child.text or ""
        elif child.tag in SIGNS:
            yield SIGNS[child.tag]
        elif child.tag not in UNREAD:
            if child.tag == qn("w:p"):  # the text of a box that stands in the paragraph
                yield "\n"
            yield from _texts(child)


def _row(row: Xml, numbers: Numbers) -> list[str]:
    """The cells' texts; the places that a wide or a tall cell covers besides its first are blank."""
    made: list[str] = []
    for cell in row.iter(qn("w:tc")):
        if not _own(cell, row):
            continue
        merged = cell.find(f"{qn('w:tcPr')}/{qn('w:vMerge')}")
        covered = merged is not None and merged.get(qn("w:val")) != "restart"
        lines = [] if covered else [_line(paragraph, numbers) for paragraph in cell.iter(qn("w:p"))]
        span = cell.find(f"{qn('w:tcPr')}/{qn('w:gridSpan')}")
        width = int(span.get(qn("w:val")) or 1) if span is not None else 1
        made += ["\n".join(line for line in lines if line), *[""] * (min(width, 60) - 1)]
    return made


def _own(inner: Xml, outer: Xml) -> bool:
    """Whether `inner` belongs to `outer` itself and not to a table inside it."""
    return next(inner.iterancestors(outer.tag), None) is outer


def _deleted(row: Xml) -> bool:
    return row.find(f"{qn('w:trPr')}/{qn('w:del')}") is not None
