"""Delimited text in the encodings that spreadsheets save, and what ends its reading."""

import pytest

from shared.tables import delimited
from shared.tables.cells import Unreadable
from shared.tables.faults import TableFault
from shared.tables.mapping import FileForm
from tests.unit.tables.samples import read

TEXT = '单据编号,说明\r\nR-1,"一\r\n二"\r\n\r\nR-2,三\r\n'


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_the_encoding_is_found_in_the_file(encoding: str):
    table = read(TEXT.encode(encoding))
    assert table.header == ["单据编号", "说明"]
    records = list(table.records)
    assert [record.cells for record in records if record.cells] == [["R-1", "一\r\n二"], ["R-2", "三"]]
    assert [record.place for record in records if record.cells] == [2, 5]


def test_rare_characters_of_gb18030_are_read():
    (record,) = read("名,字\n𠮷,㐂\n".encode("gb18030")).records
    assert record.cells == ["𠮷", "㐂"]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_the_delimiter_is_the_one_that_parts_the_header(mark: str):
    assert read(f'"a{mark}b"{mark}c{mark}d\n1{mark}2{mark}3\n'.encode()).header == [f"a{mark}b", "c", "d"]


def test_the_delimiter_may_be_given():
    assert read(b"a,b;c\n", FileForm(delimiter=";")).header == ["a,b", "c"]


@pytest.mark.parametrize("raw", [b"\xff\xff\xff\x80,a\n", b"a,b\n\x81"])
def test_what_no_encoding_reads_is_refused(raw: bytes):
    with pytest.raises(TableFault) as caught:
        read(raw)
    assert caught.value.problems[0].code == "encoding"


def test_a_wrong_encoding_that_was_given_ends_the_reading_at_its_line():
    table = read(b"a,b\n" * 5000 + "名,字\n".encode("gb18030"), FileForm(encoding="utf-8"))
    with pytest.raises(TableFault) as caught:
        list(table.records)
    assert caught.value.place is not None


def test_a_quote_that_is_never_closed_ends_the_reading_at_its_line_and_keeps_what_was_before():
    table = read(b'a,b\n1,2\n3,"four\n' + b"5,6\n" * 20)
    assert next(table.records).cells == ["1", "2"]
    with pytest.raises(TableFault) as caught:
        next(table.records)
    assert caught.value.place == 3
    assert caught.value.problems[0].code == "bad_quotes"


def test_a_line_without_end_does_not_fill_memory(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(delimited, "LONGEST_LINE", 1000)
    table = read(b"a,b\n" + b"x" * 5000)
    with pytest.raises(TableFault) as caught:
        list(table.records)
    assert (caught.value.problems[0].code, caught.value.place) == ("line_too_long", 2)


def test_a_huge_cell_is_a_fault_of_its_row_alone():
    first, second = read(b"a,b\n1," + b"x" * 40_000 + b"\n3,4\n").records
    assert first.cells == ["1", Unreadable("cell_too_long")]
    assert second.cells == ["3", "4"]


@pytest.mark.parametrize("raw", [b"", b"\xef\xbb\xbf"])
def test_a_file_without_a_header_is_refused(raw: bytes):
    with pytest.raises(TableFault) as caught:
        read(raw)
    assert caught.value.problems[0].code == "no_header"
