"""The project's own small table and mapping, and short ways to read one."""

import io
from collections.abc import Mapping as Named
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shared.catalogue.pack import fold
from shared.schemas.model import Json
from shared.tables.cells import Cell, Reading
from shared.tables.mapping import FileForm, Mapping, read_mapping
from shared.tables.rows import Message, Record, Rows, Surroundings
from shared.tables.table import Limits, Table, open_table
from tests.builders import a_directory, the_pack

FOLDER = Path(__file__).resolve().parents[2] / "samples"
BASE = {"单据编号": "R-1", "来源系统": "oa", "支持类型": "公司资料"}


def mapping(text: str) -> Mapping:
    return read_mapping(text, the_pack())


def around(files: Named[str, Json] | None = None, unit: str | None = "harbour") -> Surroundings:
    units = {fold(name): unit.code for unit in a_directory().units.values() for name in (unit.name.zh, unit.name.en)}
    return Surroundings(pack=the_pack(), units=units, unit=unit, files=files or {})


def read(raw: bytes, form: FileForm | None = None, limits: Limits | None = None) -> Table:
    return open_table(io.BytesIO(raw), form or FileForm(), limits or Limits())


def messages(raw: bytes, known: Mapping | None = None, **more: Any) -> list[Message]:
    table = read(raw, known.file if known else None)
    rows = Rows(table.header, around(**more), known, table.reading)
    return [message for record in table.records if (message := rows.message(record))]


def one_row(cells: Named[str, Cell], known: Mapping | None = None, reading: Reading | None = None, **more: Any) -> Message:
    """What one row says, its cells by header."""
    rows = Rows(list(cells), around(**more), known, reading)
    message = rows.message(Record(place=2, number=1, cells=list(cells.values())))
    assert message is not None
    return message


def body_of(cells: Named[str, Cell], known: Mapping | None = None, reading: Reading | None = None) -> Json:
    message = one_row({**BASE, **cells}, known, reading)
    assert message.content is not None, message.problems
    body: Json = message.content["body"]
    return body


def codes(message: Message) -> Sequence[str]:
    return [problem.code for problem in message.problems]
