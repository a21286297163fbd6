"""What each column of a table means, by the type of the row it stands in: from a mapping file, or from the catalogue's labels. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as Named
from dataclasses import dataclass, field
from typing import Any

from shared.catalogue import Pack
from shared.catalogue.pack import fold
from shared.schemas.model import Text
from shared.schemas.requests import Problem
from shared.tables.cells import Cell, Target, written
from shared.tables.faults import TableFault
from shared.tables.labels import ACTIONS, FRAME, FRAME_KINDS, Labels, kinds
from shared.tables.mapping import Column, Mapping

MAX_COLUMNS = 2_000
NEEDED = ("type", "source.system", "source.reference")
WHOLE = ("action", "evidence", "attachments", "extra", "at")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One column as a row of some type reads it: a field's target, a part of its own (`whole`), set aside, or none of these."""

    place: int
    name: str
    target: Target | None = None
    whole: str | None = None
    aside: bool = False


@dataclass(kw_only=True)
class Columns:
    """The columns of one table. `names` holds the headers by place, blank ones too; `constants` are paths' values for rows without one."""

    names: tuple[str, ...]
    pack: Pack
    mapping: Mapping | None
    constants: Named[str, Any] = field(default_factory=dict)
    _labels: Labels = field(init=False)
    _plans: dict[str | None, tuple[Step, ...]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._labels = Labels.of(self.pack)

    def plan(self, kind: str | None) -> tuple[Step, ...]:
        """The columns with a header, as a row of type `kind` reads them."""
        if kind not in self._plans:
            types = {**FRAME_KINDS, **(kinds(self.pack.types[kind]) if kind else {})}
            self._plans[kind] = tuple(self._step(place, name, kind, types) for place, name in enumerate(self.names) if name)
        return self._plans[kind]

    def actions(self) -> Named[str, str]:
        """The words for what a row wants, folded."""
        words = self.mapping.action.values if self.mapping and self.mapping.action else {}
        return {fold(word): action for word, action in {**ACTIONS, **words}.items()}

    def unknown(self) -> list[str]:
        """The headers that mean nothing in any type: their cells become extra fields."""
        plans = [self.plan(kind) for kind in (None, *self.pack.types)]
        known = {step.place for plan in plans for step in plan if step.target or step.whole or step.aside}
        return [name for place, name in enumerate(self.names) if name and place not in known]

    def _step(self, place: int, name: str, kind: str | None, types: Named[str, str]) -> Step:
        found = self._mapped(name, kind) if self.mapping else self._labels.path(name, kind)
        if found is None:
            return Step(place=place, name=name)
        if found == "":
            return Step(place=place, name=name, aside=True)
        column = Column(to=found) if isinstance(found, str) else found
        if column.to in WHOLE:
            return Step(place=place, name=name, whole=column.to)
        values = {**(self.mapping.values.get(column.to, {}) if self.mapping else {}), **column.values}
        target = Target(
            path=tuple(column.to.split(".")),
            kind=types.get(column.to, "text"),
            values={fold(word): value for word, value in values.items()},
            factor=column.factor,
            dates=column.dates,
        )
        return Step(place=place, name=name, target=target)

    def _mapped(self, name: str, kind: str | None) -> Column | str | None:
        """What the mapping says of a header: a column, the name of a part of its own, "" for set aside, None for nothing."""
        mapping = self.mapping
        assert mapping is not None
        return _in(mapping.details.get(kind or "", {}), name) or _in(mapping.common, name) or _parts(mapping).get(fold(name))


def columns_of(header: Sequence[Cell], pack: Pack, mapping: Mapping | None) -> Columns:
    """The columns below `header`. Raises TableFault: too many, named twice, or without what identifies a request."""
    names = [" ".join(written(cell).split()) for cell in header]
    while names and not names[-1]:
        names.pop()
    constants = dict(mapping.constants) if mapping else {}
    columns = Columns(names=tuple(names), pack=pack, mapping=mapping, constants=constants)
    if problems := list(_faults(columns)):
        raise TableFault(problems)
    return columns


def _faults(columns: Columns) -> Iterator[Problem]:
    names = [fold(name) for name in columns.names if name]
    if len(columns.names) > MAX_COLUMNS:
        yield _fault("too_many_columns", f"表头超过 {MAX_COLUMNS} 列。", f"The header has more than {MAX_COLUMNS} columns.")
        return
    if twice := _shown(name for name in dict.fromkeys(columns.names) if name and Counter(names)[fold(name)] > 1):
        yield _fault(
            "header_twice", f"表头重复：{twice}；请改名或删除一列。", f"The header names these twice: {twice}; rename one."
        )
    if columns.mapping:
        there = set(names)
        if lacking := _shown(name for name in columns.mapping.wanted() if fold(name) not in there):
            zh, en = f"表头缺少映射文件所列的列：{lacking}。", f"The header lacks columns that the mapping names: {lacking}."
            yield _fault("header_missing", zh, en)
    given = {".".join(step.target.path) for step in columns.plan(None) if step.target} | columns.constants.keys()
    for path in NEEDED:
        if path not in given:
            label = FRAME[path]
            zh = f"表头缺少“{label.zh}”列（{path}）；请补上，或在映射文件的 constants 中给出。"
            en = f"The header lacks the column “{label.en}” ({path}); add it, or give it in the mapping's constants."
            yield _fault("header_missing", zh, en)


def _parts(mapping: Mapping) -> dict[str, str]:
    """Columns with a meaning of their own, folded."""
    found = {fold(name): "" for name in mapping.ignored}
    for part, column in (
        ("action", mapping.action),
        ("evidence", mapping.evidence),
        ("attachments", mapping.attachments),
        ("extra", mapping.extra),
    ):
        if column is not None:
            found[fold(column.column)] = part
    if mapping.submitted_at is not None:
        found[fold(mapping.submitted_at)] = "at"
    if mapping.source_system_column is not None:
        found[fold(mapping.source_system_column)] = "source.system"
    return found


def _in(columns: Named[str, Column], name: str) -> Column | None:
    if name in columns:
        return columns[name]
    return next((column for key, column in columns.items() if fold(key) == fold(name)), None)


def _shown(names: Iterable[str]) -> str:
    return ", ".join(name[:40] for name in list(names)[:20])


def _fault(code: str, zh: str, en: str) -> Problem:
    return Problem(field="header", code=code, message=Text(zh=zh, en=en))
