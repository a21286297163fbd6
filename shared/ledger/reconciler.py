"""Finds what no gap can show: the last events of a request, lost behind everything that was heard.

Every source is asked how far it has come with whom; where less was heard, the rest is asked for. The first comparison goes back to
the beginning, so a service whose database was emptied, or one that is new, builds itself from the feeds.

Invariant: a subject whose rest cannot be had keeps nobody behind it waiting, and is asked for again until it can.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from shared.ledger.apply import Clock
from shared.ledger.asking import Ask
from shared.ledger.document import BEGINNING, Head
from shared.schemas.envelope import Event, Source
from shared.telemetry import metrics

EVERY_SECONDS = 60.0
ON_THE_WAY = timedelta(seconds=60)
"""An event may be this old and still be on its way from its source's clock through its write and the broker."""
TOLERATED = 10
"""So many failures in a row are the fault of the source, or of this service's own database, and of no one subject."""
log = structlog.get_logger()

Heads = Callable[[Source, datetime, str], Awaitable[Sequence[Head]]]
"""Ask a source for a page of heads behind a moment and a subject: heads(source, since, after)."""


@dataclass(frozen=True, kw_only=True)
class Compared:
    """How many heads of a page were compared, how many lacked something, of how many of these the rest could not be had, and
    the last of the heads; None: there were none."""

    compared: int
    lacking: int
    failed: int
    last: Head | None


class Hearer(Protocol):
    """Whoever is told by others: a ledger, or a copy of the directory."""

    @property
    def sources(self) -> Collection[Source]: ...

    async def known(self, source: Source, subjects: Sequence[str]) -> Mapping[str, int]:
        """Per subject, the last number of `source` that is heard or held; a subject nobody told of is missing."""
        ...

    async def hear(self, events: Sequence[Event]) -> None: ...


class Reconciler:
    """Compares one hearer of `service` with its sources, a minute apart, whenever the topics have been read to their end."""

    def __init__(
        self, service: Source, hearer: Hearer, *, heads: Heads, ask: Ask, clock: Clock, every_seconds: float = EVERY_SECONDS
    ) -> None:
        self._service = service
        self._hearer = hearer
        self._clock = clock
        self._heads = heads
        self._ask = ask
        self._every_seconds = every_seconds
        self._compared: dict[Source, datetime] = {}
        self._owed: dict[Source, dict[str, Head]] = defaultdict(dict)

    async def work(self, caught_up: Callable[[], bool]) -> None:
        """Compare until cancelled, whenever `caught_up`; what fails is tried again in the next round."""
        while True:
            await asyncio.sleep(self._every_seconds * random.uniform(0.8, 1.2))  # noqa: S311  # jitter needs no secrecy
            for source in self.sources:
                if not caught_up():
                    break
                try:
                    await self.compare(source)
                except Exception as error:  # noqa: BLE001  # the source or the database may be away
                    log.warning("ledger.not_compared", source=source, problem=type(error).__name__)

    @property
    def sources(self) -> list[Source]:
        """Whom the hearer is compared with."""
        return sorted(self._hearer.sources)

    async def compare_page(self, source: Source, since: datetime, after: str, until: datetime, most: int) -> Compared:
        """Compare with a page of `source`'s heads behind (`since`, `after`), up to `until`; at most `most` are asked for the rest.

        For an operator, who goes from page to page. What is on its way still is heard twice, which does no harm. A page ends early
        with whom it has asked for enough, or in vain. Raises what the heads or the store raise; then it may be compared again.
        """
        asking = _Asking()
        page = [head for head in await self._heads(source, since, after) if head.said_at <= until]
        known = await self._hearer.known(source, [head.subject for head in page])
        last = None
        for place, head in enumerate(page, start=1):
            await self._complete(source, head, known, asking)
            if asking.lacking == most or asking.failed == TOLERATED:
                return Compared(compared=place, lacking=asking.lacking, failed=asking.failed, last=head)
            last = head
        return Compared(compared=len(page), lacking=asking.lacking, failed=asking.failed, last=last)

    async def compare(self, source: Source) -> int:
        """Ask `source` for whatever is missing of it since the last comparison; how many requests lacked something.

        Raises what the source or the store raises; the next comparison begins where this one was sure of everything. Who could
        not be told of alone is owed, and asked for again at the end of each comparison.
        """
        asking, owed = _Asking(), list(self._owed[source])
        await self._compare(source, self._clock.now() - ON_THE_WAY, asking)
        await self._ask_again(source, owed, asking)
        return asking.lacking

    async def _compare(self, source: Source, until: datetime, asking: "_Asking") -> None:
        since, after, owed = self._compared.get(source, BEGINNING), "", self._owed[source]
        while page := [head for head in await self._heads(source, since, after) if head.said_at <= until]:
            owed.update({head.subject: head for head in page if head.subject in owed})
            known = await self._hearer.known(source, [head.subject for head in page])
            for head in page:
                if head.subject not in owed and (error := await self._complete(source, head, known, asking)):
                    owed[head.subject] = head
                    if asking.in_a_row == TOLERATED:
                        raise error
            since, after = page[-1].said_at, page[-1].subject
            # Clocks differ and writes land late: the next comparison begins a little before the end of this one.
            self._compared[source] = min(since, self._clock.now() - ON_THE_WAY) - ON_THE_WAY

    async def _ask_again(self, source: Source, subjects: Sequence[str], asking: "_Asking") -> None:
        """Ask for those who were owed before, the longest untried first, unless the source answers for nobody."""
        owed = self._owed[source]
        known = await self._hearer.known(source, subjects) if subjects else {}
        for subject in subjects:
            if asking.in_a_row == TOLERATED:
                return
            head = owed.pop(subject)
            if await self._complete(source, head, known, asking):
                owed[subject] = head

    async def _complete(self, source: Source, head: Head, known: Mapping[str, int], asking: "_Asking") -> Exception | None:
        """Hear whatever `known` lacks of `head`'s subject; why that failed."""
        heard = known.get(head.subject, 0)
        if heard >= head.sequence:
            return None
        asking.lacking += 1
        about = {"about": head.subject, "source": source, "heard": heard, "said": head.sequence}
        log.warning("ledger.last_events_missing", **about)
        try:
            await self._hearer.hear(await self._ask(source, head.subject, heard))
        except Exception as error:  # noqa: BLE001  # whatever it is, the others shall have theirs
            asking.failed += 1
            asking.in_a_row += 1
            metrics.RECONCILE_FAILURES.labels(self._service, source).inc()
            log.warning("ledger.last_events_not_had", **about, problem=type(error).__name__)
            return error
        asking.in_a_row = 0
        metrics.RECONCILED.labels(self._service, source).inc()
        return None


@dataclass
class _Asking:
    """How the asking of one comparison goes."""

    lacking: int = 0
    failed: int = 0
    in_a_row: int = 0
