"""How long to wait for what gets less: a machine may be slow, but as long as something arrives, nothing is lost."""

import time
from collections.abc import Callable


class Patience:
    """Ends when for `seconds` nothing got less than it ever was."""

    def __init__(self, seconds: float, now: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._now = now
        self._least: int | None = None
        self._until = now() + seconds

    def lasts(self, left: int) -> bool:
        """Whether to go on waiting while so many are `left`."""
        if self._least is None or left < self._least:
            self._least, self._until = left, self._now() + self._seconds
        return left > 0 and self._now() < self._until
