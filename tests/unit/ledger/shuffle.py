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
from shared.ledger.effects import Done, Ending, PointOfNoReturn, Retry
from shared.ledger.messages import Item, Lease, Message, Outcome, Told
from shared.ledger.order import held_from
from shared.ledger.reconciler import ON_THE_WAY, Reconciler
from shared.ledger.worker import Worker
from shared.schemas.envelope import Event
from tests.unit.ledger.memory_store import FakePublisher, Faults, FaultyStore, StoreTimeoutError
from tests.unit.ledger.rig import raw, record
from tests.unit.ledger.small_domain import Diary, FakeClock, History, Quiet, Setting, SmallDomain, held, told
from tests.unit.ledger.turns import SkippingLoop, Turns

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
            self._redriver,
            self._worker,
            self._worker,
        ]
        actors = [(maker, await self.turns.begin(maker())) for maker in makers]
        actors += [(self._nobody, await self.turns.begin(self._client(wish))) for wish in [*self.wishes, *self.wishes[::2]]]
        for _ in range(STEPS):
            self._time_passes(self.dice.choice((0, 0, 0, 0, 0, 0.2, 0.8)))
            if self.faults.late and self.dice.random() < 0.1:
                await self.faults.land()
            if self.dice.random() < 0.03:
                place = self.dice.choice([place for place, (_, actor) in enumerate(actors) if not actor.done()])
                maker, actor = actors[place]
                await self.turns.kill(actor)
                self.killed += 1
                actors[place] = (maker, await self.turns.begin(maker()))
            elif self.turns.waiting:  # an actor, or an effect that a worker has under way
                await self.turns.let_run(self.dice.choice(list(self.turns.waiting)))
            else:
                await asyncio.sleep(0.001)
        for _, actor in actors:
            await self.turns.kill(actor)
        await self._quiet_end()

    def _time_passes(self, seconds: float) -> None:
        """For the ledger's clock, and for time-outs and back-offs that wait for the loop's."""
        self.clock.forward(seconds)
        if isinstance(loop := asyncio.get_running_loop(), SkippingLoop):
            loop.skip(seconds)

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
        worker = self._new_worker()
        for _ in range(QUIET_ROUNDS):
            self._time_passes(5)
            await self._freely(worker._turn())
            await self._freely(worker.drained())
            if not any(document.wake_at for document in await self._documents()):
                return

    async def _freely(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run one actor, and what it has under way, to its end."""
        task = asyncio.ensure_future(work)
        while not task.done():
            if self.turns.waiting:
                await self.turns.let_run(next(iter(self.turns.waiting)))
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
                    self.pool += [damaged(event)] * (self.dice.random() < 0.05)

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

    async def _redriver(self) -> None:
        ledger = self.ledger()
        while True:
            await self.turns.pause()
            if self.dice.random() < 0.1:
                with suppress(StoreTimeoutError):
                    await ledger.redrive(self.subjects)

    async def _worker(self) -> None:
        """The real worker's turns, one after the other; its effects die with it."""
        worker = self._new_worker()
        try:
            while True:
                await self.turns.pause()
                with suppress(StoreTimeoutError):
                    await worker._turn()
        finally:
            worker.abandon()

    def _new_worker(self) -> "ShuffledWorker":
        ledger = self.ledger()
        slots = self.dice.randrange(1, 4)
        return ShuffledWorker(ledger, Straight(ledger), effects={"print": self._print}, ask=self._ask, slots=slots, lease=TERM)

    async def _print(self, item: Item, point_of_no_return: PointOfNoReturn) -> Ending:
        await self.turns.pause()
        if self.dice.random() < 0.2:
            return Retry(problem="not now", seconds=3)
        await point_of_no_return()
        await self.turns.pause()
        self.performed.append((item.subject, item.id))
        await self.turns.pause()
        return Done()

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


class Straight:
    """A desk at which nobody waits for others."""

    def __init__(self, ledger: Ledger[Diary, Setting]) -> None:
        self._ledger = ledger

    async def tell(self, message: Message | Lease) -> Outcome:
        return (await self._ledger.apply([message]))[0]


class ShuffledWorker(Worker):
    """The real worker, whose effects under way can be waited for, or left where they stand."""

    async def drained(self) -> None:
        """Until nothing is under way; unlike `drain` it goes on working afterwards."""
        await self._gaps.finish()
        while self._running:
            await asyncio.wait(self._running)

    def abandon(self) -> None:
        self._gaps.stop()
        for task in self._running:
            task.cancel()


def damaged(event: Event) -> Held:
    """`event` under an id that is not its digest."""
    found = held_from(record(event, id=b"damaged"), event.time)
    assert isinstance(found, Held)
    return found
