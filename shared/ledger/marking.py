"""Marks how much of a document is published and when it wakes: gathered for a moment, since the next write often says the same.

Invariant: a mark that is lost does no harm. Its document wakes within seconds, and what it had published is said again.
"""

import asyncio
from collections.abc import Iterable, Sequence

import structlog

from shared.ledger.document import LedgerStore, Mark

log = structlog.get_logger()


class Marks:
    """The marks of one ledger, written at most `seconds` after they were given; at once when that is 0."""

    def __init__(self, store: LedgerStore, seconds: float) -> None:
        self._store = store
        self._seconds = seconds
        self._waiting: dict[str, Mark] = {}
        self._writing: asyncio.Task[None] | None = None

    async def add(self, marks: Sequence[Mark]) -> None:
        """Have `marks` written; each replaces an earlier one of its subject."""
        self._waiting |= {mark.subject: mark for mark in marks}
        if not self._seconds:
            await self.flush()
        elif self._waiting and (self._writing is None or self._writing.done()):
            self._writing = asyncio.create_task(self._write_later())

    def overtaken(self, subjects: Iterable[str]) -> None:
        """A guarded write of `subjects` has said all that their marks would say."""
        for subject in subjects:
            self._waiting.pop(subject, None)

    async def flush(self) -> None:
        """Write what waits, as far as the database lets us."""
        marks, self._waiting = list(self._waiting.values()), {}
        if marks:
            try:
                await self._store.mark(marks)
            except Exception as error:  # noqa: BLE001  # what was written stands, and whoever waits for it must not hear otherwise
                log.warning("ledger.not_marked", documents=len(marks), problem=type(error).__name__)

    async def _write_later(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._seconds)
            await self.flush()
