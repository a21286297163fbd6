"""Writes document.docx, the Word template: headings, facts, lists and tables as docxtpl loops over the composed blocks."""

from pathlib import Path

from docx import Document
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.table import _Cell

FONT = "Noto Sans CJK SC"
ACCENT = RGBColor(0x1F, 0x4E, 0x79)


def make(target: Path) -> None:
    """Write the template to `target`."""
    document = Document()
    for name, size in (("Normal", 10.5), ("Title", 26), ("Heading 1", 15), ("Heading 2", 11), ("List Bullet", 10.5)):
        _style(document.styles[name], size, accent=name not in {"Normal", "List Bullet"})
    document.add_paragraph("{{ title }}", style="Title")
    document.add_paragraph("{{ subtitle }}")
    document.add_paragraph("{{ number }} · v{{ version }} · {{ date }}")
    document.add_paragraph("{%p for section in sections %}")
    document.add_paragraph("{{ loop.index }} {{ section.heading }}", style="Heading 1")
    document.add_paragraph("{%p for block in section.blocks %}")
    document.add_paragraph("{%p if block.kind == 'label' %}")
    document.add_paragraph("{{ block.text }}", style="Heading 2")
    document.add_paragraph("{%p elif block.kind == 'text' %}")
    document.add_paragraph("{{ block.text }}")
    document.add_paragraph("{%p elif block.kind == 'facts' %}")
    _facts(document)
    document.add_paragraph("{%p elif block.kind == 'table' %}")
    _lines(document)
    document.add_paragraph("{%p else %}")
    document.add_paragraph("{%p for entry in block['items'] %}")
    document.add_paragraph("{{ entry }}", style="List Bullet")
    document.add_paragraph("{%p endfor %}")
    document.add_paragraph("{%p endif %}")
    document.add_paragraph("{%p endfor %}")
    document.add_paragraph("{%p endfor %}")
    document.save(str(target))


def _style(style: ParagraphStyle, size: float, *, accent: bool) -> None:
    style.font.name = FONT
    style.font.size = Pt(size)
    fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
    for script in ("w:ascii", "w:hAnsi", "w:eastAsia"):
        fonts.set(qn(script), FONT)
    for theme in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme"):
        fonts.attrib.pop(qn(theme), None)
    if accent:
        style.font.color.rgb = ACCENT


def _facts(document: Document) -> None:  # type: ignore[valid-type]  # python-docx's Document is a factory, not a class
    table = document.add_table(rows=3, cols=2, style="Table Grid")  # type: ignore[attr-defined]
    table.rows[0].cells[0].text = "{%tr for row in block.rows %}"
    table.rows[1].cells[0].text = "{{ row[0] }}"
    table.rows[1].cells[1].text = "{{ row[1] }}"
    table.rows[2].cells[0].text = "{%tr endfor %}"


def _lines(document: Document) -> None:  # type: ignore[valid-type]
    table = document.add_table(rows=4, cols=3, style="Table Grid")  # type: ignore[attr-defined]
    _loop(table.rows[0].cells, "block.columns")
    table.rows[1].cells[0].text = "{%tr for row in block.rows + ([block.total] if block.total else []) %}"
    _loop(table.rows[2].cells, "row")
    table.rows[3].cells[0].text = "{%tr endfor %}"


def _loop(cells: tuple[_Cell, ...], values: str) -> None:
    """A cell for each value."""
    cells[0].text, cells[1].text, cells[2].text = f"{{%tc for value in {values} %}}", "{{ value }}", "{%tc endfor %}"


if __name__ == "__main__":
    make(Path(__file__).parent.parent / "templates" / "document.docx")
