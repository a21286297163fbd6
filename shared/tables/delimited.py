"""Reads tables of delimited text (CSV) as a stream: the encoding and the delimiter are found in the file where they are not said."""

import codecs
import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO

from shared.tables.cells import LONGEST_CELL, Cell, Unreadable
from shared.tables.faults import TableFault, unreadable
from shared.tables.rows import Record

PIECE = 1024 * 1024
LONGEST_LINE = 4 * 1024 * 1024
"""Characters; what lies between two line ends is held in memory."""
LONGEST_QUOTED = 1024 * 1024
"""Characters; a quote that is never closed would take in the rest of the file."""
MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
GUESSES = ("utf-8", "gb18030")
DELIMITERS = ",;\t|"
csv.field_size_limit(LONGEST_QUOTED)


@dataclass(frozen=True, kw_only=True)
class Delimited:
    """The header's cells, the rows below it, and how many there are where that was asked for."""

    header: Sequence[Cell]
    records: Iterator[Record]
    total: int | None


def read_delimited(
    file: BinaryIO, *, encoding: str | None, delimiter: str | None, header_row: int = 1, counting: bool = False
) -> Delimited:
    """The table in `file`, which can be sought in. Raises TableFault when its encoding or header cannot be read."""
    encoding = encoding or encoding_of(file)
    if delimiter is None:
        first = next(_lines(file, encoding), "")
        delimiter = delimiter_of(first)
    total = _count(file, encoding, delimiter) - header_row if counting else None
    rows = _rows(file, encoding, delimiter)
    header: Sequence[Cell] | None = None
    for _ in range(header_row):
        _, header = next(rows, (0, None))
    if header is None:
        raise unreadable("no_header", "文件中没有表头。", "The file has no header.")
    return Delimited(header=header, records=_records(rows), total=total)


def encoding_of(file: BinaryIO) -> str:
    """The encoding by a byte order mark, else the first of UTF-8 and GB18030 that reads the whole. Raises TableFault."""
    file.seek(0)
    start = file.read(4)
    for mark, name in MARKS:
        if start.startswith(mark):
            return name
    for name in GUESSES:
        if _reads(file, name):
            return name
    zh = "文件既不是 UTF-8 也不是 GB18030 编码；请另存为 UTF-8，或写明编码。"
    raise unreadable("encoding", zh, "The file is neither UTF-8 nor GB18030; save it as UTF-8, or say its encoding.")


def delimiter_of(line: str) -> str:
    """The delimiter that parts the header most often, outside quotes; a comma when none does."""
    outside = "".join(line.split('"')[::2])
    return max(DELIMITERS, key=lambda mark: (outside.count(mark), mark == ","))


def _reads(file: BinaryIO, encoding: str) -> bool:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        while piece := file.read(PIECE):
            decoder.decode(piece)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _lines(file: BinaryIO, encoding: str) -> Iterator[str]:
    """The lines of `file` from its start, with their ends. Raises TableFault at one that cannot be read."""
    file.seek(0)
    number, reader = 0, io.TextIOWrapper(file, encoding=encoding, newline="")
    try:
        while line := reader.readline(LONGEST_LINE):
            number += 1
            if len(line) == LONGEST_LINE:
                zh, en = f"第 {number} 行过长；不再往下读。", f"Line {number} is too long; nothing is read beyond it."
                raise unreadable("line_too_long", zh, en, place=number)
            yield line
    except UnicodeError as error:
        zh = f"第 {number + 1} 行附近不是 {encoding} 编码；不再往下读。"
        en = f"Near line {number + 1} the file is not {encoding}; nothing is read beyond it."
        raise unreadable("encoding", zh, en, place=number + 1) from error
    finally:
        if not file.closed:
            reader.detach()


def _rows(file: BinaryIO, encoding: str, delimiter: str) -> Iterator[tuple[int, Sequence[Cell]]]:
    """(first line, cells) of each row. Where quotes are wrong nobody can say where the next row begins: reading ends."""
    rows = csv.reader(_lines(file, encoding), delimiter=delimiter, strict=True)
    while True:
        first = rows.line_num + 1
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            zh = f"从第 {first} 行起引号不成对，或单元格过长（{error}）；不再往下读，请改正后重新导入。"
            en = f"From line {first} on quotes do not match, or a cell is too long ({error}); nothing is read beyond it."
            raise unreadable("bad_quotes", zh, en, place=first) from error
        yield first, [Unreadable("cell_too_long") if len(cell) > LONGEST_CELL else cell for cell in cells]


def _records(rows: Iterator[tuple[int, Sequence[Cell]]]) -> Iterator[Record]:
    for number, (place, cells) in enumerate(rows, start=1):
        yield Record(place=place, number=number, cells=cells)


def _count(file: BinaryIO, encoding: str, delimiter: str) -> int:
    """How many rows can be read, the header among them."""
    number = 0
    try:
        for _ in _rows(file, encoding, delimiter):
            number += 1
    except TableFault:
        return number
    return number
