"""Blocks as a Word file: docxtpl in a sandboxed, escaping environment, plain data only."""

import io
from importlib.resources import files

from docxtpl import DocxTemplate
from jinja2.sandbox import SandboxedEnvironment

from shared.schemas.model import Json

TEMPLATE = files("services.documents") / "templates" / "document.docx"


def render_docx(document: Json) -> bytes:
    """The Word file of `document`."""
    template = DocxTemplate(io.BytesIO(TEMPLATE.read_bytes()))
    template.render(document, jinja_env=SandboxedEnvironment(autoescape=True), autoescape=True)
    made = io.BytesIO()
    template.save(made)
    return made.getvalue()
