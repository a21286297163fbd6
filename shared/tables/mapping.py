"""A mapping file: what one source system's columns mean, how it writes dates, numbers and lists. Strict; every fault has its line. Pure."""

import codecs
from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, Self

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from shared.catalogue import Pack
from shared.catalogue.pack import fold
from shared.catalogue.shapes import is_zone
from shared.catalogue.strict_yaml import parse_yaml
from shared.schemas.model import Text
from shared.schemas.requests import Problem
from shared.tables.faults import TableFault
from shared.tables.labels import FRAME, kinds

ENCODINGS = ("utf-8", "utf-8-sig", "gb18030", "gbk", "gb2312", "big5", "utf-16", "cp1252", "iso8859-1", "shift_jis")
WHOLE_COLUMNS = ("evidence", "attachments", "extra")
COMMON = frozenset(FRAME) - {"action", *WHOLE_COLUMNS}
A_TIME = datetime(2001, 2, 3, 4, 5, 6)  # noqa: DTZ001  # only to try formats with


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Column(_Strict):
    """Where a column goes: a path; `values` translate what its cells say, `factor` is what its numbers are in (10000 for 万元)."""

    to: str
    values: dict[str, Any] = {}
    factor: Decimal | None = Field(default=None, gt=0)
    dates: tuple[str, ...] = ()

    @model_validator(mode="before")
    @classmethod
    def _path_alone(cls, data: Any) -> Any:
        return {"to": data} if isinstance(data, str) else data

    @field_validator("dates")
    @classmethod
    def _formats(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _known_formats(value)


class ActionColumn(_Strict):
    """The column that says what a row wants, and its words for submit, amend and withdraw."""

    column: str
    values: dict[str, Literal["submit", "amend", "withdraw"]] = {}


class WholeColumn(_Strict):
    """A column with entries of its own syntax, one a line; `syntax` describes it for readers and changes nothing."""

    column: str
    syntax: str = ""


class Numbers(_Strict):
    """How numbers are written: 1.234,5 has decimal ',' and group '.'."""

    decimal: Literal[".", ","] = "."
    group: Literal["", ",", ".", " ", "'"] = ","


class FileForm(_Strict):
    """How the file is written, where it cannot be seen from the file itself."""

    encoding: str | None = None
    delimiter: str | None = Field(default=None, min_length=1, max_length=1)
    sheet: str | None = None
    header_row: int = Field(default=1, ge=1, le=1000)

    @field_validator("encoding")
    @classmethod
    def _known(cls, value: str | None) -> str | None:
        if value is None:
            return None
        try:
            name = codecs.lookup(value).name
        except LookupError:
            name = value
        if name not in ENCODINGS:
            raise ValueError(f"encoding must be one of {', '.join(ENCODINGS)}")
        return name


class Records(_Strict):
    """JSON Lines whose records wrap the request: dotted paths to it and to the action."""

    body: str
    action: str | None = None


class Mapping(_Strict):
    """One source system's file. `common` columns go for every type, `details` by type; columns that nothing names become extra fields."""

    source_system_column: str | None = None
    action: ActionColumn | None = None
    local_time_zone: str | None = None
    list_separator: tuple[str, ...] = ("newline",)
    json_when_starts_with: tuple[str, ...] = ("[", "{")
    common: dict[str, Column] = {}
    details: dict[str, dict[str, Column]] = {}
    constants: dict[str, Any] = {}
    values: dict[str, dict[str, Any]] = {}
    evidence: WholeColumn | None = None
    attachments: WholeColumn | None = None
    extra: WholeColumn | None = None
    submitted_at: str | None = None
    ignored: tuple[str, ...] = ()
    dates: tuple[str, ...] = ()
    numbers: Numbers = Numbers()
    file: FileForm = FileForm()
    records: Records | None = None

    @field_validator("list_separator", mode="before")
    @classmethod
    def _one_or_several(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @field_validator("local_time_zone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        if value is not None and not is_zone(value):
            raise ValueError("there is no time zone of this name; use one such as Asia/Shanghai")
        return value

    @field_validator("dates")
    @classmethod
    def _formats(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return _known_formats(value)

    @model_validator(mode="after")
    def _apart(self) -> Self:
        if self.numbers.decimal == self.numbers.group:
            raise ValueError("numbers.decimal and numbers.group must differ")
        return self

    @property
    def separators(self) -> tuple[str, ...]:
        """What parts the entries of a list."""
        return tuple("\n" if separator in {"newline", ""} else separator for separator in self.list_separator)

    def wanted(self) -> Iterator[str]:
        """The columns that every file of this system has."""
        yield from self.common
        for column in (self.action, self.evidence, self.attachments, self.extra):
            if column is not None:
                yield column.column
        yield from (name for name in (self.source_system_column, self.submitted_at) if name is not None)


def read_mapping(text: str, pack: Pack) -> Mapping:
    """The mapping in a YAML text. Raises TableFault with every fault, each with its line."""
    try:
        content = parse_yaml(text)
        tree = yaml.compose(text, yaml.SafeLoader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark else 1
        said = getattr(error, "problem", None) or type(error).__name__
        raise TableFault(
            [_fault(line, "mapping", f"不是有效的 YAML（{said}）；请改正。", f"is not valid YAML: {said}.")]
        ) from error
    try:
        mapping = Mapping.model_validate(content)
    except ValidationError as error:
        raise TableFault([_invalid(tree, fault) for fault in error.errors()]) from error
    if faults := list(_unknown(mapping, pack, tree)):
        raise TableFault(faults)
    return mapping


def _known_formats(formats: tuple[str, ...]) -> tuple[str, ...]:
    """Formats that can read what they write and name at least year, month and day."""
    for form in formats:
        try:
            known = datetime.strptime(A_TIME.strftime(form), form)  # noqa: DTZ007  # a format is tried
        except ValueError as error:
            raise ValueError(f"{form!r} is no date format such as %d/%m/%Y %H:%M") from error
        if known.date() != A_TIME.date():
            raise ValueError(f"{form!r} must say year, month and day, as in %d/%m/%Y")
    return formats


def _unknown(mapping: Mapping, pack: Pack, tree: yaml.Node | None) -> Iterator[Problem]:
    """Paths and types that the catalogue does not have, and columns that are named twice."""
    for name, column in mapping.common.items():
        yield from _path(column.to, COMMON, ("common", name), tree)
    all_paths: set[str] = set(COMMON)
    for key, kind in pack.types.items():
        known = set(kinds(kind))
        all_paths |= known
        for name, column in mapping.details.get(key, {}).items():
            yield from _path(column.to, known, ("details", key, name), tree)
    for key in mapping.details.keys() - pack.types.keys():
        zh, en = (
            f"没有支持类型 {key}；可选：{'、'.join(pack.types)}。",
            f"there is no type {key}; use one of {', '.join(pack.types)}.",
        )
        yield _fault(_line(tree, ("details", key)), f"details.{key}", zh, en)
    for part, paths in (("constants", mapping.constants), ("values", mapping.values)):
        for path in paths:
            yield from _path(path, all_paths, (part, path), tree)
    for part, columns in (("common", mapping.common), *((f"details.{key}", found) for key, found in mapping.details.items())):
        names = [fold(name) for name in columns]
        for name in sorted({name for name in names if names.count(name) > 1}):
            zh, en = f"列“{name}”写了两次（大小写与空格不计）。", f"the column {name} is named twice (case and blanks aside)."
            yield _fault(_line(tree, tuple(part.split(".", 1))), f"{part}.{name}", zh, en)


def _path(path: str, known: set[str] | frozenset[str], where: tuple[str, ...], tree: yaml.Node | None) -> Iterator[Problem]:
    if path in known or (path.startswith("extra.") and path.count(".") == 1 and len(path) > len("extra.")):
        return
    zh, en = f"没有字段 {path}；请使用目录中的字段路径。", f"there is no field {path}; use a path of the catalogue."
    yield _fault(_line(tree, where), ".".join(where), zh, en)


def _invalid(tree: yaml.Node | None, fault: Any) -> Problem:
    where = tuple(str(part) for part in fault["loc"])
    return _fault(
        _line(tree, where), ".".join(where) or "mapping", f"内容有误（{fault['type']}）；请改正。", f"is wrong: {fault['msg']}."
    )


def _fault(line: int, field: str, zh: str, en: str) -> Problem:
    message = Text(zh=f"第 {line} 行：{field}：{zh}", en=f"line {line}: {field}: {en}")
    return Problem(field=field, code="bad_mapping", message=message)


def _line(node: yaml.Node | None, where: Sequence[str]) -> int:
    """The line of the deepest part of `where` that is there."""
    line = node.start_mark.line + 1 if node else 1
    for part in where:
        if not isinstance(node, yaml.MappingNode):
            break
        entry = next(((key, value) for key, value in node.value if key.value == part), None)
        if entry is None:
            break
        line, node = entry[0].start_mark.line + 1, entry[1]
    return line
