"""Writes document.docx, the Word template: headings, facts, lists and tables as docxtpl loops over the composed blocks."""

from datetime import UTC, datetime
from pathlib import Path

from docx import Document
from docx.document import Document as Word
from docx.enum.text import WD_BREAK
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.table import Table, _Cell, _Row
from docx.text.paragraph import Paragraph

FONT = "Noto Sans CJK SC"
ACCENT = RGBColor(0x1F, 0x4E, 0x79)
FAINT = RGBColor(0x5F, 0x6B, 0x79)
WHITE = RGBColor(0xFF, 0xFF, 0xFF)
STYLES = {"Normal": 10.5, "Title": 26, "Heading 1": 15, "Heading 2": 11, "List Bullet": 10.5, "Header": 8, "Footer": 8}
CELL_SPACE = Pt(2.5)
UNDATED = datetime(2000, 1, 1, tzinfo=UTC)


def make(target: Path) -> None:
    """Write the template to `target`; made twice it is the same but for the archive's own dates."""
    document = Document()
    document.core_properties.author, document.core_properties.comments = "Backline", ""
    document.core_properties.created = document.core_properties.modified = UNDATED
    for name, size in STYLES.items():
        _style(document.styles[name], size, accent=name in {"Title", "Heading 1", "Heading 2"})
    _without_thumbnail(document)
    page = document.sections[0]
    page.page_width, page.page_height = Cm(21), Cm(29.7)
    page.left_margin = page.right_margin = Cm(2.2)
    page.header.paragraphs[0].text = "{{ title }} · {{ unit }}\t\t{{ number }} · v{{ version }}"
    _page_number(page.footer.paragraphs[0])
    document.add_paragraph("{{ title }}", style="Title")
    document.add_paragraph("{{ subtitle }}")
    _facts(document, "particulars")
    document.add_paragraph("{%p for section in sections %}")
    document.add_paragraph("{%p if section.new_page or (cover and loop.first) %}")
    document.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
    document.add_paragraph("{%p endif %}")
    document.add_paragraph("{{ loop.index }} {{ section.heading }}", style="Heading 1")
    document.add_paragraph("{%p for block in section.blocks %}")
    _blocks(document)
    document.add_paragraph("{%p endfor %}")
    document.add_paragraph("{%p endfor %}")
    document.save(str(target))


def _without_thumbnail(document: Word) -> None:
    """The library's own template carries a picture of its first page, which ours would show for every document."""
    relations = document.part.package.rels
    for name in [name for name, one in relations.items() if one.reltype == RELATIONSHIP_TYPE.THUMBNAIL]:
        del relations[name]


def _blocks(document: Word) -> None:
    document.add_paragraph("{%p if block.kind == 'label' %}")
    document.add_paragraph("{{ block.text }}", style="Heading 2")
    document.add_paragraph("{%p elif block.kind == 'text' %}")
    document.add_paragraph("{{ block.text }}")
    document.add_paragraph("{%p elif block.kind == 'facts' %}")
    _facts(document, "block.rows")
    document.add_paragraph("{%p elif block.kind == 'table' %}")
    _lines(document)
    document.add_paragraph("{%p else %}")
    document.add_paragraph("{%p for entry in block['items'] %}")
    document.add_paragraph("{{ entry }}", style="List Bullet")
    document.add_paragraph("{%p endfor %}")
    document.add_paragraph("{%p endif %}")


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


def _facts(document: Word, rows: str) -> None:
    table = _table(document, 3, 2)
    table.autofit = False
    for column, width in zip(table.columns, (Cm(3.8), Cm(12.8)), strict=True):
        column.width = width
        for cell in column.cells:
            cell.width = width
    table.rows[0].cells[0].text = f"{{%tr for row in {rows} %}}"
    _write(table.rows[1].cells[0], "{{ row[0] }}", colour=FAINT, fill="F2F5F9")
    _write(table.rows[1].cells[1], "{{ row[1] }}")
    _row_rule(table.rows[1], "w:cantSplit")
    table.rows[2].cells[0].text = "{%tr endfor %}"


def _lines(document: Word) -> None:
    table = _table(document, 4, 3)
    _loop(table.rows[0].cells, "block.columns", colour=WHITE, fill="1F4E79")
    _row_rule(table.rows[0], "w:tblHeader")
    table.rows[1].cells[0].text = "{%tr for row in block.rows + ([block.total] if block.total else []) %}"
    _loop(table.rows[2].cells, "row")
    _row_rule(table.rows[2], "w:cantSplit")
    table.rows[3].cells[0].text = "{%tr endfor %}"


def _row_rule(row: _Row, rule: str) -> None:
    """`w:tblHeader`: said again on every page; `w:cantSplit`: never broken between pages."""
    row._tr.get_or_add_trPr().append(OxmlElement(rule))  # noqa: SLF001  # python-docx has no name for either


def _loop(cells: tuple[_Cell, ...], values: str, *, colour: RGBColor | None = None, fill: str = "") -> None:
    """A cell for each value."""
    cells[0].text, cells[2].text = f"{{%tc for value in {values} %}}", "{%tc endfor %}"
    _write(cells[1], "{{ value }}", colour=colour, fill=fill)


def _write(cell: _Cell, content: str, *, colour: RGBColor | None = None, fill: str = "") -> None:
    paragraph = cell.paragraphs[0]
    paragraph.paragraph_format.space_before = paragraph.paragraph_format.space_after = CELL_SPACE
    run = paragraph.add_run(content)
    if colour is not None:
        run.font.color.rgb = colour
    if fill:
        shade = OxmlElement("w:shd")
        shade.set(qn("w:val"), "clear")
        shade.set(qn("w:fill"), fill)
        cell._tc.get_or_add_tcPr().append(shade)  # noqa: SLF001


def _table(document: Word, rows: int, columns: int) -> Table:
    """A table with light rules between its rows alone."""
    table: Table = document.add_table(rows=rows, cols=columns)
    borders = OxmlElement("w:tblBorders")
    for side in ("top", "bottom", "insideH"):
        line = OxmlElement(f"w:{side}")
        for key, value in (("val", "single"), ("sz", "4"), ("color", "C9D3DE")):
            line.set(qn(f"w:{key}"), value)
        borders.append(line)
    table._tbl.tblPr.find(qn("w:tblLook")).addprevious(borders)  # noqa: SLF001
    return table


def _page_number(paragraph: Paragraph) -> None:
    paragraph.add_run("{{ footer }}\t\t")
    for kind, instruction in (("begin", ""), ("", "PAGE"), ("end", "")):
        run = paragraph.add_run()
        part = OxmlElement("w:instrText" if instruction else "w:fldChar")
        if instruction:
            part.text = instruction
        else:
            part.set(qn("w:fldCharType"), kind)
        run._r.append(part)  # noqa: SLF001


if __name__ == "__main__":
    make(Path(__file__).parent.parent / "templates" / "document.docx")
