"""Blocks as a PDF: typst with the packaged font alone, so every machine makes the same bytes of the same data."""

import io
import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import noto_cjk_sans_otc
import typst
from pypdf import PdfReader, PdfWriter
from pypdf.errors import PyPdfError

from shared.schemas.model import Json

TEMPLATE = Path(str(files("services.documents") / "templates" / "document.typ"))
FONTS = Path(noto_cjk_sans_otc.__file__).parent


def readable(data: bytes) -> bool:
    """Whether the pages of a PDF from elsewhere can be taken over: it is whole and not locked."""
    try:
        PdfWriter().append(PdfReader(io.BytesIO(data)))
    except (PyPdfError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return False
    return True


def render_pdf(document: Json, attached: Sequence[tuple[str, bytes]] = (), appended: Sequence[bytes] = ()) -> bytes:
    """The PDF of `document`; pages of the `appended` PDFs follow, the `attached` files travel inside."""
    raw = typst.compile(
        TEMPLATE,
        root=TEMPLATE.parent,
        font_paths=[FONTS],
        ignore_system_fonts=True,
        sys_inputs={"data": json.dumps(document, ensure_ascii=False)},
        format="pdf",
    )
    if not attached and not appended:
        return bytes(raw)
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(raw)))
    for pages in appended:
        writer.append(PdfReader(io.BytesIO(pages)))
    for name, data in attached:
        writer.add_attachment(name, data)
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()
