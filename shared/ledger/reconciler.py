"""Finds what no gap can show: the last events of a request, lost behind everything that was heard.

Every source is asked how far it has come with whom; where less was heard, the rest is asked for. The first comparison goes back to
the beginning, so a service whose database was emptied, or one that is new, builds itself from the feeds.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from shared.ledger.apply import Ledger
from shared.ledger.document import BEGINNING, Head
from shared.ledger.messages import Heard
from shared.ledger.worker import Ask
from shared.schemas.envelope import Source
from shared.telemetry import metrics

EVERY_SECONDS = 60.0
ON_THE_WAY = timedelta(seconds=60)
"""An event may be this old and still be on its way from its source's clock through its write and the broker."""
log = structlog.get_logger()

Heads = Callable[[Source, datetime, str], Awaitable[Sequence[Head]]]
"""Ask a source for a page of heads behind a moment and a subject: heads(source, since, after)."""


class Reconciler:
    """Compares one ledger with its sources, a minute apart, whenever the topics have been read to their end."""

    def __init__(
        self,
        ledger: Ledger[Any, Any],
        *,
        heads: Heads,
        ask: Ask,
        caught_up: Callable[[], bool],
        every_seconds: float = EVERY_SECONDS,
    ) -> None:
        self._ledger = ledger
        self._heads = heads
        self._ask = ask
        self._caught_up = caught_up
        self._every_seconds = every_seconds
        self._compared: dict[Source, datetime] = {}

    async def work(self) -> None:
        """Compare until cancelled; what fails is tried again in the next round."""
        while True:
            await asyncio.sleep(self._every_seconds * random.uniform(0.8, 1.2))  # noqa: S311  # jitter needs no secrecy
            for source in sorted(self._ledger.domain.hears):
                if not self._caught_up():
                    break
                try:
                    await self.compare(source)
                except Exception as error:  # noqa: BLE001  # the source or the database may be away
                    log.warning("ledger.not_compared", source=source, problem=type(error).__name__)

    async def compare(self, source: Source) -> int:
        """Ask `source` for whatever is missing of it; how many requests lacked something.

        Raises what the source or the store raises; the next comparison begins where this one was sure of everything.
        """
        until = self._ledger.clock.now() - ON_THE_WAY
        since, after, lacking = self._compared.get(source, BEGINNING), "", 0
        while page := [head for head in await self._heads(source, since, after) if head.said_at <= until]:
            heard = await self._ledger.store.heard([head.subject for head in page])
            for head in page:
                known = heard.get(head.subject, {}).get(source, 0)
                if known < head.sequence:
                    lacking += 1
                    metrics.RECONCILED.labels(self._ledger.domain.source, source).inc()
                    log.warning(
                        "ledger.last_events_missing", request=head.subject, source=source, known=known, said=head.sequence
                    )
                    events = await self._ask(source, head.subject, known)
                    await self._ledger.apply([Heard(event=event) for event in events])
            since, after = page[-1].said_at, page[-1].subject
            # Clocks differ and writes land late: the next comparison begins a little before the end of this one.
            self._compared[source] = since - ON_THE_WAY
        return lacking
