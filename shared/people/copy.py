"""One process's copy of the directory: loaded from its own database, kept up to date from backline.people.v1.

Invariant: an entry never goes back to an older number of its own history, in memory or in the database.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import structlog

from shared.messaging.wire import Record, decode
from shared.schemas.envelope import Event, Source
from shared.schemas.intake import PersonRecorded, UnitRecorded
from shared.schemas.model import Json
from shared.schemas.people import BusinessUnit, Directory, Person
from shared.schemas.registry import TYPE_OF

log = structlog.get_logger()
PERSON, UNIT = TYPE_OF[PersonRecorded], TYPE_OF[UnitRecorded]


class PeopleStore(Protocol):
    """Where a service keeps its copy between two lives."""

    async def all(self) -> list[tuple[str, int, str, Json]]:
        """(subject, sequence, event type, data) of every entry."""
        ...

    async def keep(self, entries: Sequence[tuple[str, int, str, Json]]) -> None:
        """Keep entries, none of which may replace one of a higher sequence."""
        ...


class DirectoryCopy:
    """`directory` is always one consistent, immutable snapshot."""

    def __init__(self, store: PeopleStore) -> None:
        self._store = store
        self._sequences: dict[str, int] = {}
        self._changed: list[Callable[[], Awaitable[None]]] = []
        self.directory = Directory()

    def on_change(self, listener: Callable[[], Awaitable[None]]) -> None:
        """Call `listener` after every change."""
        self._changed.append(listener)

    @property
    def sources(self) -> frozenset[Source]:
        """Whose people they are."""
        return frozenset({"intake"})

    async def known(self, _source: Source, subjects: Sequence[str]) -> dict[str, int]:
        """Per subject, the number of the entry that is kept."""
        return {subject: self._sequences[subject] for subject in subjects if subject in self._sequences}

    async def load(self) -> None:
        """Take over what the database kept."""
        self._take(await self._store.all())

    async def handle(self, records: Sequence[Record]) -> None:
        """The handler of backline.people.v1."""
        events = [event for record in records if isinstance(event := decode(record), Event)]
        if len(events) < len(records):
            log.warning("people.unreadable_records", records=len(records) - len(events))
        await self.hear(events)

    async def hear(self, events: Sequence[Event]) -> None:
        """Take over events about people and units, in whatever order they come."""
        entries = [(event.subject, event.sequence, event.type, event.data) for event in events]
        taken = self._take(entries)
        if taken:
            await self._store.keep(taken)
            log.info("people.changed", entries=len(taken), version=self.directory.version)
            for listener in self._changed:
                await listener()

    def _take(self, entries: Sequence[tuple[str, int, str, Json]]) -> list[tuple[str, int, str, Json]]:
        newer = [entry for entry in entries if entry[1] > self._sequences.get(entry[0], 0)]
        latest = {entry[0]: entry for entry in sorted(newer, key=lambda entry: entry[1])}
        self.directory = self.directory.with_entries([_entry(event_type, data) for _, _, event_type, data in latest.values()])
        self._sequences |= {subject: sequence for subject, sequence, _, _ in latest.values()}
        return list(latest.values())


def _entry(event_type: str, data: Json) -> Person | BusinessUnit:
    if event_type == PERSON:
        return PersonRecorded.model_validate(data).person
    return UnitRecorded.model_validate(data).unit
