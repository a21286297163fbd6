"""A table as its file gives it: a header, then rows read as they are asked for, in bounded memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import BinaryIO

from shared.tables.cells import Cell, Reading
from shared.tables.delimited import read_delimited
from shared.tables.faults import unreadable
from shared.tables.mapping import FileForm
from shared.tables.rows import Record
from shared.tables.workbook import Limits, read_workbook

__all__ = ["Limits", "Table", "open_table"]
ZIP = b"PK"
OLE = b"\xd0\xcf\x11\xe0"


@dataclass(frozen=True, kw_only=True)
class Table:
    """`records` raises TableFault where the file cannot be read any further. `total` counts rows, where it was asked for."""

    header: Sequence[Cell]
    records: Iterator[Record]
    total: int | None
    reading: Reading = field(default_factory=Reading)


def open_table(file: BinaryIO, form: FileForm, limits: Limits = Limits(), *, counting: bool = False) -> Table:  # noqa: B008  # a value
    """The table in `file`, which can be sought in; a workbook (XLSX) is known by its first bytes. Raises TableFault."""
    start = file.read(4)
    file.seek(0)
    if start == OLE:
        zh = "这是旧版 XLS 或加了密码的工作簿；请另存为不加密的 XLSX 或 CSV。"
        raise unreadable(
            "old_workbook", zh, "This is an old XLS file or one with a password; save it as XLSX or CSV without one."
        )
    if start.startswith(ZIP):
        opened = read_workbook(file, form.sheet, form.header_row, limits)
        reading = Reading(epoch=opened.epoch)
        return Table(header=opened.header, records=opened.records, total=opened.total, reading=reading)
    text = read_delimited(file, encoding=form.encoding, delimiter=form.delimiter, header_row=form.header_row, counting=counting)
    return Table(header=text.header, records=text.records, total=text.total, reading=Reading(epoch=None))
