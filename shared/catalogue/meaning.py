"""When two messages mean the same, and which fields differ when they do not. Pure."""

import hashlib
import json
from datetime import UTC, datetime

from shared.schemas.requests import FieldChange, Request


def meaning(message: Request | dict[str, object]) -> str:
    """A digest that ignores key order, number format, blank space between and around words, and how an instant is written.

    Extra fields do not count: a system that exports a request twice often stamps each export with a number of its own.
    """
    content = message.model_dump(mode="json") if isinstance(message, Request) else message
    content = {key: value for key, value in content.items() if key != "extra"}
    canonical = json.dumps(_canonical(content), sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def changes(before: Request, after: Request) -> tuple[FieldChange, ...]:
    """The fields that differ, as dotted paths: one level into the frame and the details, `where` as a whole."""
    old, new = _fields(before), _fields(after)
    return tuple(
        FieldChange(field=path, before=old.get(path), after=new.get(path))
        for path in sorted(old.keys() | new.keys())
        if _canonical(old.get(path)) != _canonical(new.get(path))
    )


def _fields(request: Request) -> dict[str, object]:
    content = request.model_dump(mode="json", exclude_none=True)
    nested = {"details", "extra", "opportunity", "requester"}
    flat: dict[str, object] = {key: value for key, value in content.items() if key not in nested}
    return flat | {f"{key}.{inner}": value for key in nested for inner, value in content.get(key, {}).items()}


def _canonical(value: object) -> object:
    match value:
        case dict():
            shaped = {key: _canonical(inner) for key, inner in value.items()}
            return {key: inner for key, inner in shaped.items() if inner not in (None, "", [], {})}
        case list() | tuple():
            return [_canonical(inner) for inner in value]
        case bool() | None:
            return value
        case int() | float():
            return int(value) if value == value // 1 else value
        case str():
            return _instant(" ".join(value.split()))
        case _:
            return str(value)


def _instant(text: str) -> str:
    """An instant in UTC when `text` is a time with an offset; else the text."""
    if len(text) < 16 or not text[:4].isdigit() or text[4] != "-":
        return text
    try:
        parsed = datetime.fromisoformat(text)
        return parsed.astimezone(UTC).isoformat() if parsed.tzinfo else text
    except (ValueError, OverflowError):
        return text
