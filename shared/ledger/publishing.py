"""Says what was written, and marks the longest acknowledged prefix and each document's next wake-up.

Invariant: nothing is published whose write was not acknowledged or re-read under majority.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

import structlog

from shared.ledger.document import Document, Mark
from shared.ledger.marking import Marks
from shared.schemas.envelope import Event

log = structlog.get_logger()
REMEMBERED = 20_000
MOST_BEHIND = 200
"""Publications that wait for the broker unattended; above it each writer has patience again, and the broker sets the pace."""


class Publisher(Protocol):
    """Says events on the service's topic."""

    async def publish(self, events: Sequence[Event]) -> list[bool]:
        """Whether each event was acknowledged by the broker; never raises for a broker that is away."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Saying:
    """A document as it stands, whoever changes the copy in memory next. `events` are those not known to be published.

    It wakes at `wake_at` as stored, at `published_wake_at` once all is published, and at `unpublished_wake_at` until then.
    """

    subject: str
    revision: int
    head: int
    published: int
    events: tuple[Event, ...]
    wake_at: datetime | None
    published_wake_at: datetime | None
    unpublished_wake_at: datetime | None

    def prefix(self, acknowledged: Mapping[str, bool]) -> int:
        """The length of the longest prefix of the events that is published, given which ids were acknowledged just now."""
        published = self.published
        for event in self.events:
            if event.sequence == published + 1 and acknowledged.get(event.id, False):
                published = event.sequence
        return published

    def mark(self, published: int) -> Mark | None:
        """What to mark once `published` are; None when that is what is stored."""
        wake_at = self.published_wake_at if published == self.head else self.unpublished_wake_at
        if published == self.published and wake_at == self.wake_at:
            return None
        return Mark(subject=self.subject, revision=self.revision, published=published, wake_at=wake_at)


class Publishing:
    """The saying side of one ledger. `patience` in seconds: whoever writes waits no longer for the broker; None waits for it."""

    def __init__(self, publisher: Publisher, marks: Marks, patience: float | None) -> None:
        self.publisher = publisher
        self.marks = marks
        self._patience = patience
        self._behind: dict[asyncio.Task[None], float] = {}
        self._sending: dict[str, asyncio.Future[bool]] = {}
        self._prefixes: dict[str, int] = {}

    async def publish(self, sayings: Sequence[Saying]) -> None:
        """Publish and mark; what the broker keeps waiting goes on in the background, and nobody waits beside it."""
        if self._patience is None:
            await self._publish(sayings)
            return
        task, now = asyncio.create_task(self._publish(sayings)), asyncio.get_running_loop().time()
        done, _ = await asyncio.wait([task], timeout=0 if self._is_late(now) else self._patience)
        if done:
            task.result()
            return
        self._behind[task] = now
        task.add_done_callback(self._published_late)
        # Not every sweep from now on need look at them, until the broker has answered or it is time to say them again.
        await self.marks.add([mark for saying in sayings if (mark := saying.mark(saying.published))])

    def _is_late(self, now: float) -> bool:
        """Whether the broker keeps somebody waiting for longer than the patience, and not yet so many that everybody must wait."""
        oldest = next(iter(self._behind.values()), now)
        return self._patience is not None and now - oldest > self._patience and len(self._behind) < MOST_BEHIND

    def catch_up(self, document: Document) -> None:
        """Let `document`, loaded or left before, know what was published since: it need not be said once more."""
        document.said_until(self._prefixes.get(document.subject, 0))

    def _published_late(self, task: asyncio.Task[None]) -> None:
        self._behind.pop(task, None)
        if not task.cancelled() and (error := task.exception()):
            # What was written and not marked wakes its document within seconds, and is said again then.
            log.warning("ledger.publishing_unfinished", problem=type(error).__name__)

    async def _publish(self, sayings: Sequence[Saying]) -> None:
        acknowledged = await self._said([event for saying in sayings for event in saying.events])
        prefixes = [(saying, saying.prefix(acknowledged)) for saying in sayings]
        for saying, published in prefixes:
            self._remember(saying.subject, published)
        await self.marks.add([mark for saying, published in prefixes if (mark := saying.mark(published))])

    def _remember(self, subject: str, published: int) -> None:
        """Those remembered longest are forgotten: what they published may be said again, which does no harm."""
        self._prefixes[subject] = max(published, self._prefixes.pop(subject, 0))
        if len(self._prefixes) > REMEMBERED:
            del self._prefixes[next(iter(self._prefixes))]

    async def _said(self, events: Sequence[Event]) -> dict[str, bool]:
        """Whether each event was acknowledged. One that another batch is just sending is waited for, not sent again."""
        others = {event.id: self._sending[event.id] for event in events if event.id in self._sending}
        own = [event for event in events if event.id not in others]
        told: dict[str, asyncio.Future[bool]] = {event.id: asyncio.get_running_loop().create_future() for event in own}
        self._sending |= told
        results = dict.fromkeys(told, False)
        try:
            if own:
                results = dict(zip((event.id for event in own), await self.publisher.publish(own), strict=True))
        finally:
            for identity, future in told.items():
                del self._sending[identity]
                future.set_result(results[identity])
        return results | {identity: await asyncio.shield(future) for identity, future in others.items()}
