"""Rows of a table become the messages that every channel takes: {action, body}. Nothing that a row says is dropped. Pure."""

from collections.abc import Mapping as Named
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from shared.catalogue import Pack
from shared.catalogue.pack import fold
from shared.catalogue.shapes import NO_ZONE, zone_named
from shared.schemas.model import Json, Text
from shared.schemas.requests import Problem
from shared.tables.cells import REASONS, Cell, CellFault, Reading, Target, Unreadable, plain, written
from shared.tables.columns import Columns, Step, columns_of
from shared.tables.mapping import Mapping
from shared.tables.offers import NoEvidence, attachments_in, evidence_in, remarks_in

A_TIME = Target(path=("at",), kind="time")
A_TEXT = Target(path=())
MAX_NAME = 200


@dataclass(frozen=True, kw_only=True)
class Record:
    """One row: `place` is its line in the file or its row in the sheet, `number` counts rows below the header from 1.

    `merged` names a range of cells that reaches over this row and another one.
    """

    place: int
    number: int
    cells: Sequence[Cell]
    merged: str | None = None

    @property
    def blank(self) -> bool:
        """Whether it says nothing at all."""
        return not any(isinstance(cell, Unreadable) or written(cell).strip() for cell in self.cells)


@dataclass(frozen=True, kw_only=True)
class Message:
    """What a row became: the message to send, or why it cannot be one."""

    place: int
    number: int
    content: Json | None
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What rows are read with: the policy, names of units (folded) and their codes, the unit of rows that name none, files by name."""

    pack: Pack
    units: Named[str, str] = field(default_factory=dict)
    unit: str | None = None
    files: Named[str, Json] = field(default_factory=dict)


class Rows:
    """Reads the rows below one header."""

    def __init__(
        self, header: Sequence[Cell], around: Surroundings, mapping: Mapping | None = None, reading: Reading | None = None
    ) -> None:
        """Raises TableFault for a header that leaves open what its columns mean."""
        self.columns: Columns = columns_of(header, around.pack, mapping)
        self.around = around
        self.reading = _reading(reading or Reading(), mapping)
        self.actions = self.columns.actions()
        self.roles = {
            fold(name): key for key, role in around.pack.roles.items() for name in (key, role.zh, role.en, *role.aliases)
        }

    def message(self, record: Record) -> Message | None:
        """What `record` says; None when it is blank."""
        if record.blank:
            return None
        row = _Row(self, record)
        content = row.content()
        problems = tuple(row.problems)
        return Message(place=record.place, number=record.number, content=None if problems else content, problems=problems)


class _Row:
    """One row while it is read; gathers what is wrong with it."""

    def __init__(self, rows: Rows, record: Record) -> None:
        self._rows, self._record = rows, record
        self._said: dict[tuple[str, ...], str] = {}
        self.problems: list[Problem] = []

    def content(self) -> Json:
        """{action, body}, and `at` where the file says it."""
        if self._record.merged is not None:
            span = self._record.merged
            zh = f"单元格 {span} 合并了多行；请取消合并，逐行填写。"
            self._wrong(span, "merged_cells", zh, f"{span} merges cells of several rows; unmerge them and fill in each row.")
            return {}
        steps = self._rows.columns.plan(self._kind())
        self._check_width()
        zones = {step.target.path[:-1] for step in steps if step.target and self._names_a_zone(step, step.target)}
        body: Json = {}
        for step in steps:
            if step.target is not None:
                self._take(body, step, step.target, own_zone=step.target.path[:-1] in zones)
        self._fill(body)
        for step in steps:
            if step.whole is not None and step.whole not in {"action", "at"}:
                self._whole(body, step, step.whole)
            elif step.whole is None and step.target is None and not step.aside:
                self._keep(body, step.name, self._plain(step))
        return self._message(body, steps)

    def _message(self, body: Json, steps: Sequence[Step]) -> Json:
        wish, at = "", None
        for step in steps:
            if step.whole == "action":
                wish = str(self._value(step, A_TEXT, self._rows.reading) or "").strip()
            elif step.whole == "at":
                at = self._value(step, A_TIME, self._rows.reading)
        message: Json = {"action": self._rows.actions.get(fold(wish), wish) if wish else "submit", "body": body}
        return message if at is None else {"at": at, **message}

    def _kind(self) -> str | None:
        """The key of the row's type; None when the policy has none of that name."""
        given = self._rows.columns.constants.get("type")
        for step in self._rows.columns.plan(None):
            if step.target is not None and step.target.path == ("type",):
                given = self._value(step, step.target, self._rows.reading) or given
        kind = self._rows.around.pack.type_by_alias(given) if isinstance(given, str) else None
        self.problems.clear()  # the cell is read again with the others, and named then
        return kind.key if kind else None

    def _names_a_zone(self, step: Step, target: Target) -> bool:
        """Times of a window that names its zone are read in that one, by the validator."""
        return target.path[-1] == "time_zone" and bool(written(self._cell(step)).strip())

    def _take(self, body: Json, step: Step, target: Target, *, own_zone: bool) -> None:
        """The cell's value goes to its place. Two columns may say the same of one field, but not different things."""
        reading = replace(self._rows.reading, zone=None) if own_zone and target.kind == "time" else self._rows.reading
        value = self._value(step, target, reading)
        if value is None:
            return
        value = self._keyed(target.path, value)
        if not _put(body, target.path, value):
            other = self._said.get(target.path, target.path[0])
            zh = f"“{other}”与“{step.name}”说的是同一个字段，内容却不同；请只保留一个。"
            self._wrong(step.name, "said_twice", zh, f"“{other}” and “{step.name}” are one field but differ; keep one.")
        self._said[target.path] = step.name

    def _keyed(self, path: tuple[str, ...], value: object) -> object:
        """Posts, units and types by their keys where they are known; what is not known is the validator's to judge."""
        if not isinstance(value, str) or path[0] in {"details", "extra", "reason"}:
            return value
        name = value.strip()
        match path:
            case ("requester", "role"):
                return self._rows.roles.get(fold(name), name)
            case ("business_unit",):
                return self._rows.around.units.get(fold(name), name)
            case ("type",):
                kind = self._rows.around.pack.type_by_alias(name)
                return kind.key if kind else name
            case _:
                return name

    def _fill(self, body: Json) -> None:
        """What no cell says: the mapping's constants, and the unit in whose name the file comes."""
        for path, value in self._rows.columns.constants.items():
            if tuple(path.split(".")) not in self._said:
                _put(body, tuple(path.split(".")), value)
        if self._rows.around.unit is not None:
            body.setdefault("business_unit", self._rows.around.unit)

    def _whole(self, body: Json, step: Step, part: str) -> None:
        text = self._value(step, A_TEXT, self._rows.reading)
        if not isinstance(text, str):
            return
        try:
            if part == "evidence":
                body["evidence"] = evidence_in(text, self._rows.around.pack, body)
            elif part == "attachments":
                body["attachments"] = attachments_in(text, self._rows.around.files)
            else:
                for name, value in remarks_in(text, step.name):
                    self._keep(body, name, value)
        except CellFault as fault:
            self._cell_fault(step.name, fault.code)
        except NoEvidence as fault:
            zh = f"“{step.name}”的第 {fault} 条应写成“前提条件=证明方式:内容”，每行一条。"
            en = f"Entry {fault} of “{step.name}” must read precondition=kind:value, one a line."
            self._wrong(step.name, "bad_evidence", zh, en)

    def _keep(self, body: Json, name: str, value: object) -> None:
        """An extra field; its name is made one that can be stored, and hides no other."""
        if value is None or (isinstance(value, str) and not value.strip()):
            return
        extra = body.setdefault("extra", {})
        key = name.replace(".", "_").replace("$", "_").replace("\0", "_")[:MAX_NAME]
        while key in extra:
            key += "_"
        extra[key] = value

    def _check_width(self) -> None:
        """Every cell that says something has a header above it."""
        names = self._rows.columns.names
        for place, cell in enumerate(self._record.cells):
            if (place >= len(names) or not names[place]) and (isinstance(cell, Unreadable) or written(cell).strip()):
                zh = f"第 {place + 1} 列有内容但没有表头；请补上表头，或检查分隔符和引号。"
                en = f"Column {place + 1} has content but no header; name it, or check delimiters and quotes."
                self._wrong(f"column {place + 1}", "no_header", zh, en)
                return

    def _cell(self, step: Step) -> Cell:
        return self._record.cells[step.place] if step.place < len(self._record.cells) else None

    def _value(self, step: Step, target: Target, reading: Reading) -> object:
        try:
            return target.value(self._cell(step), reading)
        except CellFault as fault:
            self._cell_fault(step.name, fault.code)
            return None

    def _plain(self, step: Step) -> object:
        try:
            return plain(self._cell(step))
        except CellFault as fault:
            self._cell_fault(step.name, fault.code)
            return None

    def _cell_fault(self, name: str, code: str) -> None:
        reason, shown = REASONS[code], name[:60]
        self._wrong(name, code, reason.zh.format(shown), reason.en.format(shown))

    def _wrong(self, field_: str, code: str, zh: str, en: str) -> None:
        self.problems.append(Problem(field=field_[:MAX_NAME], code=code, message=Text(zh=zh, en=en)))


def _reading(reading: Reading, mapping: Mapping | None) -> Reading:
    """How the file's cells are read, with what the mapping says of it."""
    if mapping is None:
        return reading
    zone = None if mapping.local_time_zone is None else zone_named(mapping.local_time_zone, NO_ZONE)
    return replace(
        reading,
        zone=zone,
        dates=mapping.dates,
        decimal=mapping.numbers.decimal,
        group=mapping.numbers.group,
        separators=mapping.separators,
        json_starts=mapping.json_when_starts_with,
    )


def _put(body: Json, path: tuple[str, ...], value: object) -> bool:
    """Set `value` at `path`; False when something else stands there, or on the way."""
    holder = body
    for part in path[:-1]:
        inner = holder.setdefault(part, {})
        if not isinstance(inner, dict):
            return False
        holder = inner
    if path[-1] in holder and holder[path[-1]] != value:
        return False
    holder[path[-1]] = value
    return True
