"""What a cell means to the field it is for: dates, numbers, lists; and what no cell tells."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from shared.tables.cells import Cell, CellFault, Reading, Target, Unreadable, written
from shared.tables.harmless import harmless

SHANGHAI = Reading(zone=ZoneInfo("Asia/Shanghai"))
GERMAN = Reading(dates=("%d.%m.%Y %H:%M", "%d.%m.%Y"), decimal=",", group=".")


def as_a(kind: str, cell: Cell, reading: Reading | None = None, factor: str | None = None) -> object:
    target = Target(path=("x",), kind=kind, factor=Decimal(factor) if factor else None)
    return target.value(cell, reading or Reading())


@pytest.mark.parametrize(
    ("cell", "reading", "meant"),
    [
        ("2027-03-10 09:00", SHANGHAI, "2027-03-10T09:00:00+08:00"),
        ("2027/3/9", SHANGHAI, "2027-03-09"),
        ("2027年3月9日 8:05", SHANGHAI, "2027-03-09T08:05:00+08:00"),
        ("２０２７-０３-１０", SHANGHAI, "2027-03-10"),
        ("2027-03-10T09:00:00+09:00", SHANGHAI, "2027-03-10T09:00:00+09:00"),
        ("03/04/2027", SHANGHAI, "03/04/2027"),
        ("2027-02-30", SHANGHAI, "2027-02-30"),
        ("tomorrow", SHANGHAI, "tomorrow"),
        ("09.03.2027 18:30", GERMAN, "2027-03-09T18:30:00"),
        ("09.03.2027", GERMAN, "2027-03-09"),
        (date(2027, 3, 9), SHANGHAI, "2027-03-09"),
        (datetime.fromisoformat("2027-03-09T08:05"), SHANGHAI, "2027-03-09T08:05:00+08:00"),
        (46451.5, SHANGHAI, "2027-03-05T12:00:00+08:00"),
        (46451.5, Reading(epoch=None), "46451.5"),
        (10**12, SHANGHAI, str(10**12)),
        (True, SHANGHAI, "TRUE"),
    ],
)
def test_a_time_is_read_by_its_format_or_left_to_the_validator(cell: Cell, reading: Reading, meant: str):
    assert as_a("time", cell, reading) == meant


@pytest.mark.parametrize(
    ("cell", "reading", "meant"),
    [
        ("1,234.50", Reading(), 1234.5),
        ("12", Reading(), 12),
        ("１２", Reading(), 12),
        ("1.234,5", GERMAN, 1234.5),
        (5.0, Reading(), 5),
        ("120万元", Reading(), "120万元"),
        ("1e999999999", Reading(), "1e999999999"),
        ("9" * 400, Reading(), "9" * 400),
        ("=1+1", Reading(), "=1+1"),
        (True, Reading(), "TRUE"),
    ],
)
def test_a_number_is_read_as_the_file_writes_it_or_left_to_the_validator(cell: Cell, reading: Reading, meant: object):
    assert as_a("money", cell, reading) == meant


def test_amounts_in_another_measure_are_multiplied_without_loss():
    assert as_a("money", "123.45", factor="10000") == 1_234_500
    assert as_a("money", "0,1", GERMAN, factor="3") == 0.3


def test_lists_are_parted_and_blank_entries_left_out():
    assert as_a("texts", "一\r\n\n 二 \n") == ["一", "二"]
    assert as_a("texts", "a;b", Reading(separators=(";",))) == ["a", "b"]
    assert as_a("choices", "bag") == "bag"
    assert as_a("texts", '["a, b", "c"]') == ["a, b", "c"]


@pytest.mark.parametrize("text", ["[1, 2", '{"a": 1, "a": 2}', "[" * 100_000, '["a"'])
def test_a_cell_that_begins_like_json_and_is_none_is_a_fault_of_its_row(text: str):
    with pytest.raises(CellFault) as caught:
        as_a("lines", text[:30_000])
    assert caught.value.code == "bad_json"


@pytest.mark.parametrize("code", ["cell_error", "not_computed", "cell_too_long", "digits_lost"])
def test_what_a_cell_does_not_tell_is_a_fault_of_its_row(code: str):
    with pytest.raises(CellFault) as caught:
        as_a("text", Unreadable(code))
    assert caught.value.code == code


def test_a_huge_cell_is_a_fault_of_its_row():
    with pytest.raises(CellFault):
        as_a("text", "x" * 32_768)
    assert as_a("text", "x" * 32_767) == "x" * 32_767


@pytest.mark.parametrize(
    ("cell", "text"),
    [(7.0, "7"), (7.5, "7.5"), (False, "FALSE"), (None, ""), (date(2027, 3, 9), "2027-03-09"), (Unreadable("cell_error"), "")],
)
def test_a_cell_as_text_is_what_a_person_would_write(cell: Cell, text: str):
    assert written(cell) == text


@pytest.mark.parametrize("text", ["=cmd|' /C calc'!A0", "+1", "-2+3", "@SUM(A1)", "\t=1", "\r=1", "＝1"])
def test_no_cell_that_we_write_is_a_formula(text: str):
    assert harmless(text) == f"'{text}"
    assert harmless("平常的 text = 1") == "平常的 text = 1"
