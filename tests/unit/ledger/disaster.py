"""A service with a past, the backup somebody made of it, and what was said since: what a restore has to work with."""

import copy
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from shared.ledger.adopting import Said
from shared.ledger.document import Change, Written
from shared.ledger.proving import Outside
from shared.ledger.restoring import Mended, Restorer
from shared.schemas.envelope import Event
from tests.unit.ledger.memory_store import MemoryStore
from tests.unit.ledger.rig import TERM, Rig
from tests.unit.ledger.small_domain import History, Quiet, SmallDomain, told

KEPT = ("state", "head", "head_id", "heard", "heard_ids", "applied", "unit", "published", "parked")


class Died(Exception):  # noqa: N818  # it names what happened
    """The process was killed."""


class MortalStore(MemoryStore):
    """Dies at its `at`-th write: before it lands, or after."""

    def __init__(self, at: int = 0, *, landed: bool = False) -> None:
        super().__init__()
        self.at, self.landed, self.writes = at, landed, 0

    async def write(self, changes: Sequence[Change]) -> list[Written]:
        self.writes += 1
        if self.writes != self.at:
            return await super().write(changes)
        if self.landed:
            await super().write(changes)
        raise Died


class Disaster(Rig):
    """A rig whose sources can be asked, which can be backed up, and put back. `topic` is all that was ever said of its own."""

    def __init__(self, *, items: bool = True) -> None:
        super().__init__()
        self.surroundings = Quiet()
        self.surroundings.setting.without_items = not items
        self.ledger = self.process()
        self.sources: dict[str, History] = {}
        self.away: set[str] = set()
        self._backup: Any = None

    async def intake(self, subject: str = "r1", count: int = 1, **data: Any) -> list[Event]:
        """Intake says `count` events of `subject`, which are heard."""
        chain = self.sources.setdefault(subject, History(subject))
        events = [chain.say(data={"by": "p", "reason": "", **data}) for _ in range(count)]
        await self.hear(*events)
        return events

    @property
    def topic(self) -> list[Event]:
        return self.published.topic

    def back_up(self) -> None:
        self._backup = copy.deepcopy((self.store.documents, self.store.said))

    def put_back(self, store: MemoryStore | None = None) -> None:
        """The database is what it was, and another process works on it."""
        self.store = store or MemoryStore()
        self.store.documents, self.store.said = copy.deepcopy(self._backup)
        self.ledger = self.process()

    async def restore(
        self,
        topic: Sequence[Said] | None = None,
        *,
        outside: Outside | None = None,
        domain: Any = None,
        in_part: bool = False,
        **how: Any,
    ) -> dict[str, Mended]:
        """As the service does it; what became of each subject, those that are as they were left out."""
        outside = outside or Outside()
        restorer: Restorer[Any, Any] = Restorer(
            domain or SmallDomain(), self.surroundings, self.store, self.ask, self.clock.now, outside=outside, **how
        )
        await restorer.look(self.topic if topic is None else topic)
        found = await restorer.mend(restorer.lacking, in_part=in_part)
        found += await restorer.mend(sorted(self.store.documents), in_part=in_part)
        told = [one for one in found if one.end != "as it was"]
        return {one.subject: one for one in reversed(told)}

    async def ask(self, source: str, subject: str, after: int) -> list[Event]:
        if source in self.away:
            raise ConnectionError(source)
        known = self.sources[subject].events if subject in self.sources else []
        return [event for event in known if event.source == source and event.sequence > after]


async def lived(rig: Disaster) -> None:
    """Two requests, of which one is younger than the backup, and what became of their items."""
    await rig.intake("r1")
    await rig.tell(told("c1", "r1", keep={"c": 1}))
    rig.back_up()
    await rig.intake("r1")
    await rig.tell(told("c2", "r1", keep={"c": 2}))
    await rig.intake("r2", 2)
    await rig.tell(told("c3", "r2"))
    for item in await rig.ledger.lease(["r1", "r2"], "me", 10, TERM):
        await rig.settle(item)


async def kept(rig: Disaster, subject: str) -> dict[str, Any]:
    document = asdict(await rig.document(subject))
    return {name: document[name] for name in KEPT}
