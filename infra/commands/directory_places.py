"""Where in a directory file a fault is: the service names a field, this finds the line and the person or unit."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from infra.commands.language import Language, sentence
from shared.schemas.model import Json

NAMES = {"people": "id", "business_units": "code"}


def told_with_places(problem: Json, content: bytes, language: Language) -> list[str]:
    """The faults that `problem` lists of the file's `content`, each as "line: person: sentence"; none when it lists none."""
    errors = problem.get("errors") or ()
    tree, times = yaml.compose(content, yaml.SafeLoader), Counter[str]()
    faults: list[str] = []
    for error in errors:
        field = str(error.get("field") or error["pointer"])
        faults.append(_told(tree, field, times[field], sentence(error.get("message"), language)))
        times[field] += 1
    return faults


def _told(tree: yaml.Node | None, field: str, times: int, text: str) -> str:
    group, *_ = parts = field.split(".")
    nodes = list(_path(tree, parts, times))
    line = nodes[-1].start_mark.line + 1 if nodes else 1
    holder = _value(nodes[1], NAMES.get(group, "id")) if len(nodes) > 1 else ""
    return f"{line}: {holder}: {text}" if holder else f"{line}: {text}"


def _path(node: yaml.Node | None, parts: Sequence[str], times: int) -> Iterator[yaml.Node]:
    """The nodes from the top along `parts`, as far as there are any.

    An entry goes by its place, its id or its code; of several with one id, the one behind the first `times`, since a fault of
    an id that is used twice is told once for each.
    """
    for part in parts:
        node = _inside(node, part, times)
        if node is None:
            return
        yield node


def _inside(node: yaml.Node | None, part: str, times: int = 0) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == part), None)
    if isinstance(node, yaml.SequenceNode):
        if part.isdecimal() and int(part) < len(node.value):
            found: yaml.Node = node.value[int(part)]
            return found
        named: list[yaml.Node] = [entry for entry in node.value if part in {_value(entry, name) for name in NAMES.values()}]
        return named[min(times, len(named) - 1)] if named else None
    return None


def _value(entry: Any, name: str) -> str:
    found = _inside(entry, name) if isinstance(entry, yaml.MappingNode) else None
    return str(found.value) if isinstance(found, yaml.ScalarNode) else ""
