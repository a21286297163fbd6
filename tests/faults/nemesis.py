"""Faults of processes, as values drawn from a seed; `strike` does the harm and returns once what was taken away is back."""

import asyncio
import random
import signal
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from tests.faults.orders import Orders
from tests.faults.points import OF_SERVICE
from tests.faults.stand import Stand

LOOK_SECONDS = 0.1


class Fault(Protocol):
    """Something that goes wrong while requests are under way."""

    async def strike(self, stand: Stand) -> None:
        """Do it, and undo what outlasts it."""
        ...


@dataclass(frozen=True, kw_only=True)
class Nothing:
    """No fault: what a run looks like when all is well."""

    async def strike(self, stand: Stand) -> None:
        """Do nothing."""


Points = Mapping[str, tuple[str, int]]
"""Per process where it dies, and at which of its visits there."""


@dataclass(frozen=True, kw_only=True)
class KillAt:
    """Every process named dies at its point, and in its next life at that of `then`; whichever is late is killed anyway.

    `seconds` is for those that have work at once; what the work of others must come before has `later_seconds`.
    """

    points: Points
    then: Points = field(default_factory=dict)
    seconds: float = 8.0
    later: tuple[str, ...] = ()
    later_seconds: float = 30.0

    async def strike(self, stand: Stand) -> None:
        before = len(stand.arrivals())
        stand.next_life.update({process: Orders(point=point, nth=nth) for process, (point, nth) in self.then.items()})
        for process, (point, nth) in self.points.items():
            stand.order(process, Orders(point=point, nth=nth))
        late = await self._end(stand, before, list(self.points))
        if self.then:
            arriving = [process for process in self.points if process not in late]
            await self._end(stand, before, [*arriving, *self.then])

    async def _end(self, stand: Stand, before: int, processes: Sequence[str]) -> list[str]:
        """Wait until each of `processes` has ended at its points, and kill those that have not in time; who these were."""
        late: list[str] = []
        for seconds, later in ((self.seconds, False), (self.later_seconds, True)):
            waited = [process for process in processes if (process in self.later) == later]
            for process in await not_arrived(stand, before, waited, seconds):
                stand.kill(process)
                late.append(process)
        return late


async def not_arrived(stand: Stand, before: int, processes: Sequence[str], seconds: float) -> list[str]:
    """Wait until each of `processes`, as often as it is named, is where it was told to end; which are not after `seconds` of life.

    `before` is how many arrivals there had been. Time passes only while they all answer: a process that still starts is not late.
    """
    deadline = time.monotonic() + seconds
    while waited := Counter(processes) - Counter(name for name, _ in stand.arrivals()[before:]):
        if not await stand.live(waited):
            deadline = time.monotonic() + seconds
        if time.monotonic() > deadline:
            break
        await asyncio.sleep(LOOK_SECONDS)
    return list(waited)


@dataclass(frozen=True, kw_only=True)
class FreezeAt:
    """One process freezes at its point for `seconds`: whatever it read is old when it goes on, and others have its work."""

    process: str
    point: str
    seconds: float

    async def strike(self, stand: Stand) -> None:
        before = len(stand.arrivals())
        stand.order(self.process, Orders(point=self.point, frozen=True))
        if await not_arrived(stand, before, [self.process], 20):
            stand.signal(self.process, signal.SIGSTOP)
        stand.harmed()
        await asyncio.sleep(self.seconds)
        stand.signal(self.process, signal.SIGCONT)
        stand.healing()


@dataclass(frozen=True, kw_only=True)
class KillOutside:
    """kill -9 by process id at moments that nothing in the code knows of: (seconds from the last one, process)."""

    kills: tuple[tuple[float, str], ...]

    async def strike(self, stand: Stand) -> None:
        for seconds, process in self.kills:
            await asyncio.sleep(seconds)
            stand.kill(process)


@dataclass(frozen=True, kw_only=True)
class Stop:
    """SIGSTOP, and after `seconds` SIGCONT: a zombie that wakes up and believes it is still in charge."""

    process: str
    after: float
    seconds: float

    async def strike(self, stand: Stand) -> None:
        await asyncio.sleep(self.after)
        stand.signal(self.process, signal.SIGSTOP)
        stand.harmed()
        await asyncio.sleep(self.seconds)
        stand.signal(self.process, signal.SIGCONT)
        stand.healing()


@dataclass(frozen=True, kw_only=True)
class RolledOut:
    """Every process is asked to end, as a roll-out does it: one after the other, each when all are ready again."""

    async def strike(self, stand: Stand) -> None:
        slowest = 0.0
        for process in stand.processes:
            program = stand.stack.services[process]
            pid, asked = program.pid, time.monotonic()
            stand.signal(process, signal.SIGTERM)
            stand.harmed()
            while program.pid == pid:
                await asyncio.sleep(LOOK_SECONDS)
            slowest = max(slowest, time.monotonic() - asked)
            await stand.healed()
        stand.notes["ended_after"] = round(slowest, 1)


def kill_at_once(stand: Stand, chance: random.Random, turn: int, seconds: float) -> KillAt:
    """All services die at the points whose turn it is, twice; over the turns every service dies at every one of its points."""
    later = tuple(stand.of("documents"))
    return KillAt(points=_points(stand, chance, turn), then=_points(stand, chance, turn + 1), seconds=seconds, later=later)


def _points(stand: Stand, chance: random.Random, turn: int) -> Points:
    points: dict[str, tuple[str, int]] = {}
    for service, own in OF_SERVICE.items():
        for place, process in enumerate(stand.of(service)):
            points[process] = (own[(turn + 2 * place) % len(own)], chance.randint(1, 2))
    return points


def kill_outside(stand: Stand, chance: random.Random, number: int) -> KillOutside:
    """Any processes at any moments."""
    return KillOutside(kills=tuple((chance.uniform(0.1, 1.6), chance.choice(stand.processes)) for _ in range(number)))
