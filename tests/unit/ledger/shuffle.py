"""Random schedules over the real ledger: several processes, two subjects, events and commands and items, every fault at once.

Invariant: a schedule is determined by its seed; every await of a process is a point where another may run or it may be killed.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.ledger.apply import Ledger, Publisher
from shared.ledger.document import Head, Held, LedgerStore
from shared.ledger.messages import Heard, Item, Settled, Told, Woken
from shared.ledger.reconciler import ON_THE_WAY, Reconciler
from shared.schemas.envelope import Event
from tests.unit.ledger.memory_store import FakePublisher, Faults, FaultyStore, StoreTimeoutError
from tests.unit.ledger.rig import raw, record
from tests.unit.ledger.small_domain import Diary, FakeClock, History, Quiet, Setting, SmallDomain, held, told
from tests.unit.ledger.turns import Turns

TERM = timedelta(seconds=20)
STEPS = 320
QUIET_ROUNDS = 40
FAILING = ("intake:2", "documents:1", "item-1", "item-3", "r1-wish-0", "woken")


Wrapping = Callable[[Any], Any]


@dataclass(kw_only=True)
class World:
    """Everything outside the ledger: sources, transport, clients, clock, and what they saw."""

    dice: random.Random
    store: LedgerStore
    subjects: tuple[str, ...] = ("r1", "r2")
    wrap_store: Wrapping = lambda store: store
    wrap_publisher: Wrapping = lambda publisher: publisher
    turns: Turns = field(default_factory=Turns)
    clock: FakeClock = field(default_factory=FakeClock)
    histories: dict[tuple[str, str], History] = field(default_factory=dict)
    pool: list[Held] = field(default_factory=list)
    wishes: list[Told] = field(default_factory=list)
    acknowledged: set[str] = field(default_factory=set)
    performed: list[tuple[str, str]] = field(default_factory=list)
    unsaid: list[str] = field(default_factory=list)
    forged: list[Held] = field(default_factory=list)
    killed: int = 0

    def __post_init__(self) -> None:
        failing = {self.dice.choice(FAILING)} if self.dice.random() < 0.4 else set()
        self.surroundings = Quiet(Setting(failing=failing, without_items=self.dice.random() < 0.3))
        self.faults = Faults(dice=self.dice, timeout=0.08, unanswered=0.05, unpublished=0.3)
        self.publisher = FakePublisher(self.faults, self.turns.pause)
        for subject in self.subjects:
            self._write_history(subject)
            self.wishes += [told(f"{subject}-wish-{n}", subject, keep={f"w{n}": n}) for n in range(3)]
        self.dice.shuffle(self.pool)

    def ledger(self) -> Ledger[Diary, Setting]:
        """The ledger of one process."""
        store = self.wrap_store(FaultyStore(self.store, self.faults, self.turns.pause))
        publisher: Publisher = self.wrap_publisher(self.publisher)
        return Ledger(domain=SmallDomain(), surroundings=self.surroundings, store=store, publisher=publisher, clock=self.clock)

    async def run(self) -> None:
        """One schedule: faults, then a quiet end."""
        makers: list[Callable[[], Coroutine[Any, Any, None]]] = [
            self._consumer,
            self._consumer,
            self._sweeper,
            self._worker,
            self._worker,
        ]
        actors = [(maker, await self.turns.begin(maker())) for maker in makers]
        actors += [(self._nobody, await self.turns.begin(self._client(wish))) for wish in [*self.wishes, *self.wishes[::2]]]
        for _ in range(STEPS):
            self.clock.forward(self.dice.choice((0, 0, 0, 0, 0, 0.2, 0.8)))
            if self.faults.late and self.dice.random() < 0.1:
                await self.faults.land()
            place = self.dice.choice([place for place, (_, actor) in enumerate(actors) if not actor.done()])
            maker, actor = actors[place]
            if self.dice.random() < 0.03:
                await self.turns.kill(actor)
                self.killed += 1
                actors[place] = (maker, await self.turns.begin(maker()))
            else:
                await self.turns.let_run(actor)
        for _, actor in actors:
            await self.turns.kill(actor)
        await self._quiet_end()

    async def _quiet_end(self) -> None:
        """The faults are mended, what is late lands, what is parked is redriven; sweeps alone publish all; then all is delivered
        and compared with its sources."""
        self.faults.quiet()
        self.surroundings.setting.failing.clear()
        while self.faults.late:
            await self.faults.land()
        await self._freely(self.ledger().redrive(self.subjects))
        await self._sweep_until_quiet()
        topic = {event.id for event in self.publisher.topic}
        self.unsaid = [e.id for subject in self.subjects for e in await self.store.events(subject) if e.id not in topic]
        await self._freely(self._deliver(self.pool))
        self.clock.forward(ON_THE_WAY.total_seconds())
        for source in ("intake", "documents"):
            await self._freely(self._reconciler(self.ledger()).compare(source))
        still = await self._freely(self.ledger().redrive(self.subjects))
        assert not any(still.values()), still
        await self._sweep_until_quiet()

    async def _sweep_until_quiet(self) -> None:
        for _ in range(QUIET_ROUNDS):
            self.clock.forward(5)
            if not await self._freely(self._sweep(self.ledger())) and not any(d.wake_at for d in await self._documents()):
                return

    async def _freely(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run one actor alone to its end."""
        task = asyncio.ensure_future(work)
        while not task.done():
            if task in self.turns.waiting:
                await self.turns.let_run(task)
            else:
                await asyncio.sleep(0.0001)
        return task.result()

    async def _documents(self) -> list[Any]:
        return list((await self.store.load(self.subjects)).values())

    # -- what goes in

    def _write_history(self, subject: str) -> None:
        intake, documents = History(subject, "intake"), History(subject, "documents")
        self.histories[subject, "intake"], self.histories[subject, "documents"] = intake, documents
        for _ in range(5):
            intake.say(data={"by": "p", "reason": "r", "keep": {f"k{len(intake.events)}": 1}})
            if self.dice.random() < 0.6:
                documents.say(after={"intake": len(intake.events)})
        for told_by in (intake, documents):
            lost = self.dice.choice((None, 0, 1, len(told_by.events) - 1))
            for place, event in enumerate(told_by.events):
                if place != lost:
                    self.pool += [held(event)] * (1 + (self.dice.random() < 0.3))
                    self.pool += [raw(event, record(event, value=b"{"))] * (self.dice.random() < 0.05)

    async def _ask(self, source: str, subject: str, after: int) -> list[Event]:
        return self.histories[subject, source].events[after:]

    async def _heads(self, source: str, since: datetime, after: str) -> list[Head]:
        said = {subject: self.histories[subject, source].events for subject in self.subjects}
        heads = [Head(subject=one, sequence=len(events), said_at=events[-1].time) for one, events in said.items() if events]
        return [head for head in heads if (head.said_at, head.subject) > (since, after)]

    def _reconciler(self, ledger: Ledger[Diary, Setting]) -> Reconciler:
        return Reconciler("notify", ledger, heads=self._heads, ask=self._ask, clock=self.clock)

    async def _forge(self) -> None:
        """Somebody says a number again that was heard, with another content."""
        subject = self.dice.choice(self.subjects)
        found = await self.store.load([subject])
        if subject in found and (heard := found[subject].heard.get("intake")):
            original = self.histories[subject, "intake"].events[self.dice.randrange(heard)]
            content = {**original.model_dump(exclude={"id"}), "data": {"by": "forger", "reason": "f"}}
            forgery = held(Event.say(**content))
            self.forged.append(forgery)
            self.pool.append(forgery)

    # -- who acts

    async def _nobody(self) -> None:
        return

    async def _consumer(self) -> None:
        ledger = self.ledger()
        while True:
            await self.turns.pause()
            if self.dice.random() < 0.02:
                await self._forge()
            batch = self.dice.sample(self.pool, min(len(self.pool), self.dice.randrange(1, 5)))
            with suppress(StoreTimeoutError):
                await self._deliver(batch, ledger)

    async def _deliver(self, batch: list[Held], ledger: Ledger[Diary, Setting] | None = None) -> None:
        batch = list(batch)
        if batch:
            await (ledger or self.ledger()).apply(batch)
        for one in batch:
            if one in self.pool and self.dice.random() < 0.9:  # else the commit of its offset is lost
                self.pool.remove(one)

    async def _sweeper(self) -> None:
        ledger = self.ledger()
        while True:
            await self.turns.pause()
            with suppress(StoreTimeoutError):
                await self._sweep(ledger)
                if self.dice.random() < 0.2:
                    await ledger.redrive(self.subjects)

    async def _sweep(self, ledger: Ledger[Diary, Setting]) -> bool:
        due = await ledger.store.due(self.clock.now(), 10)
        if due:
            await ledger.apply([Woken(subject=subject) for subject in due])
            for subject, sources in (await ledger.missing(due)).items():
                for source, number in sources.items():
                    await ledger.apply([Heard(event=event) for event in await self._ask(source, subject, number)])
            await self._perform(ledger, due)
        return bool(due)

    async def _worker(self) -> None:
        ledger = self.ledger()
        while True:
            await self.turns.pause()
            with suppress(StoreTimeoutError):
                await self._perform(ledger, list(self.subjects))

    async def _perform(self, ledger: Ledger[Diary, Setting], subjects: list[str]) -> None:
        owner = f"owner-{self.dice.random()}"
        for item in await ledger.lease(subjects, owner, self.dice.randrange(1, 4), TERM):
            await self.turns.pause()
            if self.dice.random() < 0.2:
                await ledger.postpone(item, owner, self.clock.now() + timedelta(seconds=3), "not now")
            elif await ledger.pass_point(item, owner):
                self.performed.append((item.subject, item.id))
                await self._settle(ledger, item)

    async def _settle(self, ledger: Ledger[Diary, Setting], item: Item) -> None:
        await self.turns.pause()
        await ledger.apply([Settled(subject=item.subject, item=item, end="done")])

    async def _client(self, wish: Told) -> None:
        """Says its wish again until it is acknowledged, some of the time."""
        ledger = self.ledger()
        for _ in range(self.dice.randrange(1, 4)):
            await self.turns.pause()
            with suppress(StoreTimeoutError):
                (outcome,) = await ledger.apply([wish])
                if outcome.problem:
                    continue
                assert len(outcome.events) == 1, "a command is answered with the events it caused, also when repeated"
                self.acknowledged.add(wish.id)
                return
