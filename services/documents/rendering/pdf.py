"""Blocks as a PDF: typst with the packaged font alone, so every machine makes the same bytes of the same data."""

import io
import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path

import noto_cjk_sans_otc
import typst
from pypdf import PdfReader, PdfWriter

from services.documents.rendering.glyphs import legible
from shared.schemas.model import Json

TEMPLATE = Path(str(files("services.documents") / "templates" / "document.typ"))
FONTS = Path(noto_cjk_sans_otc.__file__).parent


def pages_of(data: bytes) -> int | None:
    """How many pages of a PDF from elsewhere can be taken over; None when it is damaged or locked."""
    try:
        writer = PdfWriter()
        writer.append(PdfReader(io.BytesIO(data)))
        writer.write(io.BytesIO())
        return len(writer.pages) or None
    except Exception:  # noqa: BLE001  # foreign bytes break a PDF reader in ways beyond listing; None is told to the reader
        return None


def render_pdf(document: Json, attached: Sequence[tuple[str, bytes]] = (), appended: Sequence[bytes] = ()) -> bytes:
    """The PDF of `document`; pages of the `appended` PDFs follow, the `attached` files travel inside."""
    raw = typst.compile(
        TEMPLATE,
        root=TEMPLATE.parent,
        font_paths=[FONTS],
        ignore_system_fonts=True,
        sys_inputs={"data": legible(json.dumps(document, ensure_ascii=False), FONTS)},
        format="pdf",
    )
    if not attached and not appended:
        return bytes(raw)
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(raw)))
    for pages in appended:
        writer.append(PdfReader(io.BytesIO(pages)))
    for name, data in attached:
        writer.add_attachment(name, data)
    writer.pdf_header = "%PDF-1.7"
    made = io.BytesIO()
    writer.write(made)
    return made.getvalue()
