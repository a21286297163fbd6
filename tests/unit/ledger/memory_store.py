"""A LedgerStore in memory and the faults a network adds to any store: late writes, lost acknowledgements, lost calls.

Invariant: `MemoryStore` keeps the same contract as the store on MongoDB (`store_contract.py` is run on both).
"""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

import bson
from bson.errors import BSONError

from shared.ledger.document import Change, Document, Head, LedgerStore, Mark, Refused, Written
from shared.schemas.envelope import Event

LIMIT = 15 * 1024 * 1024


class StoreTimeoutError(Exception):
    """The call timed out: what it wanted written is there, or will be, or never."""


class MemoryStore:
    """Documents in a dict. `guarded` exists to be switched off by a negative control."""

    def __init__(self, *, guarded: bool = True) -> None:
        self.documents: dict[str, Document] = {}
        self.said: dict[str, list[Event]] = {}
        self._guarded = guarded

    async def load(self, subjects: Sequence[str]) -> dict[str, Document]:
        return {subject: self._copy(subject) for subject in subjects if subject in self.documents}

    async def standing(self, subjects: Sequence[str]) -> dict[str, Mark]:
        known = [self.documents[subject] for subject in subjects if subject in self.documents]
        return {
            one.subject: Mark(subject=one.subject, revision=one.revision, published=one.published, wake_at=one.wake_at)
            for one in known
        }

    async def write(self, changes: Sequence[Change]) -> list[Written]:
        return [self._write(change) for change in changes]

    async def mark(self, marks: Sequence[Mark]) -> None:
        for mark in marks:
            if (stored := self.documents.get(mark.subject)) is not None:
                stored.published = max(stored.published, mark.published)
                if stored.revision == mark.revision:
                    stored.wake_at = _milliseconds(mark.wake_at)

    async def due(self, now: datetime, limit: int) -> list[str]:
        waiting = [(d.wake_at, subject) for subject, d in self.documents.items() if d.wake_at and d.wake_at <= now]
        return [subject for _, subject in sorted(waiting)][:limit]

    async def postpone(self, subjects: Sequence[str], *, now: datetime, until: datetime) -> None:
        for subject in subjects:
            stored = self.documents.get(subject)
            if stored is not None and stored.wake_at is not None and stored.wake_at <= now:
                stored.wake_at = _milliseconds(until)

    async def events(self, subject: str, after: int = 0) -> list[Event]:
        return [event for event in self.said.get(subject, []) if event.sequence > after]

    async def caused(self, subject: str, causes: Sequence[str]) -> list[Event]:
        return [event for event in self.said.get(subject, []) if event.causationid in causes]

    async def heads(self, since: datetime, after: str, limit: int) -> list[Head]:
        last = {subject: said[-1] for subject, said in self.said.items() if said}
        order = sorted((event.time, subject) for subject, event in last.items() if (event.time, subject) > (since, after))
        return [Head(subject=subject, sequence=last[subject].sequence, said_at=at) for at, subject in order[:limit]]

    async def heard(self, subjects: Sequence[str]) -> dict[str, dict[str, int]]:
        return {subject: _highest(self.documents[subject]) for subject in subjects if subject in self.documents}

    def _write(self, change: Change) -> Written:
        document = change.document
        stored = self.documents.get(document.subject)
        if (problem := _unstorable(change)) is not None:
            return Refused(problem=problem)
        if self._guarded and document.revision != (stored.revision if stored else 0):
            return "stale"
        kept = _copied(document)
        kept.revision = document.revision + 1
        kept.published = max(document.published, stored.published if stored else 0)
        kept.wake_at = _milliseconds(document.wake_at)
        self.documents[document.subject] = kept
        self.said.setdefault(document.subject, []).extend(change.said)
        return "written"

    def _copy(self, subject: str) -> Document:
        copied = _copied(self.documents[subject])
        copied.events = [event for event in self.said[subject] if event.sequence > copied.published]
        return copied


def _copied(document: Document) -> Document:
    """A copy that shares only what nobody changes in place."""
    return replace(
        document,
        heard=dict(document.heard),
        heard_ids={source: list(ids) for source, ids in document.heard_ids.items()},
        applied=list(document.applied),
        early=list(document.early),
        aside=list(document.aside),
        events=list(document.events),
        items=[replace(item, data=dict(item.data), result=dict(item.result)) for item in document.items],
    )


def _highest(document: Document) -> dict[str, int]:
    held = [(held.source, held.sequence) for held in document.early]
    return dict(sorted([*document.heard.items(), *held]))


