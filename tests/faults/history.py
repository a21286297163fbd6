"""What happened in one run, as values: what clients were told, what the outside world took, what the services' ledgers say."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.faults.ages import Ages

Json = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class Told:
    """A command that was acknowledged: by then it must be durable. `at` in seconds of the run.

    `seconds` passed until the answer, `waited` since it was first asked, which may have been more than once.
    """

    request: str
    action: str
    outcome: str
    by: str = ""
    at: float = 0.0
    seconds: float = 0.0
    waited: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Taken:
    """A message that a sink has. `said`: the sender was told so; if not, only doubt is honest."""

    channel: str
    delivery: str
    said: bool = True
    at: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Handled:
    """For how long one process was at work on one record; `ended` is infinite when it never was done. On one clock of the machine."""

    process: str
    topic: str
    partition: int
    offset: int
    begun: float
    ended: float


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
    """Everything about one run. `ledgers` by service and request; `overfull`: people who ever had too many seats;
    `unplanned`: what the sinks have and no ledger at all knows of.

    `began` on the monotonic clock; since then, in seconds, harm was first done at `harmed` and last mended at `mended`.
    """

    began: float = field(default_factory=time.monotonic)
    harmed: float = 0.0
    mended: float = 0.0

    told: list[Told] = field(default_factory=list)
    taken: list[Taken] = field(default_factory=list)
    ledgers: dict[str, dict[str, Ledger]] = field(default_factory=dict)
    damaged: list[str] = field(default_factory=list)
    overfull: list[str] = field(default_factory=list)
    unplanned: list[Taken] = field(default_factory=list)
    handled: list[Handled] = field(default_factory=list)
    ages: Ages = field(default_factory=Ages)
    notes: dict[str, Any] = field(default_factory=dict)

    def now(self) -> float:
        """Seconds of the run."""
        return time.monotonic() - self.began

    def requests(self) -> list[str]:
        """The requests that were acknowledged as accepted, each once."""
        return list(dict.fromkeys(one.request for one in self.told if one.action == "submit" and one.outcome == "accepted"))
