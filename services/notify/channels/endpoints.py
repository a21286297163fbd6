"""How many callbacks are under way, in all, of one unit and to one subscription: whoever finds no place is told when to come again.

Invariant: nobody waits for a place here, so an address that does not answer holds up neither mails nor other callbacks; while it
fails it has one place. One that answers slowly has as many as any other, and its unit has no more than a quarter of all.
"""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

MOST = 32
MOST_OF_UNIT = MOST // 4
MOST_EACH = 4
SHORTEST_SECONDS, LONGEST_SECONDS = 0.25, 600.0
FORGOTTEN_BEYOND = 10_000


@dataclass(kw_only=True)
class Endpoint:
    """One subscription: attempts under way, how the last went, and when the next place is promised."""

    under_way: int = 0
    fails: bool = False
    seconds: float = SHORTEST_SECONDS
    promised: float = 0.0

    @property
    def places(self) -> int:
        """Attempts it may have at once."""
        return 1 if self.fails else MOST_EACH


class Endpoints:
    """The places of one process."""

    def __init__(
        self, *, most: int = MOST, most_of_unit: int = MOST_OF_UNIT, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._most = most
        self._most_of_unit = most_of_unit
        self._monotonic = monotonic
        self._under_way: Counter[str] = Counter()
        self._known: dict[tuple[str, str], Endpoint] = {}

    def enter(self, unit: str, identity: str) -> float | None:
        """Take a place, to be given back with `leave`; or the seconds after which to come again, each later than the one before."""
        endpoint = self._known.setdefault((unit, identity), Endpoint())
        room = self._under_way[unit] < self._most_of_unit and self._under_way.total() < self._most
        if endpoint.under_way < endpoint.places and room:
            endpoint.under_way += 1
            self._under_way[unit] += 1
            return None
        now = self._monotonic()
        endpoint.promised = max(now, endpoint.promised) + max(SHORTEST_SECONDS, endpoint.seconds / endpoint.places)
        endpoint.promised = min(endpoint.promised, now + LONGEST_SECONDS)
        return endpoint.promised - now

    def leave(self, unit: str, identity: str, *, works: bool, seconds: float) -> None:
        """Give the place back; the attempt took `seconds`."""
        endpoint = self._known[unit, identity]
        if works and endpoint.fails:
            endpoint.promised = 0.0
        endpoint.under_way, endpoint.fails, endpoint.seconds = endpoint.under_way - 1, not works, seconds
        self._under_way[unit] -= 1
        if len(self._known) > FORGOTTEN_BEYOND:
            self._known = {key: one for key, one in self._known.items() if one.under_way or one.fails}
