"""Says what was written, marks the longest acknowledged prefix, and sets each document's next wake-up.

Invariant: nothing is published whose write was not acknowledged or re-read under majority.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import structlog

from shared.ledger.document import Document, LedgerStore, Mark
from shared.schemas.envelope import Event

log = structlog.get_logger()


class Publisher(Protocol):
    """Says events on the service's topic."""

    async def publish(self, events: Sequence[Event]) -> list[bool]:
        """Whether each event was acknowledged by the broker; never raises for a broker that is away."""
        ...


class Written(Protocol):
    """A document that stands as it was written."""

    document: Document
    now: datetime

    def finish(self, *, published: bool) -> datetime | None:
        """When it must be looked at again."""
        ...


class Publishing:
    """The saying side of one ledger. `patience` in seconds: whoever writes waits no longer for the broker; None waits for it."""

    def __init__(self, publisher: Publisher, patience: float | None) -> None:
        self.publisher = publisher
        self._patience = patience
        self._behind: set[asyncio.Task[None]] = set()
        self._sending: dict[str, asyncio.Future[bool]] = {}

    async def publish(self, written: Sequence[Written], store: LedgerStore) -> bool:
        """Publish and mark; True when that is done, False when the broker keeps it waiting and it goes on in the background."""
        if self._patience is None:
            await self._publish(written, store)
            return True
        task = asyncio.create_task(self._publish(written, store))
        done, _ = await asyncio.wait([task], timeout=self._patience)
        if done:
            task.result()
            return True
        self._behind.add(task)
        task.add_done_callback(self._published_late)
        # Not every sweep from now on need look at them, until the broker has answered or it is time to say them again.
        await _mark(store, [_marking(one, one.document.published) for one in written])
        return False

    def _published_late(self, task: asyncio.Task[None]) -> None:
        self._behind.discard(task)
        if not task.cancelled() and (error := task.exception()):
            # What was written and not marked wakes its document within seconds, and is said again then.
            log.warning("ledger.publishing_unfinished", problem=type(error).__name__)

    async def _publish(self, written: Sequence[Written], store: LedgerStore) -> None:
        acknowledged = await self._said([event for one in written for event in one.document.events])
        prefixes = [(one, one.document.published_prefix(acknowledged)) for one in written]
        marks = [_marking(one, prefix) for one, prefix in prefixes]
        await _mark(store, [mark for mark, (one, prefix) in zip(marks, prefixes, strict=True) if _says_more(mark, one, prefix)])
        for mark, (one, prefix) in zip(marks, prefixes, strict=True):
            one.document.marked(prefix, mark.wake_at)

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


def _marking(one: Written, published: int) -> Mark:
    document = one.document
    wake_at = one.finish(published=published == document.head)
    return Mark(subject=document.subject, revision=document.revision, published=published, wake_at=wake_at)


def _says_more(mark: Mark, one: Written, prefix: int) -> bool:
    return prefix > one.document.published or mark.wake_at != one.document.wake_at


async def _mark(store: LedgerStore, marks: Sequence[Mark]) -> None:
    """Mark as far as the database lets us: what is not marked wakes its document and is said again, which does no harm."""
    try:
        await store.mark(marks)
    except Exception as error:  # noqa: BLE001  # what was written stands, and whoever waits for it must not hear otherwise
        log.warning("ledger.not_marked", documents=len(marks), problem=type(error).__name__)
