"""Asks sources for what they said of one subject: to close gaps, and to make a state again from the facts."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

import structlog

from shared.ledger.document import Document
from shared.schemas.envelope import Event, Source

log = structlog.get_logger()
ASKED_AT_ONCE = 8

Ask = Callable[[str, str, int], Awaitable[Sequence[Event]]]
"""Ask a source for a subject's events after a number: ask(source, subject, after)."""


class UnaskedError(Exception):
    """A source could not be asked for what it said; the message names it."""


class Sources:
    """All that a ledger hears, asked of no more than ASKED_AT_ONCE subjects at a time."""

    def __init__(self, ask: Ask, hears: Iterable[Source]) -> None:
        self._ask = ask
        self._hears = sorted(hears)
        self._asking = asyncio.Semaphore(ASKED_AT_ONCE)

    async def heard_by(self, document: Document) -> dict[str, Sequence[Event]]:
        """What each source said of which `document` has heard anything. Raises UnaskedError."""
        heard: dict[str, Sequence[Event]] = {}
        for source in self._hears:
            if document.heard.get(source):
                try:
                    async with self._asking:
                        heard[source] = await self._ask(source, document.subject, 0)
                except Exception as error:
                    log.warning("ledger.facts_not_had", about=document.subject, source=source, problem=type(error).__name__)
                    raise UnaskedError(f"{source} could not be asked ({type(error).__name__})") from error
        return heard
