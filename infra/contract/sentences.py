"""Sentences read from the sources without running them: `Text(zh=…, en=…)`, constants and f-strings, whose values become `…`."""

import ast
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OPEN = "…"
Pair = tuple[str, str]


@dataclass
class Module:
    """A source file: its tree, its constants by name, and where its imported names come from."""

    path: Path
    tree: ast.Module
    constants: dict[str, ast.expr] = field(default_factory=dict)
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its path from the project's root."""
        return self.path.relative_to(ROOT).as_posix()


@cache
def module(path: Path) -> Module:
    """The module at `path`, read once."""
    read = Module(path, ast.parse(path.read_text(encoding="utf-8")))
    for node in read.tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                read.constants[name] = value
            case ast.AnnAssign(target=ast.Name(id=name), value=value) if value is not None:
                read.constants[name] = value
            case ast.ImportFrom(module=source, names=names) if source:
                read.imported |= {alias.asname or alias.name: (source, alias.name) for alias in names}
            case _:
                continue
    return read


@dataclass(frozen=True)
class Place:
    """Where an expression stands: its module, and the function around it if there is one."""

    module: Module
    around: ast.AST | None = None

    def value_of(self, name: str, before: int) -> tuple[ast.expr, "Place"] | None:
        """What `name` was last said to be before line `before`: in this function, in this module, or where it comes from."""
        if local := self._local(name, before):
            return local, self
        if name in self.module.constants:
            return self.module.constants[name], Place(self.module)
        source, original = self.module.imported.get(name, ("", ""))
        file = ROOT / (source.replace(".", "/") + ".py")
        return Place(module(file)).value_of(original, 0) if source and file.exists() else None

    def _local(self, name: str, before: int) -> ast.expr | None:
        found: ast.expr | None = None
        for node in ast.walk(self.around) if self.around else ():
            if not isinstance(node, ast.Assign) or node.lineno > before:
                continue
            match node.targets[0], node.value:
                case ast.Name(id=given), value if given == name:
                    found = value
                case ast.Tuple(elts=names), ast.Tuple(elts=values):
                    found = next((v for n, v in zip(names, values, strict=True) if getattr(n, "id", "") == name), found)
                case _:
                    continue
        return found


def sentence(node: ast.expr, place: Place) -> str | None:
    """The text that an expression makes, or None when only running it would tell."""
    match node:
        case ast.Constant(value=str(words)):
            return words
        case ast.JoinedStr(values=parts):
            return "".join(str(part.value) if isinstance(part, ast.Constant) else _known(part, place) for part in parts)
        case ast.Name(id=name) if said := place.value_of(name, node.lineno):
            return sentence(*said)
        case ast.Call(func=ast.Attribute(value=base, attr="format")):
            return sentence(base, place)
        case ast.Attribute(value=base, attr="zh" | "en" as language) if both := text(base, place):
            return both[0] if language == "zh" else both[1]
        case _:
            return None


def text(node: ast.expr, place: Place) -> Pair | None:
    """The sentence in both languages that an expression makes, when it is a `Text` that can be read."""
    match node:
        case ast.Call(func=ast.Name(id="Text"), keywords=given):
            said = {one.arg: sentence(one.value, place) for one in given}
            zh, en = said.get("zh"), said.get("en")
            return (zh, en) if zh is not None and en is not None else None
        case ast.Name(id=name) if found := place.value_of(name, node.lineno):
            return text(*found)
        case _:
            return None


def pair(arguments: list[ast.expr], place: Place) -> Pair | None:
    """Two arguments that are the sentence in Chinese and in English, or one that stands for both (`*SENTENCES`)."""
    match arguments:
        case [ast.Starred(value=ast.Name(id=name))] if found := place.value_of(name, arguments[0].lineno):
            value, there = found
            return pair(value.elts, there) if isinstance(value, ast.Tuple) else None
        case [zh, en]:
            said = sentence(zh, place), sentence(en, place)
            return (said[0], said[1]) if said[0] is not None and said[1] is not None else None
        case _:
            return None


def _known(part: ast.expr, place: Place) -> str:
    """A constant's value inside an f-string, such as a limit; else the sign that something stands there."""
    match part:
        case ast.FormattedValue(value=ast.Name(id=name)) if found := place.value_of(name, part.lineno):
            match found[0]:
                case ast.Constant(value=int() | str() as value):
                    return str(value)
                case _:
                    return OPEN
        case _:
            return OPEN
