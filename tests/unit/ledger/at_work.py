"""A worker at work on a rig: scripted effects, sweeps that follow each other at once, and waiting for what they do."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from shared.ledger.desk import Desk
from shared.ledger.effects import Ending, PointOfNoReturn
from shared.ledger.messages import Item
from shared.ledger.waking import SEEN
from shared.ledger.worker import Worker
from shared.schemas.envelope import Event
from tests.unit.ledger.rig import Rig


class Effect:
    """An effect that ends as scripted, one ending per attempt; an exception is raised."""

    def __init__(self, *endings: Ending | Exception, passing: bool = False) -> None:
        self.endings = list(endings)
        self.passing = passing
        self.attempts: list[tuple[str, int]] = []

    async def __call__(self, item: Item, point: PointOfNoReturn) -> Ending:
        self.attempts.append((item.id, item.attempt))
        if self.passing:
            await point()
        ending = self.endings.pop(0)
        if isinstance(ending, Exception):
            raise ending
        return ending


async def nobody_answers(source: str, subject: str, after: int) -> Sequence[Event]:
    return []


@asynccontextmanager
async def working(rig: Rig, effect: Any = None, **options: Any) -> AsyncIterator[Worker]:
    """A desk and a worker at work on `rig`; sweeps follow each other at once.

    Of what was planned before, another worker was told: this one looks after a while.
    """
    rig.clock.forward(SEEN.total_seconds())
    desk = Desk(rig.ledger)
    options = {"ask": nobody_answers, "slots": 16, "sweep_seconds": 0.005, **options}
    worker = Worker(rig.ledger, desk, effects={"print": effect} if effect else {}, **options)
    tasks = [asyncio.create_task(desk.work()), asyncio.create_task(worker.work())]
    yield worker
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for `condition`, at most half a minute."""
    async with asyncio.timeout(30):
        while not condition():  # the condition belongs to the parts under test
            await asyncio.sleep(0.002)


def status(rig: Rig, name: str = "a") -> str:
    """How the stored item stands."""
    return next(item.status for item in rig.store.documents["r1"].items if item.id == name)
