"""Every deed of an operator, in the service's collection `operations` and in its log."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from shared.schemas.model import Json
from shared.storage import MongoAudit
from shared.telemetry.clock import Clock

log = structlog.get_logger()


class Audit:
    """Writes an entry before a deed and its outcome after; a deed that raises, or is cut off, keeps an entry without an end."""

    def __init__(self, entries: MongoAudit, clock: Clock) -> None:
        self._entries = entries
        self._clock = clock

    @asynccontextmanager
    async def deed(self, action: str, by: str, about: Json) -> AsyncIterator[Json]:
        """Do `action` inside; what is put into the yielded dictionary is the outcome."""
        outcome: Json = {}
        identity = await self._entries.begin(action, by, about, self._clock.now())
        log.info("service.operator_acts", action=action, by=by, operation=identity, about=about)
        yield outcome
        await self._entries.end(identity, outcome, self._clock.now())
        log.info("service.operator_acted", action=action, by=by, operation=identity, outcome=outcome)
