"""One process of the small service over a store in memory, with nothing going wrong unless a test makes it."""

import random
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from shared.ledger.apply import Ledger, Publisher
from shared.ledger.document import Document, Held, LedgerStore
from shared.ledger.messages import Item, Outcome, Settled, Told, Woken
from shared.messaging.wire import Record
from shared.schemas.envelope import Event
from tests.unit.ledger.memory_store import FakePublisher, Faults, MemoryStore
from tests.unit.ledger.small_domain import Diary, FakeClock, Quiet, Setting, SmallDomain, held

TERM = timedelta(seconds=60)


class Rig:
    """A ledger and everything around it."""

    def __init__(self, *, publisher: Publisher | None = None, publish_patience: float | None = None) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore()
        self.surroundings = Quiet(Setting(without_items=True))
        self.faults = Faults(dice=random.Random(0))
        self.published = FakePublisher(self.faults)
        self.nudged: dict[str, int] = {}
        self._publisher = publisher or self.published
        self._publish_patience = publish_patience
        self.ledger = self.process()

    def process(self, *, store: LedgerStore | None = None, domain: SmallDomain | None = None) -> Ledger[Diary, Setting]:
        """The ledger of one more process, whose way to the store, or whose domain, may be another."""
        return Ledger(
            domain=domain or SmallDomain(),
            surroundings=self.surroundings,
            store=store or self.store,
            publisher=self._publisher,
            clock=self.clock,
            nudge=self._nudge,
            publish_patience=self._publish_patience,
        )

    @property
    def failing(self) -> set[str]:
        """Labels of the messages whose decision raises."""
        return self.surroundings.setting.failing

    async def hear(self, *events: Event) -> list[Outcome]:
        """One batch from Kafka."""
        return await self.ledger.apply([held(event, self.clock.now()) for event in events])

    async def tell(self, command: Told) -> Outcome:
        """One command."""
        return (await self.ledger.apply([command]))[0]

    async def wake(self, subject: str = "r1") -> Outcome:
        """One wake-up."""
        return (await self.ledger.apply([Woken(subject=subject)]))[0]

    async def settle(self, item: Item, end: Any = "done", *, owner: str = "me", **values: Any) -> Outcome:
        """The end of one item, as its owner tells it."""
        return (await self.ledger.apply([Settled(subject=item.subject, item=item, end=end, owner=owner, **values)]))[0]

    async def plan(self, *items: str) -> None:
        """Items planned on r1."""
        await self.ledger.apply([Told(id=f"plan-{items}", subject="r1", name="plan", data={"items": items}, at=self.clock.now())])

    async def lease(self, owner: str = "me", limit: int = 10) -> list[Item]:
        """What is due on r1."""
        return await self.ledger.lease(["r1"], owner, limit, TERM)

    async def document(self, subject: str = "r1") -> Document:
        """What is stored."""
        return (await self.store.load([subject]))[subject]

    async def diary(self, subject: str = "r1") -> Diary:
        """The stored projection."""
        return Diary.model_validate((await self.document(subject)).state)

    async def said(self, subject: str = "r1") -> list[Any]:
        """By whom each own fact is, in order."""
        return [event.data["by"] for event in await self.store.events(subject)]

    async def item(self, name: str) -> Any:
        """One stored item."""
        return next(item for item in (await self.document()).items if item.id == name)

    def _nudge(self, due: Mapping[str, int]) -> None:
        self.nudged |= due


def record(event: Event, *, value: bytes | None = None, **headers: bytes | None) -> Record:
    """`event` as a Kafka record, with another value or other headers (underscores stand for ce_)."""
    original = held(event).record
    changed = {f"ce_{name}": content for name, content in headers.items()}
    kept = tuple((name, changed.pop(name) if name in changed else content) for name, content in original.headers)
    return Record(
        topic="backline.requests.v1",
        partition=3,
        offset=event.sequence,
        key=original.key,
        headers=(*kept, *changed.items()),
        value=original.value if value is None else value,
    )


def raw(event: Event, record_: Record, at: Any = None) -> Held:
    """A record as the place in the history that it claims."""
    return Held(source=event.source, sequence=event.sequence, id=event.id, since=at or event.time, record=record_)
