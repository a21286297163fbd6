"""The ledger document as values: what is loaded, what a write changes, what the store answers."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Literal, Protocol

from shared.messaging.wire import Poison, Record, Unaddressed, decode
from shared.schemas.envelope import Event, Source
from shared.schemas.model import Json

UNSURE = "restored, not whole: "
"""How the reason begins why a restore set a request aside: what it said is not all known, so that until its redrive it obeys nobody."""
ItemStatus = Literal["planned", "leased", "data", "ended", "done", "failed", "unknown", "cancelled"]


@dataclass(kw_only=True, slots=True)
class StoredItem:
    """One item with its lease. `data` phase: the point of no return is passed. `ended`: over, the domain not told yet.

    `attempt` counts every lease there ever was and so tells them apart; `spent` of these were before the item was last planned
    anew, or no tries. `unwanted`: cancelled while under way, so not to be tried again.
    """

    id: str
    kind: str
    data: Json
    status: ItemStatus = "planned"
    attempt: int = 0
    spent: int = 0
    unwanted: bool = False
    due: datetime | None = None
    owner: str | None = None
    until: datetime | None = None
    end: str | None = None
    result: Json = field(default_factory=dict)
    problem: str = ""

    @property
    def open(self) -> bool:
        return self.status in {"planned", "leased", "data", "ended"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Held:
    """An event that arrived before its turn, or that poisoned its request: raw, so that it can always be stored."""

    source: Source
    sequence: int
    id: str
    since: datetime
    record: Record
    _read: Event | Poison | Unaddressed | None = field(default=None, init=False, compare=False, repr=False)

    def read(self) -> Event | Poison | Unaddressed:
        """What the record says; decoded once, however often it is asked for."""
        if self._read is None:
            self.known_as(decode(self.record))
        assert self._read is not None, "a record is always decoded to something"
        return self._read

    def known_as(self, read: Event | Poison | Unaddressed) -> "Held":
        """This very entry, whose record is known to say `read`."""
        object.__setattr__(self, "_read", read)
        return self


@dataclass(kw_only=True, slots=True)
class Document:
    """A working copy of one ledger document; `events` holds only what is not known to be published."""

    subject: str
    revision: int = 0
    schema: int = 1
    unit: str | None = None
    heard: dict[str, int] = field(default_factory=dict)
    heard_ids: dict[str, list[str]] = field(default_factory=dict)
    applied: list[str] = field(default_factory=list)
    early: list[Held] = field(default_factory=list)
    aside: list[Held] = field(default_factory=list)
    state: Json | None = None
    head: int = 0
    head_id: str | None = None
    published: int = 0
    events: list[Event] = field(default_factory=list)
    items: list[StoredItem] = field(default_factory=list)
    parked: str | None = None
    wake_at: datetime | None = None
    stored: Json | None = field(default=None, compare=False, repr=False)
    """What the store loaded or wrote last, for it alone: it writes what differs from that. Nobody changes it."""

    @property
    def unsure(self) -> bool:
        """Whether a restore set it aside: until its redrive it obeys nobody, and nothing of it is performed."""
        return (self.parked or "").startswith(UNSURE)

    def said_until(self, published: int) -> None:
        """Know that so many events are published: these need not be said once more."""
        if published > self.published:
            self.published = published
            self.events = [event for event in self.events if event.sequence > published]

    def marked(self, published: int, wake_at: datetime | None) -> None:
        """Know what was marked of the document since it was written."""
        self.said_until(published)
        self.wake_at = wake_at

    def copy(self) -> "Document":
        """A copy whose lists may change without this one; items, events and records are shared."""
        return replace(
            self,
            heard=dict(self.heard),
            heard_ids=dict(self.heard_ids),
            early=list(self.early),
            aside=list(self.aside),
            events=list(self.events),
            items=list(self.items),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One guarded write: `document` as it shall be, provided its revision is still `document.revision`; `said` is appended."""

    document: Document
    said: Sequence[Event]


@dataclass(frozen=True, kw_only=True, slots=True)
class Mark:
    """`published` grows to at least this; `wake_at` is set only if the revision is still `revision`."""

    subject: str
    revision: int
    published: int
    wake_at: datetime | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Head:
    """How far a source has come with one subject: the number of its last own event, and when that was said."""

    subject: str
    sequence: int
    said_at: datetime


BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
"""Before anything was said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """A document that cannot be stored at all, and why."""

    problem: str


Written = Literal["written", "stale"] | Refused


class LedgerStore(Protocol):
    """Where ledger documents live. Every method may raise; then nothing is known about what was written."""

    async def load(self, subjects: Sequence[str]) -> dict[str, Document]:
        """The documents that exist, without the events that are known to be published."""
        ...

    async def standing(self, subjects: Sequence[str]) -> dict[str, Mark]:
        """How each document stands that exists: its revision, and what was marked since that was written."""
        ...

    async def write(self, changes: Sequence[Change]) -> list[Written]:
        """Each change on its own, by revision; one that cannot be stored never sinks the others."""
        ...

    async def mark(self, marks: Sequence[Mark]) -> None: ...

    async def due(self, now: datetime, limit: int) -> list[str]:
        """Subjects whose `wake_at` has come, the longest overdue first."""
        ...

    async def postpone(self, subjects: Sequence[str], *, now: datetime, until: datetime) -> None:
        """Let those of `subjects` that are still due at `now` be due again at `until`.

        For those nobody can work on: what they have not published cannot be published either, so nothing is said later
        than it could be. One that somebody wrote meanwhile, and that is no longer due, keeps its own time.
        """
        ...

    async def events(self, subject: str, after: int = 0) -> list[Event]:
        """The subject's own events with a sequence above `after`, in order."""
        ...

    async def caused(self, subject: str, causes: Sequence[str]) -> list[Event]:
        """The subject's own events whose `causationid` is among `causes`."""
        ...

    async def heads(self, since: datetime, after: str, limit: int) -> list[Head]:
        """Whoever said anything, in the order of (said_at, subject), from the first behind (`since`, `after`) on."""
        ...

    async def heard(self, subjects: Sequence[str]) -> dict[str, dict[str, int]]:
        """Per subject and source, the highest number that was heard or is held."""
        ...
