"""Brings a service whose database was put back from a backup to what it has said since, in a process of its own.

Invariant: the service itself does not run meanwhile, and must not be started before this has ended; it may be broken off and run
again as often as need be. Everything is put in the audit.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from itertools import islice
from typing import Any

import httpx
import structlog

from shared.ledger.restoring import Mended
from shared.messaging.rereading import Rereading
from shared.messaging.wire import decode
from shared.schemas.model import Json
from shared.service.parts import LedgerRoom, Parts

log = structlog.get_logger()
AT_ONCE = 100
Finish = Callable[[], Awaitable[Any]]
Tell = Callable[[str, int, int], None]
"""Told of progress: tell(what, done, total)."""


class StillRunningError(Exception):
    """Somebody is at an address of the service, so that it may be saying things meanwhile."""


@dataclass(kw_only=True)
class Restored:
    """What became of a restore: `rows` are the subjects that are not simply well, each with its ledger.

    Of the records that are `unreadable` nobody can tell what they took, so that it may be said otherwise.
    """

    read: int = 0
    unreadable: int = 0
    events: int = 0
    restored: int = 0
    doubts: int = 0
    rows: list[tuple[str, Mended]] = field(default_factory=list)

    @property
    def left(self) -> bool:
        """Whether something is left for a person."""
        return bool(self.rows or self.unreadable)

    @property
    def whole(self) -> bool:
        """Whether the service may be started: nothing it has said can be said otherwise."""
        return not any(mended.end in {"not all read", "unasked", "written by others", "unstorable"} for _, mended in self.rows)

    def take(self, ledger: str, mended: Sequence[Mended]) -> None:
        """Count what became of some subjects of `ledger`, each once, however often it is mended."""
        self.events += sum(one.events for one in mended)
        self.restored += sum(one.events > 0 for one in mended)
        known = {(name, one.subject) for name, one in self.rows}
        new = [one for one in mended if (one.doubts or one.why) and (ledger, one.subject) not in known]
        self.doubts += sum(len(one.doubts) for one in new)
        self.rows += [(ledger, one) for one in new]

    def told(self) -> Json:
        """For the audit: figures, and who is left."""
        figures = {name: getattr(self, name) for name in ("read", "unreadable", "events", "restored", "doubts")}
        return {**figures, "left": len(self.rows), "first": [one.subject for _, one in self.rows[:AT_ONCE]]}


class Restoring:
    """The restore of one service. `finishing` is done at the end: what is kept beside the ledgers is brought to what they say."""

    def __init__(self, parts: Parts, rooms: Mapping[str, LedgerRoom], finishing: Sequence[Finish] = ()) -> None:
        self._parts = parts
        self._rooms = rooms
        self._finishing = finishing

    async def run(self, by: str, since: datetime | None, tell: Tell, addresses: Sequence[str] = ()) -> Restored:
        """Restore every ledger; `since` is a moment before the backup was made, to read the topics from, or None for all of them.

        `addresses` are those of all processes of the service, where more are known than its settings name.
        Raises StillRunningError, NotReadError and what the database raises. The connections are closed at the end.
        """
        restored = Restored()
        try:
            for address in addresses or (self._parts.settings.url_of(self._parts.settings.service),):
                await self._stopped(address)
            await self._parts.open(tuple(self._rooms.values()))
            async with self._parts.audit.deed("restore", by, {"since": since}) as outcome:
                for name, room in self._rooms.items():
                    await self._read(room, since, restored, tell)
                    await self._mend(name, room, since, restored, tell)
                for finish in self._finishing:
                    await finish()
                outcome.update(restored.told())
        finally:
            await self._parts.close()
        return restored

    async def _stopped(self, address: str) -> None:
        """Raise StillRunningError unless nobody takes a connection there: who is slow or frozen writes again later."""
        said = "answers"
        try:
            await self._parts.http.get(f"{address}/livez")
        except httpx.ConnectError:
            return
        except httpx.HTTPError as error:
            said = f"may be there without answering ({type(error).__name__})"
        service = self._parts.settings.service
        raise StillRunningError(f"{service} {said} at {address}; stop all its processes, and restore it then.")

    async def _read(self, room: LedgerRoom, since: datetime | None, restored: Restored, tell: Tell) -> None:
        """Look at all that the topic holds."""
        reading = Rereading(self._parts.settings.broker, room.topic, since, self._parts.settings.kafka)
        try:
            await reading.open()
            done = 0
            async for records in reading.batches():
                restored.unreadable += await room.restorer.look([decode(record) for record in records])
                restored.read += len(records)
                done += len(records)
                tell(f"{room.topic.name} is read", done, reading.total)
        finally:
            await reading.close()

    async def _mend(self, name: str, room: LedgerRoom, since: datetime | None, restored: Restored, tell: Tell) -> None:
        """First whoever lacks something, in the order in which they first said it; then everybody, for what was under way."""
        mend = partial(room.restorer.mend, in_part=since is not None)
        lacking = iter(room.restorer.lacking)
        total, done = len(room.restorer.lacking), 0
        while subjects := list(islice(lacking, AT_ONCE)):
            restored.take(name, await mend(subjects))
            done += len(subjects)
            tell(f"{name} take up what they lack", done, total)
        total, done, last = await room.shadow.count(), 0, ""
        while subjects := await room.shadow.subjects(last, AT_ONCE):
            restored.take(name, await mend(subjects))
            done, last = done + len(subjects), subjects[-1]
            tell(f"{name} are looked through", done, total)
