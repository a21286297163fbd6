"""Reads one sheet of a workbook (XLSX) row by row: texts lie on disk, cells that tell no value are named, merged rows too."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import BinaryIO

from shared.tables.cells import Cell
from shared.tables.faults import unreadable
from shared.tables.package import Limits, Package
from shared.tables.rows import Record
from shared.tables.sheet import Sheet
from shared.tables.texts import SharedTexts

__all__ = ["Limits", "Workbook", "read_workbook"]
MARK = re.compile(rb'<(?:\w+:)?mergeCell [^>]*?ref="(\$?[A-Z]{1,3}\$?(\d{1,7}):\$?[A-Z]{1,3}\$?(\d{1,7}))"|<(?:\w+:)?row[ >/]')
LONGEST_MARK = 400
MAX_MERGED = 100_000


@dataclass(frozen=True, kw_only=True)
class Workbook:
    """The header's cells, the rows below it, how many rows there may be, and the day from which its dates count."""

    header: Sequence[Cell]
    records: Iterator[Record]
    total: int
    epoch: date


@dataclass(frozen=True, kw_only=True)
class Merged:
    """A range of cells that are one, from row `first` to row `last`."""

    first: int
    last: int
    span: str


def read_workbook(file: BinaryIO, sheet: str | None, header_row: int, limits: Limits) -> Workbook:
    """The one sheet, or the one called `sheet`. Raises TableFault for what is no workbook, and when a sheet must be named."""
    package = Package(file)
    contents = package.contents()
    part = _chosen(contents.sheets, sheet)
    merged, number_of_rows = _survey(package, part, limits)
    texts = SharedTexts(package, contents.texts, limits.texts)
    rows = Sheet(package.styles(contents.styles), texts, contents.epoch).rows(package.pieces(part, limits.sheet))
    place, header = next(((place, cells) for place, cells in rows if place >= header_row), (0, None))
    if header is None:
        raise unreadable("no_header", "工作表中没有表头。", "The sheet has no header.")
    total = max(0, number_of_rows - 1)
    return Workbook(header=header, records=_records(rows, place, merged), total=total, epoch=contents.epoch)


def _chosen(sheets: dict[str, str] | object, name: str | None) -> str:
    assert isinstance(sheets, dict)
    named = "、".join(sheets)[:300]
    if name is not None:
        if name not in sheets:
            raise unreadable(
                "no_such_sheet", f"没有工作表“{name}”；有：{named}。", f"There is no sheet “{name}”; there are: {named}."
            )
        return str(sheets[name])
    if len(sheets) == 1:
        return str(next(iter(sheets.values())))
    if not sheets:
        raise unreadable("which_sheet", "工作簿中没有可见的工作表；请取消隐藏。", "No sheet is visible; unhide the one to read.")
    zh = f"工作簿有多个可见的工作表（{named}）；请写明读哪一个。"
    raise unreadable("which_sheet", zh, f"The workbook has several visible sheets ({named}); say which to read.")


def _survey(package: Package, part: str, limits: Limits) -> tuple[list[Merged], int]:
    """The merged ranges of several rows, in their order, and how many rows there are: they stand behind the rows they merge."""
    merged: list[Merged] = []
    rows, rest = 0, b""
    for piece in package.pieces(part, limits.sheet):
        text = rest + piece
        end = 0
        for match in MARK.finditer(text):
            end = match.end()
            if match[1] is None:
                rows += 1
            elif int(match[2]) != int(match[3]):
                merged.append(Merged(first=int(match[2]), last=int(match[3]), span=match[1].decode().replace("$", "")))
                if len(merged) > MAX_MERGED:
                    zh, en = "合并的单元格过多；请取消合并。", "Too many cells are merged; unmerge them."
                    raise unreadable("merged_cells", zh, en)
        rest = text[max(end, len(text) - LONGEST_MARK) :]
    return sorted(merged, key=lambda one: (one.first, one.last)), rows


def _records(rows: Iterator[tuple[int, Sequence[Cell]]], header: int, merged: list[Merged]) -> Iterator[Record]:
    """The rows below the header, those of a merged range with its name."""
    waiting = iter(merged)
    following = next(waiting, None)
    over: list[Merged] = []
    for place, cells in rows:
        while following is not None and following.first <= place:
            over.append(following)
            following = next(waiting, None)
        over = [one for one in over if one.last >= place]
        yield Record(place=place, number=place - header, cells=cells, merged=over[0].span if over else None)
