"""A contract draft as blocks, so that the packet shows it whole: paragraphs and tables of a .docx, in their order."""

import io
import zipfile
import zlib

from docx import Document
from docx.opc.exceptions import PackageNotFoundError
from docx.table import Table

from shared.schemas.model import Json

MAX_UNPACKED = 100 * 1024 * 1024
WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
# What zipfile, lxml (a SyntaxError) and python-docx (an AttributeError where the root element is not Word's) raise on damage.
BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    PackageNotFoundError,
    KeyError,
    ValueError,
    SyntaxError,
    AttributeError,
    NotImplementedError,
)


class UnreadableDraftError(Exception):
    """The attached draft cannot be read; the message says why and what to attach instead."""


def draft_blocks(data: bytes) -> list[Json]:
    """The blocks of a .docx. Raises UnreadableDraftError."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED:
                raise UnreadableDraftError("The draft unpacks to more than 100 MiB; attach a smaller file.")
        parts = list(Document(io.BytesIO(data)).iter_inner_content())
    except BROKEN as error:
        raise UnreadableDraftError("The draft is no Word file (.docx); attach it as .docx or PDF.") from error
    blocks: list[Json] = []
    for part in parts:
        if isinstance(part, Table):
            rows = [[cell.text for cell in row.cells] for row in part.rows]
            blocks += [{"kind": "table", "columns": rows[0], "rows": _even(rows), "total": []}] if rows else []
        elif part.text.strip():
            blocks.append({"kind": "text", "text": part.text})
    return blocks


def _even(rows: list[list[str]]) -> list[list[str]]:
    width = len(rows[0])
    return [(row + [""] * width)[:width] for row in rows[1:]]
