"""Workbooks: cells as the sheet shows them, and hostile or broken ones with a clear outcome in bounded memory."""

import tracemalloc
from datetime import date, datetime
from typing import Any

import pytest

from shared.tables import sheet
from shared.tables.cells import Unreadable
from shared.tables.faults import TableFault
from shared.tables.mapping import FileForm
from shared.tables.package import shown_by
from shared.tables.table import Limits
from tests.builders.workbooks import DAY, HOUR, MAIN, MOMENT, Raw, a_sheet, a_workbook, merged
from tests.unit.tables.samples import read


def rows_of(*rows: list[object], **more: Any) -> list[list[object]]:
    """What is read below a header."""
    return [list(record.cells) for record in read(a_workbook({"S": a_sheet([["h"], *rows])}, **more)).records]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("文字\n二", "文字\n二"),
        (5, 5),
        (2.5, 2.5),
        (True, True),
        (Raw(f's="{MOMENT}"><v>46451.74027777778</v>'), datetime.fromisoformat("2027-03-05T17:46")),
        (Raw(f's="{DAY}"><v>46451</v>'), date(2027, 3, 5)),
        (Raw(f's="{HOUR}"><v>0.75</v>'), "18:00"),
        (Raw(f's="{DAY}"><v>-5</v>'), Unreadable("cell_error")),
        (Raw('t="e"><v>#N/A</v>'), Unreadable("cell_error")),
        (Raw("><f>1+1</f><v>2</v>"), 2),
        (Raw('t="str"><f>"a"&amp;"b"</f><v>ab</v>'), "ab"),
        (Raw("><f>1+1</f>"), Unreadable("not_computed")),
        (Raw("><f>1+1</f><v></v>"), Unreadable("not_computed")),
        (Raw("><v>1234567890123456789</v>"), Unreadable("digits_lost")),
        (Raw("><v>many</v>"), Unreadable("cell_error")),
        (Raw('t="s"><v>0</v>'), "共享"),
        (Raw('t="s"><v>1</v>'), "富文本"),
        (Raw('t="s"><v>7</v>'), Unreadable("cell_error")),
        (Raw('t="s"><v>-1</v>'), Unreadable("cell_error")),
        (Raw('t="inlineStr">'), None),
        ("x" * 32_768, Unreadable("cell_too_long")),
        ("x" * 32_767, "x" * 32_767),
    ],
)
def test_a_cell_is_read_as_the_sheet_shows_it(cell: object, value: object):
    shared = "<si><t>共享</t></si><si><r><t>富</t></r><r><t>文本</t></r><rPh><t>fu</t></rPh></si>"
    assert rows_of([cell], shared=shared) == [[value]]


def test_dates_may_count_from_1904():
    settings = '<workbookPr date1904="1"/>'
    raw = a_workbook({"S": a_sheet([["h"], [Raw(f's="{DAY}"><v>44989</v>')]])}, settings=settings)
    assert [record.cells for record in read(raw).records] == [[date(2027, 3, 5)]]


@pytest.mark.parametrize(
    ("code", "shows"),
    [
        ("General", ""),
        ("#,##0.00", ""),
        ('0.00" days"', ""),
        ("[Red]0", ""),
        ('yyyy"年"m"月"d"日"', "date"),
        ("m/d/yy h:mm", "datetime"),
        ("[h]:mm", "time"),
        ("h:mm AM/PM", "time"),
        ("[$-804]yyyy-mm-dd;@", "date"),
    ],
)
def test_a_number_format_shows_a_date_a_time_or_a_number(code: str, shows: str):
    assert shown_by(code) == shows


def test_gaps_keep_their_columns_and_rows_their_numbers():
    raw = a_workbook(
        {
            "S": f'<worksheet xmlns="{MAIN}"><sheetData><row r="3"><c r="B3" t="str"><v>h</v></c></row>'
            '<row r="7"><c r="B7"><v>1</v></c></row><row><c><v>2</v></c></row></sheetData></worksheet>'
        }
    )
    table = read(raw)
    assert table.header == [None, "h"]
    assert [(record.place, record.number, record.cells) for record in table.records] == [(7, 4, [None, 1]), (8, 5, [2])]


