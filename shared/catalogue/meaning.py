"""When two messages mean the same, and which fields differ when they do not. Pure."""

import hashlib
import json
import math
import unicodedata
from datetime import UTC, datetime

from shared.catalogue.storable import MAX_DEPTH
from shared.schemas.requests import FieldChange, Request

LONGEST = 10**400  # Python writes no number of more than 4300 digits as decimal text; no float reaches this one


def meaning(message: Request | object) -> str:
    """A digest that ignores key order, number format, blank space between and around words, and how an instant is written.

    Extra fields do not count, since a system that exports a request twice often stamps each export with a number of its own;
    the currency does, because amounts are in it. Whatever lies deeper than any accepted message is not told apart.
    """
    content = message.model_dump(mode="json") if isinstance(message, Request) else message
    if isinstance(content, dict):
        content = {**content, "extra": _currency(content.get("extra"))}
    canonical = json.dumps(_canonical(content), sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(canonical.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _currency(extra: object) -> object:
    """What `extra` says amounts are in; None for CNY, which they are in unless something else is said."""
    currency = extra.get("currency") if isinstance(extra, dict) else None
    return None if isinstance(currency, str) and currency.strip().upper() in {"", "CNY"} else currency


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


def _canonical(value: object, room: int = MAX_DEPTH) -> object:
    match value:
        case str():
            return _instant(unicodedata.normalize("NFC", " ".join(value.split())))
        case dict() | list() | tuple() if room == 0:
            return "…"
        case dict():
            shaped = {unicodedata.normalize("NFC", str(key)): _canonical(inner, room - 1) for key, inner in value.items()}
            return {key: inner for key, inner in shaped.items() if inner not in (None, "", [], {})}
        case list() | tuple():
            return [_canonical(inner, room - 1) for inner in value]
        case bool() | None:
            return value
        case int():
            return value if abs(value) < LONGEST else hex(value)
        case float():
            return int(value) if math.isfinite(value) and value.is_integer() else value
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
