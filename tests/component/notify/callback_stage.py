"""Notify's ledger on a real database with one effect, callbacks, and a receiver on loopback; the clock is put forward by hand."""

import asyncio
import ipaddress
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from services.notify.callbacks import CHANNEL
from services.notify.channels.callback import Callbacks
from services.notify.channels.dialling import Dialler, trust
from services.notify.channels.endpoints import Endpoints
from services.notify.domain import NotifyDomain
from services.notify.policy import load_policy
from services.notify.state import State
from services.notify.surroundings import NotifySurroundings
from shared.callbacks.addresses import Rules
from shared.callbacks.guard import Guard, Resolve
from shared.ledger.apply import Ledger
from shared.ledger.effects import Done, Ending, PointOfNoReturn
from shared.ledger.messages import Item, Outcome, Told
from shared.ledger.worker import Worker
from shared.schemas.callbacks import HAPPENINGS, Callback
from shared.storage import Collection, MongoLedgerStore
from tests.builders import events_of
from tests.component.notify.callback_receiver import CA, NAME, Receiver
from tests.unit.ledger.memory_store import AwayPublisher
from tests.unit.ledger.small_domain import FakeClock, held
from tests.unit.notify.notify_build import REQUEST, a_directory

MASTER = b"the master secret of these very tests"
LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"),)


def a_callback(receiver: Receiver | str, **changes: Any) -> Callback:
    """Unit east's subscription to everything."""
    url = receiver if isinstance(receiver, str) else receiver.url
    return Callback(unit="east", id="crm", url=url, events=HAPPENINGS, contact="asker").model_copy(update=changes)


async def to_loopback(host: str, _port: int) -> list[str]:
    """A name server that knows the certificate's name."""
    return ["127.0.0.1"] if host == NAME else [host]


def a_dialler(*receivers: Receiver, resolve: Resolve = to_loopback, timeout: float = 2.0, networks: Any = LOOPBACK) -> Dialler:
    """One that may call the receivers."""
    rules = Rules(
        ports=frozenset(receiver.port for receiver in receivers),
        networks=networks,
        http_hosts=frozenset(receiver.address for receiver in receivers),
    )
    return Dialler(Guard(rules, resolve), trust(str(CA)), timeout=timeout)


@dataclass
class Intake:
    """What intake is told, and whether it can be."""

    able: bool = True
    told: list[tuple[str, str]] = field(default_factory=list)

    async def gone(self, _callback: Callback, delivery: str) -> bool:
        self.told.append(("gone", delivery))
        return self.able

    async def works(self, _callback: Callback, delivery: str) -> bool:
        self.told.append(("works", delivery))
        return self.able

    async def failing(self, _callback: Callback, item: Item) -> bool:
        self.told.append(("failing", item.id))
        return self.able


class OneAtATime:
    """A desk without grouping."""

    def __init__(self, ledger: Ledger[Any, Any]) -> None:
        self._ledger = ledger

    async def tell(self, message: Any) -> Outcome:
        return (await self._ledger.apply([message]))[0]


class Stage:
    """`callbacks` are unit east's; `mails` are taken without being sent."""

    def __init__(self, collection: Collection, *callbacks: Callback, dialler: Dialler, slots: int = 64) -> None:
        self.clock = FakeClock()
        self.directory = a_directory().with_entries(callbacks)
        self.tells = Intake()
        self.mailed: list[str] = []
        surroundings = NotifySurroundings(clock=self.clock, rooms=frozenset(), subscribers=(), directory=lambda: self.directory)
        self.ledger: Ledger[Any, Any] = Ledger(
            domain=NotifyDomain(load_policy()),
            surroundings=surroundings,
            store=MongoLedgerStore(collection),
            publisher=AwayPublisher(),
            clock=self.clock,
        )
        self.desk = OneAtATime(self.ledger)
        self.callbacks = Callbacks(
            directory=lambda: self.directory,
            dialler=dialler,
            endpoints=Endpoints(),
            tells=self.tells,
            clock=self.clock,
            master=MASTER,
        )
        self._say: dict[str, Any] = {}
        self.worker = self._worker(slots)

    def _worker(self, slots: int) -> Worker:
        async def mail(item: Item, _point: PointOfNoReturn) -> Ending:
            self.mailed.append(item.id)
            return Done()

        async def nobody(*_args: Any) -> list[Any]:
            return []

        effects = {CHANNEL: self.callbacks.perform, "email": mail}
        return Worker(self.ledger, self.desk, effects=effects, ask=nobody, slots=slots, sweep_seconds=0.02)

    async def hear(self, *facts: Any, request: str = REQUEST) -> None:
        say = self._say.setdefault(request, events_of(request, self.clock.now()))
        await self.ledger.apply([held(say(fact), self.clock.now()) for fact in facts])

    async def state(self, request: str = REQUEST) -> State:
        document = (await self.ledger.store.load([request]))[request]
        return State.model_validate(document.state)

    async def items(self, request: str = REQUEST) -> list[Any]:
        document = (await self.ledger.store.load([request]))[request]
        return [item for item in document.items if item.kind == CHANNEL]

    async def resolve(self, delivery: str) -> Outcome:
        data = {"delivery": delivery, "arrived": False}
        return await self.desk.tell(Told(id=f"r-{delivery}", subject=REQUEST, name="resolve", data=data, at=self.clock.now()))


@asynccontextmanager
async def working(stage: Stage, *, pace: float = 0.0) -> AsyncIterator[None]:
    """The worker works; the clock goes at `pace`, or stands still."""

    async def tick() -> None:
        while True:
            await asyncio.sleep(0.02)
            stage.clock.forward(0.02 * pace)

    worker = stage.worker
    tasks = [asyncio.create_task(worker.work()), asyncio.create_task(tick())]
    try:
        yield
    finally:
        await worker.drain(5)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(true: Callable[[], Any], seconds: float = 20.0) -> None:
    """Wait until it is; an awaitable answer is awaited."""
    async with asyncio.timeout(seconds):
        while True:
            found = true()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.02)