def test_rows_under_a_merged_range_carry_its_name():
    raw = a_workbook({"S": a_sheet([["h"], [1], [2], [3], [4]], after=merged("A1:C1", "A3:A4", "B5:C5"))})
    assert [record.merged for record in read(raw).records] == [None, "A3:A4", "A3:A4", None]


def test_one_of_several_sheets_must_be_named():
    raw = a_workbook({"说明": a_sheet([["x"]]), "申请": a_sheet([["h"], ["v"]])})
    with pytest.raises(TableFault) as caught:
        read(raw)
    assert "申请" in caught.value.text.zh
    assert read(raw, FileForm(sheet="申请")).header == ["h"]
    with pytest.raises(TableFault):
        read(raw, FileForm(sheet="none"))


def sheet_of(data: str) -> bytes:
    return a_workbook({"S": f'<worksheet xmlns="{MAIN}"><sheetData>{data}</sheetData></worksheet>'})


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
HEADER = '<row r="1"><c r="A1"><v>1</v></c></row>'


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"PK\x03\x04 no zip", "broken_workbook"),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, "old_workbook"),
        (a_workbook({"S": "<worksheet><sheetData><row>"}), "broken_workbook"),
        (a_workbook({"S": a_sheet([["h"]])}, parts={"xl/workbook.xml": "<workbook>"}), "broken_workbook"),
        (a_workbook({}), "which_sheet"),
        (a_workbook({"S": BOMB + a_sheet([["h"]])[38:]}), "has_a_doctype"),
        (a_workbook({"S": a_sheet([["h"]])}, parts={"xl/sharedStrings.xml": BOMB + "<sst/>"}), None),
        (sheet_of(HEADER + '<row r="99999999"><c><v>1</v></c></row>'), "broken_workbook"),
        (sheet_of(HEADER + '<row r="1"><c><v>1</v></c></row>'), "broken_workbook"),
        (sheet_of(HEADER + '<row r="2"><c r="B2"><v>1</v></c><c r="A2"><v>1</v></c></row>'), "broken_workbook"),
        (sheet_of(HEADER + '<row r="2"><c r="ZZZ2"><v>1</v></c></row>'), "broken_workbook"),
        (sheet_of(""), "no_header"),
        (a_workbook({"S": ""}, parts={"xl/worksheets/s0.xml": a_sheet([["h"]])[38:].encode("utf-16")}), "broken_workbook"),
        (a_workbook({"S": '<?xml version="1.0" encoding="latin-1"?>' + a_sheet([["h"]])[38:]}), "broken_workbook"),
    ],
)
def test_a_broken_or_hostile_workbook_has_a_clear_outcome(raw: bytes, code: str | None):
    if code is None:
        assert list(read(raw).records) == []
        return
    with pytest.raises(TableFault) as caught:
        list(read(raw).records)
    assert caught.value.problems[0].code == code


def test_a_part_that_unpacks_to_more_than_the_limit_is_refused_before_it_is_read():
    raw = a_workbook({"S": a_sheet([["h"], ["x" * 30_000]] * 40)})
    with pytest.raises(TableFault) as caught:
        read(raw, limits=Limits(sheet=1_000_000))
    assert caught.value.problems[0].code == "workbook_too_large"


def test_a_row_of_huge_cells_is_cut_at_what_a_row_may_hold(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sheet, "ROW_CHARACTERS", 50)
    assert rows_of(["x" * 40, "y" * 40, "z"]) == [["x" * 40, Unreadable("cell_too_long"), Unreadable("cell_too_long")]]
    shared = [Raw('t="s"><v>0</v>')] * 2
    assert rows_of(shared, shared=f"<si><t>{'x' * 30}</t></si>") == [["x" * 30, Unreadable("cell_too_long")]]


def test_many_empty_rows_and_the_farthest_cell_cost_no_memory():
    far = '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    raw = sheet_of(HEADER + "".join(f'<row r="{n}"/>' for n in range(2, 50_000)) + far)
    tracemalloc.start()
    records = [record for record in read(raw).records if not record.blank]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [(record.place, len(record.cells)) for record in records] == [(1_048_576, 16_384)]
    assert peak < 20 * 1024**2
