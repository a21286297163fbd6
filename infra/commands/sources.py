"""The requests in a file, one entry each: lines of JSON as they are, rows of a table (CSV, XLSX) as the messages they mean.

Invariant: a file is read as its entries are asked for; nothing of it stays in memory.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from shared.http.limits import BadJson, parse_json
from shared.schemas.model import Json, Text
from shared.tables.columns import Columns
from shared.tables.faults import TableFault, file_problem, row_problem
from shared.tables.mapping import FileForm, Mapping, Records
from shared.tables.rows import Message, Rows, Surroundings
from shared.tables.table import Table, open_table

LONGEST_LINE = 1024 * 1024
"""Bytes; four times what a request may have."""
TABLES = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".xlsm"})
WORKBOOK = b"PK\x03\x04"
TOO_LONG = Text(
    zh=f"这一行超过 {LONGEST_LINE} 字节，没有提交；文件请作为附件提交。",
    en=f"This line is longer than {LONGEST_LINE} bytes and was not sent; send files as attachments.",
)


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line, or one row (`record` counts those below the header): `raw` is what to send, else `problem` says why there is nothing."""

    line: int
    record: int | None = None
    raw: bytes = b""
    problem: Json | None = None


@dataclass(frozen=True, kw_only=True)
class Source:
    """`entries` can be gone through once; `total` is how many there are, about; `columns` what a table's columns mean."""

    entries: Iterator[Entry]
    total: int
    columns: Columns | None = None


def is_table(file: BinaryIO, suffix: str) -> bool:
    """Whether the file is a table, by its suffix or since it is a workbook whatever it is called."""
    start = file.read(len(WORKBOOK))
    file.seek(0)
    return suffix.lower() in TABLES or start == WORKBOOK


def table_source(file: BinaryIO, form: FileForm, mapping: Mapping | None, around: Callable[[], Surroundings]) -> Source:
    """The rows of a table. Raises TableFault when it cannot be read, or when its header leaves open what it means."""
    table = open_table(file, form, counting=True)
    rows = Rows(table.header, around(), mapping, table.reading)
    return Source(entries=_rows(table, rows), total=max(0, table.total or 0), columns=rows.columns)


def lines_source(file: BinaryIO, records: Records | None) -> Source:
    """The lines of JSON Lines, those that are blank left out."""
    total = sum(1 for _, raw in _lines(file) if raw is None or raw.strip())
    return Source(entries=_requests(file, records), total=total)


def _rows(table: Table, rows: Rows) -> Iterator[Entry]:
    try:
        for record in table.records:
            message = rows.message(record)
            if message is not None:
                yield _entry(message)
    except TableFault as fault:
        yield Entry(line=fault.place or 0, problem=file_problem(fault))


def _entry(message: Message) -> Entry:
    if message.content is None:
        return Entry(line=message.place, record=message.number, problem=row_problem(message.problems))
    raw = json.dumps(message.content, ensure_ascii=False).encode("utf-8", "surrogatepass")
    if len(raw) > LONGEST_LINE:
        return Entry(line=message.place, record=message.number, problem=_problem("too_large", 413, TOO_LONG))
    return Entry(line=message.place, record=message.number, raw=raw)


def _requests(file: BinaryIO, records: Records | None) -> Iterator[Entry]:
    for line, raw in _lines(file):
        if raw is None:
            yield Entry(line=line, problem=_problem("too_large", 413, TOO_LONG))
        elif raw.strip():
            yield Entry(line=line, raw=raw) if records is None else _unwrapped(line, raw, records)


def _unwrapped(line: int, raw: bytes, records: Records) -> Entry:
    """The request inside a record of another system's."""
    try:
        record = parse_json(raw, limit=LONGEST_LINE)
    except BadJson as error:
        return Entry(line=line, problem=_problem(error.code, 400, error.text))
    body = _at(record, records.body)
    if not isinstance(body, dict):
        text = Text(zh=f"这一行没有 {records.body}；请核对映射文件。", en=f"This line has no {records.body}; check the mapping.")
        return Entry(line=line, problem=_problem("no_body", 422, text))
    action = _at(record, records.action) if records.action else None
    message = {"action": "submit" if action is None else action, "body": body}
    return Entry(line=line, raw=json.dumps(message, ensure_ascii=False).encode("utf-8", "surrogatepass"))


def _lines(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """(number from 1, line) of each line of `file` from its start; None for one that is too long to be held."""
    file.seek(0)
    number = 0
    while piece := file.readline(LONGEST_LINE + 1):
        if len(piece) > LONGEST_LINE:
            number += 1
            yield number, None
            while piece and not piece.endswith(b"\n"):
                piece = file.readline(LONGEST_LINE)
            continue
        for line in piece.splitlines():
            number += 1
            yield number, line


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def _problem(code: str, status: int, text: Text) -> Json:
    return {"code": code, "status": status, "message": text.model_dump()}
