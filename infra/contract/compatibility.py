"""What may change in a released JSON Schema: optional properties and enum values may be added; nothing else may change.

Invariant: when `violations(old, new)` is empty, whatever was valid under `old` is valid under `new` and reads the same,
and a reader who relies on `old` finds in everything valid under `new` what it relied on, new enum values aside.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from shared.schemas.model import Json

LOWER = ("minimum", "exclusiveMinimum", "minLength", "minItems", "minProperties")
UPPER = ("maximum", "exclusiveMaximum", "maxLength", "maxItems", "maxProperties")
EXACT = ("pattern", "format", "multipleOf", "uniqueItems", "contentMediaType")
SHAPE = "x-shape"
REMEDY = "add an optional field or a new event type instead"


def violations(old: Json, new: Json) -> list[str]:
    """One sentence per breaking change from `old` to `new`, each with the path of the field."""
    return list(dict.fromkeys(_Comparison(old, new).of("", old, new)))


class _Comparison:
    """A walk through two schemas side by side; references are followed once per pair, so recursive shapes end."""

    def __init__(self, old: Json, new: Json) -> None:
        self._old = old
        self._new = new
        self._seen: set[tuple[str, str]] = set()

    def of(self, path: str, old: Json, new: Json) -> Iterator[str]:
        old, new = _resolved(self._old, old), _resolved(self._new, new)
        if "default" in old and "default" in new and old["default"] != new["default"]:
            yield _said(path, f"meant {_shown(old['default'])} when absent and means {_shown(new['default'])} now")
        before, after = self._variants(self._old, old), self._variants(self._new, new)
        for kind in sorted(before.keys() - after.keys()):
            yield _said(
                path, f"could be {kind} and no longer can" if len(before) > 1 else f"was {kind} and is {' or '.join(after)} now"
            )
        if len(before) > 1 or before.keys() & after.keys():
            for kind in sorted(after.keys() - before.keys()):
                yield _said(path, f"may be {kind} now, which its readers do not expect")
        for kind in sorted(before.keys() & after.keys()):
            yield from self._variants_of(path, kind, before[kind], after[kind])

    def _variants_of(self, path: str, kind: str, before: list[Json], after: list[Json]) -> Iterator[str]:
        """Alternatives of one kind are compared in their order."""
        if len(before) != len(after):
            yield _said(path, f"had {len(before)} alternatives of kind {kind} and has {len(after)} now")
        for old, new in zip(before, after, strict=False):
            names = (old.get(SHAPE, ""), new.get(SHAPE, ""))
            if all(names) and names in self._seen:
                continue
            self._seen.add(names)
            yield from _narrowed(path, old, new)
            yield from self._object(path, old, new)
            yield from self._array(path, old, new)

    def _object(self, path: str, old: Json, new: Json) -> Iterator[str]:
        ours, theirs = old.get("properties", {}), new.get("properties", {})
        for name in ours:
            if name not in theirs:
                yield _said(f"{path}/{name}", "was removed")
            else:
                yield from self.of(f"{path}/{name}", ours[name], theirs[name])
        was, now = set(old.get("required", ())), set(new.get("required", ()))
        for name in sorted(now - was):
            yield _said(f"{path}/{name}", "is required now, and what was said before may lack it")
        for name in sorted((was - now) & theirs.keys()):
            yield _said(f"{path}/{name}", "may be absent now, although its readers rely on it")
        yield from self._others(path, old.get("additionalProperties", True), new.get("additionalProperties", True))

    def _others(self, path: str, old: Any, new: Any) -> Iterator[str]:
        """The keys that are not named: all allowed, none allowed, or of one shape."""
        if isinstance(old, Mapping) and isinstance(new, Mapping):
            yield from self.of(f"{path}/*", dict(old), dict(new))
        elif old != new:
            yield _said(f"{path}/*", f"was {_openness(old)} and is {_openness(new)} now")

    def _array(self, path: str, old: Json, new: Json) -> Iterator[str]:
        if "items" in old or "items" in new:
            yield from self.of(f"{path}/[]", _items(old), _items(new))
        ours, theirs = old.get("prefixItems", []), new.get("prefixItems", [])
        if len(ours) != len(theirs):
            yield _said(path, f"had {len(ours)} places and has {len(theirs)} now")
        for number, (before, after) in enumerate(zip(ours, theirs, strict=False)):
            yield from self.of(f"{path}/{number}", before, after)

    def _variants(self, document: Json, schema: Json) -> dict[str, list[Json]]:
        """The schema's alternatives by kind; one that says nothing of its type is "anything"."""
        found: dict[str, list[Json]] = {}
        choices: list[Json] = schema.get("anyOf") or schema.get("oneOf") or [schema]
        for choice in choices:
            one = _resolved(document, choice)
            kinds = one.get("type", _kind_of_values(one))
            for kind in kinds if isinstance(kinds, list) else [kinds]:
                found.setdefault(kind, []).append(one)
        return found


def _narrowed(path: str, old: Json, new: Json) -> Iterator[str]:
    """Values that were allowed and are no longer."""
    was, now = _values(old), _values(new)
    if now is not None and was is None:
        yield _said(path, f"was open and allows only {_shown(now)} now")
    for value in was or ():
        if now is not None and value not in now:
            yield _said(path, f"no longer allows {_shown(value)}")
    for key in EXACT:
        if old.get(key) != new.get(key):
            yield _said(path, f"had {key} {_shown(old.get(key))} and has {_shown(new.get(key))} now")
    for key in LOWER:
        if key in new and (key not in old or new[key] > old[key]):
            yield _said(path, f"has {key} {new[key]} now, where {old.get(key, 'none')} was enough")
    for key in UPPER:
        if key in new and (key not in old or new[key] < old[key]):
            yield _said(path, f"has {key} {new[key]} now, where {old.get(key, 'any')} was allowed")


def _resolved(document: Json, schema: Json) -> Json:
    """`schema` with its local reference replaced by what it refers to."""
    reference = schema.get("$ref")
    if reference is None:
        return schema
    target: Any = document
    for part in reference.removeprefix("#/").split("/"):
        target = target[part]
    return {**target, **{key: value for key, value in schema.items() if key != "$ref"}, SHAPE: reference}


def _items(schema: Json) -> Json:
    items = schema.get("items", True)
    return items if isinstance(items, dict) else {}


def _values(schema: Json) -> list[Any] | None:
    """The only values allowed, or None when there is no such list."""
    return [schema["const"]] if "const" in schema else schema.get("enum")


def _kind_of_values(schema: Json) -> str:
    kinds = {"string" if isinstance(value, str) else type(value).__name__ for value in _values(schema) or ()}
    return kinds.pop() if len(kinds) == 1 else "anything"


def _openness(additional: Any) -> str:
    match additional:
        case True:
            return "open to any key"
        case False:
            return "closed to other keys"
        case _:
            return "of one shape"


def _shown(value: Any) -> str:
    return "none" if value is None else repr(value)


def _said(path: str, what: str) -> str:
    return f"{path or '/'} {what}; {REMEDY}."
