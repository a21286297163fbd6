"""A hostile case as data: what is sent where, and what may come of it. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Channel = Literal["http", "batch", "csv", "xlsx", "mail", "topic", "cli", "people"]
CHANNELS: tuple[Channel, ...] = ("http", "batch", "csv", "xlsx", "mail", "topic", "cli", "people")
Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Case:
    """`expect` holds the outcomes that are right: accepted, returned, rejected, duplicate, `refused:CODE`, `aside:CODE` (kept and
    answered, no request); of several rows each outcome once, in the order they came, with + between. A return names `naming`.

    `payload` is the body, file, mail or record; `more` what the channel needs besides it (headers, a query, arguments).
    """

    name: str
    group: str
    channel: Channel
    payload: bytes
    expect: frozenset[str]
    naming: str = ""
    more: Mapping[str, Any] = field(default_factory=dict)
    finished: bool = False
    """Whether the request is to be driven to its end, so that its documents are made."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What became of a case. `requests` are the ids that were answered as kept; `answer` is everything that was said back."""

    outcome: str
    requests: tuple[str, ...] = ()
    fields: tuple[str, ...] = ()
    status: int = 0
    answer: str = ""


def expecting(*outcomes: str) -> frozenset[str]:
    """The outcomes that are right."""
    return frozenset(outcomes)


def surprise(case: Case, seen: Seen) -> str:
    """Why `seen` is not what was to come of `case`; empty when it is."""
    if seen.status >= 500 and not (case.channel == "mail" and seen.status < 600):
        return f"server error {seen.status}"
    if seen.outcome not in case.expect:
        return f"{seen.outcome}, expected {' or '.join(sorted(case.expect))}: {seen.answer[:300]}"
    if case.naming and seen.outcome == "returned" and not any(named(case.naming, found) for found in seen.fields):
        return f"returned without naming {case.naming}, but {', '.join(seen.fields) or 'nothing'}"
    return ""


def named(wanted: str, found: str) -> bool:
    """Whether a problem at `found` tells of what is wrong at `wanted`: there, inside it, or with the record it is in."""
    return found == wanted or found.startswith(f"{wanted}.") or wanted.startswith(f"{found}.")


def outcome_of(answer: Json) -> str:
    """The outcome of one answer as every channel gives it."""
    if answer["outcome"] == "refused":
        return f"refused:{answer['problem']['code']}"
    return "duplicate" if answer.get("duplicate") else str(answer["outcome"])


def fields_of(answer: Json) -> tuple[str, ...]:
    """The fields that a verdict finds fault with."""
    return tuple(problem["field"] for problem in (answer.get("verdict") or {}).get("problems", ()))


def together(outcomes: list[str]) -> str:
    """The outcomes of several rows, each once."""
    return "+".join(dict.fromkeys(outcomes)) or "nothing"
