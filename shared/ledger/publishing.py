"""Says what was written, marks the longest acknowledged prefix, and sets each document's next wake-up.

Invariant: nothing is published whose write was not acknowledged or re-read under majority.
"""

import asyncio
from collections.abc import Iterable, Sequence
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
        self._under_way: set[asyncio.Task[list[str]]] = set()

    async def publish(self, written: Sequence[Written], store: LedgerStore) -> list[str]:
        """Publish and mark; what the broker keeps waiting goes on in the background. Returns the subjects with something due now."""
        if self._patience is None:
            return await self._publish(written, store)
        task = asyncio.create_task(self._publish(written, store))
        self._under_way.add(task)
        done, _ = await asyncio.wait([task], timeout=self._patience)
        if not done:
            task.add_done_callback(self._published_late)
            return _due(written)
        self._under_way.discard(task)
        return task.result()

    def _published_late(self, task: asyncio.Task[list[str]]) -> None:
        self._under_way.discard(task)
        if not task.cancelled() and (error := task.exception()):
            # What was written and not marked wakes its document within seconds, and is said again then.
            log.warning("ledger.publishing_unfinished", problem=type(error).__name__)

    async def _publish(self, written: Sequence[Written], store: LedgerStore) -> list[str]:
        events = [event for one in written for event in one.document.events]
        acknowledged = dict(
            zip((event.id for event in events), await self.publisher.publish(events) if events else [], strict=True)
        )
        marks: list[Mark] = []
        for one in written:
            document = one.document
            prefix = document.published_prefix(acknowledged)
            wake_at = one.finish(published=prefix == document.head)
            if prefix > document.published or wake_at != document.wake_at:
                marks.append(Mark(subject=document.subject, revision=document.revision, published=prefix, wake_at=wake_at))
        await store.mark(marks)
        return _due(written)


def _due(written: Iterable[Written]) -> list[str]:
    """The subjects with something to do at once."""
    moments = [(one, one.finish(published=True)) for one in written]
    return [one.document.subject for one, moment in moments if moment is not None and moment <= one.now]
