"""Blocks as a Word file: docxtpl in a sandboxed, escaping environment, plain data only; the same bytes for the same data."""

import io
import zipfile
from datetime import UTC, datetime
from importlib.resources import files

from docxtpl import DocxTemplate
from jinja2.sandbox import SandboxedEnvironment

from shared.schemas.model import Json

TEMPLATE = files("services.documents") / "templates" / "document.docx"
NO_DATE = (1980, 1, 1, 0, 0, 0)


def render_docx(document: Json) -> bytes:
    """The Word file of `document`."""
    template = DocxTemplate(io.BytesIO(TEMPLATE.read_bytes()))
    template.render(document, jinja_env=SandboxedEnvironment(autoescape=True), autoescape=True)
    about = template.docx.core_properties
    about.title, about.subject = document["title"], document["number"]
    about.created = about.modified = datetime.fromisoformat(document["at"]).astimezone(UTC)
    made = io.BytesIO()
    template.save(made)
    return _undated(made.getvalue())


def _undated(made: bytes) -> bytes:
    """The same archive without the moment it was written at."""
    again = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(made)) as archive, zipfile.ZipFile(again, "w", zipfile.ZIP_DEFLATED) as copy:
        for entry in archive.infolist():
            undated = zipfile.ZipInfo(entry.filename, NO_DATE)
            undated.compress_type = zipfile.ZIP_DEFLATED
            copy.writestr(undated, archive.read(entry))
    return again.getvalue()
