"""Workbooks as bytes, written by hand down to the XML, so that a test may spoil any part of one."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from xml.sax.saxutils import escape

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
LINKS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
STYLES = f"""<styleSheet xmlns="{MAIN}"><numFmts count="1"><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd hh:mm"/></numFmts>
<cellStyleXfs count="1"><xf numFmtId="14"/></cellStyleXfs>
<cellXfs count="4"><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="14"/><xf numFmtId="20"/></cellXfs></styleSheet>"""
MOMENT, DAY, HOUR = 1, 2, 3
"""Styles of cells that show a date with its time, a date, and a time of day."""


class Raw(str):
    """A cell's XML as it is, from the `t` or `s` attribute on: 't="e"><v>#N/A</v>'."""

    __slots__ = ()


def a_row(number: int, cells: Sequence[object]) -> str:
    """One row's XML; None leaves a cell out."""
    found = []
    for place, cell in enumerate(cells):
        name = f"{column(place + 1)}{number}"
        match cell:
            case None:
                continue
            case Raw():
                found.append(f'<c r="{name}" {cell}</c>')
            case bool():
                found.append(f'<c r="{name}" t="b"><v>{int(cell)}</v></c>')
            case int() | float():
                found.append(f'<c r="{name}"><v>{cell}</v></c>')
            case _:
                found.append(f'<c r="{name}" t="inlineStr"><is><t>{escape(str(cell))}</t></is></c>')
    return f'<row r="{number}">{"".join(found)}</row>'


def a_sheet(rows: Sequence[Sequence[object]], *, after: str = "") -> str:
    """A sheet's XML with `rows` from its first row on; `after` follows their data."""
    data = "".join(a_row(number, cells) for number, cells in enumerate(rows, start=1))
    return f'<?xml version="1.0" encoding="UTF-8"?><worksheet xmlns="{MAIN}"><sheetData>{data}</sheetData>{after}</worksheet>'


def merged(*spans: str) -> str:
    """The XML of merged ranges, which stands behind the rows."""
    return "<mergeCells>" + "".join(f'<mergeCell ref="{span}"/>' for span in spans) + "</mergeCells>"


def a_workbook(
    sheets: Mapping[str, str], *, shared: str | None = None, parts: Mapping[str, str | bytes] | None = None, settings: str = ""
) -> bytes:
    """A workbook of sheets' XML by name; `shared` is the XML inside its shared texts, `parts` replace or add whole parts."""
    names = list(sheets)
    links = "".join(
        f'<Relationship Id="r{n}" Type="{OFFICE}/worksheet" Target="worksheets/s{n}.xml"/>' for n in range(len(names))
    )
    links += f'<Relationship Id="rs" Type="{OFFICE}/styles" Target="styles.xml"/>'
    links += f'<Relationship Id="rt" Type="{OFFICE}/sharedStrings" Target="/xl/sharedStrings.xml"/>'
    listed = "".join(f'<sheet name="{name}" sheetId="{n + 1}" r:id="r{n}"/>' for n, name in enumerate(names))
    book = f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">{settings}<sheets>{listed}</sheets></workbook>'
    content: dict[str, str | bytes] = {
        "_rels/.rels": f'<Relationships xmlns="{LINKS}"><Relationship Id="b" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": book,
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{LINKS}">{links}</Relationships>',
        "xl/styles.xml": STYLES,
        **{f"xl/worksheets/s{n}.xml": sheets[name] for n, name in enumerate(names)},
    }
    if shared is not None:
        content["xl/sharedStrings.xml"] = f'<sst xmlns="{MAIN}">{shared}</sst>'
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in {**content, **(parts or {})}.items():
            archive.writestr(name, text)
    return packed.getvalue()


def column(number: int) -> str:
    """A column's letters, from 1."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(65 + rest) + letters
    return letters
