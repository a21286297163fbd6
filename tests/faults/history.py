"""What happened in one run, as values: what clients were told, what the outside world took, what the services' ledgers say."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Told:
    """A command that was acknowledged: by then it must be durable. `at` in seconds of the run, `seconds` until the answer."""

    request: str
    action: str
    outcome: str
    by: str = ""
    at: float = 0.0
    seconds: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A message that a sink has. `said`: the sender was told so; if not, only doubt is honest."""

    channel: str
    delivery: str
    said: bool = True
    at: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Ledger:
    """One service's document of one request. `events` are its own, in order; `items` its work on the outside world."""

    head: int = 0
    published: int = 0
    heard: Mapping[str, int] = field(default_factory=dict)
    early: int = 0
    parked: str | None = None
    events: Sequence[Json] = ()
    items: Sequence[Json] = ()
    state: Json = field(default_factory=dict)


@dataclass(kw_only=True)
class History:
    """Everything about one run. `ledgers` by service and request; `overfull`: people who ever had too many seats."""

    told: list[Told] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    ledgers: dict[str, dict[str, Ledger]] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)
    overfull: list[str] = field(default_factory=list)
    notes: dict[str, Any] = field(default_factory=dict)

    def requests(self) -> list[str]:
        """The requests that were acknowledged as accepted, each once."""
        return list(dict.fromkeys(one.request for one in self.told if one.action == "submit" and one.outcome == "accepted"))
