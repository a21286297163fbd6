"""One process's copy of the directory: loaded from its own database, kept up to date from backline.people.v1.

Invariant: an entry never goes back to an older number of its own history, in memory or in the database; what is in
memory is in the database; whoever wants to know of changes is told of each, or told again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Protocol

import structlog
from pydantic import ValidationError

from shared.messaging.dead_letters import Dead, DeadLetters
from shared.messaging.wire import Record, decode
from shared.schemas.access import KeyRing, SystemAccess
from shared.schemas.callbacks import Callback
from shared.schemas.envelope import Event, Source
from shared.schemas.intake import AccessRecorded, CallbackRecorded, PersonRecorded, UnitRecorded
from shared.schemas.model import Json
from shared.schemas.people import BusinessUnit, Directory, Person
from shared.schemas.registry import TYPE_OF

log = structlog.get_logger()
PERSON, UNIT, ACCESS, CALLBACK = (TYPE_OF[fact] for fact in (PersonRecorded, UnitRecorded, AccessRecorded, CallbackRecorded))
Part = Person | BusinessUnit | SystemAccess | Callback


class PeopleStore(Protocol):
    """Where a service keeps its copy between two lives."""

    async def all(self) -> list[tuple[str, int, str, Json]]:
        """(subject, sequence, event type, data) of every entry."""
        ...

    async def keep(self, entries: Sequence[tuple[str, int, str, Json]]) -> None:
        """Keep entries, none of which may replace one of a higher sequence."""
        ...


Entry = tuple[str, int, str, Json]


class DirectoryCopy:
    """`directory` is always one consistent, immutable snapshot; so are the `keys` of the units' systems, said beside it."""

    def __init__(self, store: PeopleStore, dead_letters: DeadLetters) -> None:
        self._store = store
        self._dead_letters = dead_letters
        self._sequences: dict[str, int] = {}
        self._taking = asyncio.Lock()
        self._changes = 0
        self._told: dict[Callable[[], Awaitable[None]], int] = {}
        self.directory = Directory()
        self.keys = KeyRing()

    def on_change(self, listener: Callable[[], Awaitable[None]]) -> None:
        """Call `listener` after every change; one that raises is called again with the next batch."""
        self._told[listener] = self._changes

    @property
    def sources(self) -> frozenset[Source]:
        """Whose people they are."""
        return frozenset({"intake"})

    async def known(self, _source: Source, subjects: Sequence[str]) -> dict[str, int]:
        """Per subject, the number of the entry that is kept."""
        return {subject: self._sequences[subject] for subject in subjects if subject in self._sequences}

    async def load(self) -> None:
        """Take over what the database kept; an entry this release cannot read is left out until it is said again."""
        self._take([(entry, part) for entry in await self._store.all() if (part := _read(entry)) is not None])

    async def handle(self, records: Sequence[Record]) -> None:
        """The handler of backline.people.v1. Returning means that every record is taken over, passed over or kept as unreadable."""
        events: list[Event] = []
        dead: list[Dead] = []
        for record in records:
            event = decode(record)
            if not isinstance(event, Event):
                dead.append(Dead(record=record, problem=event.problem, reason="unreadable"))
            elif event.type in READERS and _read(_entry(event)) is None:
                dead.append(Dead(record=record, problem=f"no readable {event.type}", reason="unreadable"))
            else:
                events.append(event)
        await self.hear(events)
        await self._dead_letters.bury(dead)

    async def hear(self, events: Sequence[Event]) -> None:
        """Take over events about people, units and callbacks, in whatever order they come; of other types nothing is to be taken.

        Raises what the store or a listener raises; hearing the same again then does what is left to do.
        """
        async with self._taking:
            await self._take_newer(events)
        await self._tell()

    async def _take_newer(self, events: Sequence[Event]) -> None:
        """Keep and take over what is newer than what is known; one batch at a time, or an older one might be taken last."""
        newer = [_entry(event) for event in events if event.sequence > self._sequences.get(event.subject, 0)]
        readable = sorted([(entry, part) for entry in newer if (part := _read(entry)) is not None], key=lambda one: one[0][1])
        taken = list({entry[0]: (entry, part) for entry, part in readable}.values())
        if taken:
            await self._store.keep([entry for entry, _ in taken])
            self._take(taken)
            self._changes += 1
            log.info("people.changed", entries=len(taken), version=self.directory.version)

    async def _tell(self) -> None:
        failures: list[Exception] = []
        for listener in [listener for listener, number in self._told.items() if number < self._changes]:
            change = self._changes
            try:
                await listener()
            except Exception as error:  # noqa: BLE001  # the others are told all the same; then it is raised
                failures.append(error)
            else:
                self._told[listener] = max(change, self._told[listener])
        if failures:
            raise failures[0]

    def _take(self, taken: Sequence[tuple[Entry, Part]]) -> None:
        self.directory = self.directory.with_entries([part for _, part in taken if not isinstance(part, SystemAccess)])
        if access := [part for _, part in taken if isinstance(part, SystemAccess)]:
            self.keys = self.keys.with_entries(access)
        self._sequences |= {subject: sequence for (subject, sequence, _, _), _ in taken}


READERS: Mapping[str, Callable[[Json], Part]] = {
    PERSON: lambda data: PersonRecorded.model_validate(data).person,
    UNIT: lambda data: UnitRecorded.model_validate(data).unit,
    ACCESS: lambda data: AccessRecorded.model_validate(data).access,
    CALLBACK: lambda data: CallbackRecorded.model_validate(data).callback,
}


def _entry(event: Event) -> Entry:
    return event.subject, event.sequence, event.type, event.data


def _read(entry: Entry) -> Part | None:
    """The person, unit, callback or system of an entry; None for another type, or when this release cannot read it."""
    subject, sequence, event_type, data = entry
    reader = READERS.get(event_type)
    if reader is None:
        log.info("people.type_passed_over", type=event_type)
        return None
    try:
        return reader(data)
    except ValidationError as error:
        log.warning("people.unreadable", about=subject, sequence=sequence, faults=error.error_count())
        return None
