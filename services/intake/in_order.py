"""The order of messages that arrive together and are about one request, where one of them waits for its key before it is told."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class OutOfTurnError(Exception):
    """The message before it came to no answer; told now, this one would come first when both are sent again."""


class InOrder:
    """Turns by subject, for one batch. Who asks first has the first turn; subjects do not wait for each other."""

    def __init__(self) -> None:
        self._last: dict[str, asyncio.Event] = {}
        self._failed: set[str] = set()

    @asynccontextmanager
    async def turn(self, subject: str, *, waits: bool) -> AsyncIterator[None]:
        """Hold the turn of one message; `waits` says that it may wait for something else before it is told.

        What does not, and has none before it that does, is told at once: the ledger's desk keeps its order. Raises OutOfTurnError.
        """
        before = self._last.get(subject)
        if before is None and not waits and subject not in self._failed:
            yield
            return
        mine = self._last[subject] = asyncio.Event()
        try:
            if before is not None:
                await before.wait()
            self._in_turn(subject)
            yield
        except BaseException:
            self._failed.add(subject)
            raise
        finally:
            mine.set()
            if self._last[subject] is mine:
                del self._last[subject]

    def _in_turn(self, subject: str) -> None:
        if subject in self._failed:
            raise OutOfTurnError("an earlier message about the same request came to no answer")
