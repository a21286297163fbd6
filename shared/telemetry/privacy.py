"""What never reaches a log: personal keys at any depth, long texts (bodies), and exception messages that may quote data."""

import traceback
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from types import TracebackType
from typing import Any
from uuid import UUID

PERSONAL = frozenset(
    {
        "name", "person_name", "email", "mail", "phone", "mobile", "address", "addresses", "chat",
        "body", "details", "extra", "values", "payload", "text", "html", "subject_line", "raw", "input",
        "counterparts", "jury", "recipients", "audience", "escorts", "contacts", "token", "authorization", "password",
    }
)  # fmt: skip
LONGEST = 500
OURS = frozenset({"exception", "exc_info", "stack", "_record"})
OWN = ("shared.", "services.", "infra.", "aiokafka.", "faststream.")
ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def without_personal(more: frozenset[str] = frozenset()) -> Callable[[object, str, Any], Any]:
    """A structlog processor that drops PERSONAL and `more` keys at any depth, cuts long texts, and names objects by type."""
    hidden = PERSONAL | more

    def drop(_logger: object, _method: str, entry: Any) -> Any:
        for key in hidden & entry.keys():
            del entry[key]
        for key, value in entry.items():
            if key not in OURS:
                entry[key] = _clean(value, hidden)
        return entry

    return drop


def _clean(value: Any, hidden: frozenset[str]) -> Any:
    match value:
        case str() if len(value) > LONGEST:
            return f"{value[:LONGEST]}… ({len(value)} characters)"
        case bytes():
            return f"({len(value)} bytes)"
        case Mapping():
            return {key: _clean(inner, hidden) for key, inner in value.items() if key not in hidden}
        case list() | tuple() | set() | frozenset():
            return [_clean(inner, hidden) for inner in value]
        case None | str() | bool() | int() | float() | date() | timedelta() | UUID():
            return value
        case _:
            return f"<{type(value).__name__}>"


def described(exc_info: ExcInfo) -> str:
    """The exception's frames, types and causes; its message only where it is known to quote no data.

    Messages of validation, decoding and bulk-write errors repeat the very values they refuse, so only those of our own
    exceptions, of the Kafka client and of the operating system are told.
    """
    parts: list[str] = []
    error: BaseException | None = exc_info[1]
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        parts.append("".join(traceback.format_tb(error.__traceback__)) + _headline(error))
        if isinstance(error, BaseExceptionGroup):
            parts += [described((type(inner), inner, inner.__traceback__)) for inner in error.exceptions]
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    return "\n-- which came of --\n".join(parts)


def _headline(error: BaseException) -> str:
    kind = type(error)
    name = f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins.")
    if isinstance(error, OSError) or kind.__module__.startswith(OWN):
        return f"{name}: {str(error)[:LONGEST]}"
    return f"{name} (message withheld: it may quote data)" if str(error) else name
