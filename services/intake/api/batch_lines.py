"""A batch's body as lines: JSON Lines as they are, rows of a table (CSV, XLSX) as the messages they mean, within limits."""

import io
import json
from collections.abc import Iterator
from dataclasses import dataclass

from shared.catalogue.pack import fold
from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.model import Json, Text
from shared.schemas.people import Directory
from shared.tables.faults import TableFault, file_problem, pointer, row_problem
from shared.tables.mapping import ENCODINGS, FileForm
from shared.tables.rows import Rows, Surroundings
from shared.tables.table import Limits, Table, open_table

CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_ROWS = 20_000
MAX_BYTES = 32 * 1024 * 1024
LIMITS = Limits(sheet=MAX_BYTES, texts=MAX_BYTES)
TOO_MUCH = Refusal(
    code="too_many_rows",
    status=413,
    message=Text(
        zh=f"一次最多 {MAX_ROWS} 行，表格的内容合计不超过 {MAX_BYTES // 1024**2} MiB；请拆分文件，或使用 backline import。",
        en=f"At most {MAX_ROWS} lines or rows, these of {MAX_BYTES // 1024**2} MiB together; split the file, or use backline import.",
    ),
)
UNKNOWN_CHARSET = Refusal(
    code="unknown_charset",
    status=415,
    message=Text(zh=f"charset 应为其中之一：{'、'.join(ENCODINGS)}。", en=f"The charset must be one of {', '.join(ENCODINGS)}."),
)


@dataclass(frozen=True, kw_only=True)
class BatchLine:
    """One line: `place` is its number, its first line in a CSV, or its row in a sheet; `record` counts a table's rows.

    `problem` says why there is nothing in `raw` to take.
    """

    place: int
    record: int | None = None
    raw: bytes = b""
    problem: Json | None = None


def media_type(content_type: str) -> tuple[str, str | None]:
    """The media type of a Content-Type and its charset, both in lower case."""
    kind, *parameters = (part.strip() for part in content_type.lower().split(";"))
    named = dict(parameter.split("=", 1) for parameter in parameters if "=" in parameter)
    return kind, named.get("charset", "").strip('"') or None


def json_lines(body: bytes) -> list[BatchLine]:
    """The lines that are not blank. Raises Refused when there are more than MAX_ROWS, before they are parted."""
    ends = body.count(b"\n") + body.count(b"\r") - body.count(b"\r\n")
    if ends + (not body.endswith((b"\n", b"\r"))) > MAX_ROWS:
        raise Refused(TOO_MUCH)
    return [BatchLine(place=place, raw=raw) for place, raw in enumerate(body.splitlines(), start=1) if raw.strip()]


def form_of(charset: str | None, sheet: str | None) -> FileForm:
    """How a table is written, as far as its request says it. Raises Refused for a charset that is none."""
    try:
        return FileForm(encoding=charset, sheet=sheet)
    except ValueError as error:
        raise Refused(UNKNOWN_CHARSET) from error


def table_lines(body: bytes, form: FileForm, around: Surroundings, locale: str) -> list[BatchLine]:
    """The rows of a table whose headers are labels of the catalogue. Raises Refused, its details in `locale`, for what is none."""
    try:
        table = open_table(io.BytesIO(body), form, LIMITS)
        rows = Rows(table.header, around, reading=table.reading)
    except TableFault as fault:
        errors = [{"pointer": pointer(p.field), "code": p.code, "detail": p.message.by_locale(locale)} for p in fault.problems]
        raise Refused(Refusal(code=fault.problems[0].code, status=422, message=fault.text), errors) from fault
    lines: list[BatchLine] = []
    room = MAX_BYTES
    for line in _lines(table, rows):
        room -= len(line.raw)
        if len(lines) == MAX_ROWS or room < 0:
            raise Refused(TOO_MUCH)
        lines.append(line)
    return lines


def surroundings(directory: Directory, around: Surroundings, unit: str | None) -> Surroundings:
    """`around` with the units of today's directory by their names; rows that name no unit are `unit`'s."""
    units = {fold(name): unit.code for unit in directory.units.values() for name in (unit.name.zh, unit.name.en)}
    return Surroundings(pack=around.pack, units=units, unit=unit)


def _lines(table: Table, rows: Rows) -> Iterator[BatchLine]:
    try:
        for record in table.records:
            message = rows.message(record)
            if message is None:
                continue
            if message.content is None:
                yield BatchLine(place=message.place, record=message.number, problem=row_problem(message.problems))
            else:
                raw = json.dumps(message.content, ensure_ascii=False).encode("utf-8", "surrogatepass")
                yield BatchLine(place=message.place, record=message.number, raw=raw)
    except TableFault as fault:
        yield BatchLine(place=fault.place or 0, record=0, problem=file_problem(fault))