def _milliseconds(at: datetime | None) -> datetime | None:
    return at and at.replace(microsecond=at.microsecond // 1000 * 1000)


def _unstorable(change: Change) -> str | None:
    document = change.document
    items = [[item.data, item.result, item.problem] for item in document.items]
    kept = {"state": document.state, "items": items, "said": [e.data for e in change.said]}
    try:
        if len(bson.encode(kept)) > LIMIT:
            return f"larger than {LIMIT} bytes"
    except (BSONError, OverflowError, UnicodeEncodeError, TypeError, ValueError, RecursionError) as error:
        return f"{type(error).__name__}: {error}"
    return None


class Pause(Protocol):
    """A point where another process may run, or where this one may be killed."""

    async def __call__(self) -> None: ...


async def no_pause() -> None:
    """Nobody else runs."""


@dataclass(kw_only=True)
class Faults:
    """How likely each fault is, and the writes that time out now and land later."""

    dice: random.Random
    timeout: float = 0.0
    unanswered: float = 0.0
    unpublished: float = 0.0
    late: list[Callable[[], Awaitable[object]]] = field(default_factory=list)

    def quiet(self) -> None:
        """No faults from here on."""
        self.timeout = self.unanswered = self.unpublished = 0.0

    async def land(self) -> None:
        """One of the late writes lands."""
        await self.late.pop(self.dice.randrange(len(self.late)))()


class FaultyStore:
    """Any store behind a bad network."""

    def __init__(self, inner: LedgerStore, faults: Faults, pause: Pause = no_pause) -> None:
        self._inner = inner
        self._faults = faults
        self._pause = pause

    async def load(self, subjects: Sequence[str]) -> dict[str, Document]:
        await self._pause()
        documents = await self._inner.load(subjects)
        await self._pause()
        return documents

    async def standing(self, subjects: Sequence[str]) -> dict[str, Mark]:
        await self._pause()
        return await self._inner.standing(subjects)

    async def write(self, changes: Sequence[Change]) -> list[Written]:
        await self._pause()
        if self._faults.dice.random() < self._faults.timeout:
            for change in changes:
                kept = Change(document=_copied(change.document), said=tuple(change.said))
                await self._some_day(lambda kept=kept: self._inner.write([kept]))  # type: ignore[misc]
            raise StoreTimeoutError
        written = await self._inner.write(changes)
        await self._pause()
        if self._faults.dice.random() < self._faults.unanswered:
            raise StoreTimeoutError
        return written

    async def mark(self, marks: Sequence[Mark]) -> None:
        await self._pause()
        if self._faults.dice.random() < self._faults.timeout:
            for mark in marks:
                await self._some_day(lambda mark=mark: self._inner.mark([mark]))  # type: ignore[misc]
            raise StoreTimeoutError
        await self._inner.mark(marks)
        await self._pause()

    async def due(self, now: datetime, limit: int) -> list[str]:
        await self._pause()
        return await self._inner.due(now, limit)

    async def postpone(self, subjects: Sequence[str], *, now: datetime, until: datetime) -> None:
        await self._pause()
        await self._inner.postpone(subjects, now=now, until=until)

    async def events(self, subject: str, after: int = 0) -> list[Event]:
        return await self._inner.events(subject, after)

    async def caused(self, subject: str, causes: Sequence[str]) -> list[Event]:
        await self._pause()
        return await self._inner.caused(subject, causes)

    async def heads(self, since: datetime, after: str, limit: int) -> list[Head]:
        return await self._inner.heads(since, after, limit)

    async def heard(self, subjects: Sequence[str]) -> dict[str, dict[str, int]]:
        await self._pause()
        return await self._inner.heard(subjects)

    async def _some_day(self, write: Callable[[], Awaitable[object]]) -> None:
        """Now, later or never."""
        when = self._faults.dice.random()
        if when < 0.4:
            await write()
        elif when < 0.8:
            self._faults.late.append(write)


class FakePublisher:
    """A topic as a list. An event may fail to arrive, or arrive with its acknowledgement lost."""

    def __init__(self, faults: Faults, pause: Pause = no_pause) -> None:
        self.topic: list[Event] = []
        self._faults = faults
        self._pause = pause

    async def publish(self, events: Sequence[Event]) -> list[bool]:
        await self._pause()
        acknowledged = [self._one(event) for event in events]
        await self._pause()
        return acknowledged

    def _one(self, event: Event) -> bool:
        fate = self._faults.dice.random()
        if fate >= self._faults.unpublished / 2:
            self.topic.append(event)
        return fate >= self._faults.unpublished


class AwayPublisher:
    """A broker that is away."""

    async def publish(self, events: Sequence[Event]) -> list[bool]:
        return [False] * len(events)
