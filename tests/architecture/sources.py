"""The source files of the product, parsed once, and what each of them imports and calls."""

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
ROOMS = ("shared", "services", "infra")


@dataclass(frozen=True)
class Source:
    """One Python file: its path as a/b/c.py from the root, and its text. A made-up one serves as negative control."""

    path: str
    text: str

    @property
    def module(self) -> str:
        """The dotted name of the module."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @cached_property
    def tree(self) -> ast.Module:
        return ast.parse(self.text, self.path)

    @cached_property
    def imports(self) -> frozenset[str]:
        """Every module named by an import anywhere in the file, with the names taken from it as a.b.name."""
        return frozenset(self._imports())

    def _imports(self) -> Iterator[str]:
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                package = self.module.split(".")
                if not self.path.endswith("/__init__.py"):
                    package = package[:-1]
                start = package[: len(package) - node.level + 1] if node.level else []
                origin = ".".join([*start, *([node.module] if node.module else [])])
                yield origin
                yield from (f"{origin}.{alias.name}" for alias in node.names)
            elif isinstance(node, ast.Call) and _called(node) in {"import_module", "__import__"}:
                yield from (str(argument.value) for argument in node.args[:1] if isinstance(argument, ast.Constant))

    @cached_property
    def calls(self) -> frozenset[str]:
        """The last name of everything that is called."""
        return frozenset(_called(node) for node in ast.walk(self.tree) if isinstance(node, ast.Call))

    def reaches(self, package: str) -> bool:
        """Whether the file imports `package` or anything in it."""
        return any(name == package or name.startswith(f"{package}.") for name in self.imports)


def _called(node: ast.Call) -> str:
    match node.func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def sources(root: Path = ROOT, rooms: Iterable[str] = ROOMS) -> tuple[Source, ...]:
    """Every Python file of `rooms`, by default of the product."""
    files = sorted(file for room in rooms for file in (root / room).rglob("*.py"))
    return tuple(Source(file.relative_to(root).as_posix(), file.read_text(encoding="utf-8")) for file in files)
