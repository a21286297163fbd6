"""The faults, as values drawn from a seed; `strike` does the harm and returns once whatever was taken away is back."""

import asyncio
import random
import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from tests.faults.orders import Orders
from tests.faults.points import OF_SERVICE
from tests.faults.sinks import Mischief
from tests.faults.stand import Stand


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


@dataclass(frozen=True, kw_only=True)
class KillAt:
    """Every process named dies at its point, the nth time it comes there; whichever did not within `seconds` is killed anyway."""

    points: Mapping[str, tuple[str, int]]
    seconds: float = 8.0

    async def strike(self, stand: Stand) -> None:
        before = len(stand.deaths())
        for process, (point, nth) in self.points.items():
            stand.order(process, Orders(kill_at=point, nth=nth))
        for _ in range(int(self.seconds / 0.1)):
            await asyncio.sleep(0.1)
            if len(stand.deaths()) - before >= len(self.points):
                return
        died = {(one["service"], one["point"]) for one in stand.deaths()[before:]}
        for process, (point, _) in self.points.items():
            if (process.rsplit("-", 1)[0], point) not in died:
                stand.kill(process)


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
        await asyncio.sleep(self.seconds)
        stand.signal(self.process, signal.SIGCONT)


@dataclass(frozen=True, kw_only=True)
class BrokerGone:
    """The whole broker is killed and comes back after `seconds`; if it lost its log, the services say it again."""

    after: float
    seconds: float
    replayed: bool = True

    async def strike(self, stand: Stand) -> None:
        await asyncio.sleep(self.after)
        stand.stack.broker.kill()
        await asyncio.sleep(self.seconds)
        await stand.stack.broker.start()
        await stand.healed()
        if self.replayed and not stand.stack.broker.remembers:
            await stand.stack.replay()


@dataclass(frozen=True, kw_only=True)
class Outside:
    """The mail server and the chat vendor misbehave."""

    mails: tuple[tuple[str, str, int, float], ...] = ()
    chats: tuple[tuple[str, int, float], ...] = ()

    async def strike(self, stand: Stand) -> None:
        made = [Mischief(step=step, kind=kind, times=times, seconds=seconds) for step, kind, times, seconds in self.mails]
        stand.mails.misbehave(made)
        said = [Mischief(step="answer", kind=kind, times=times, seconds=seconds) for kind, times, seconds in self.chats]
        stand.chats.misbehave(said)


def kill_at_once(stand: Stand, chance: random.Random, turn: int) -> KillAt:
    """All services die, each at the point whose turn it is; over the turns every service dies at every one of its points."""
    points = {}
    for service, own in OF_SERVICE.items():
        for place, process in enumerate(stand.of(service)):
            points[process] = (own[(turn + 2 * place) % len(own)], chance.randint(1, 3))
    return KillAt(points=points)


def kill_outside(stand: Stand, chance: random.Random, number: int = 6) -> KillOutside:
    """Any processes at any moments."""
    return KillOutside(kills=tuple((chance.uniform(0.1, 1.6), chance.choice(stand.processes)) for _ in range(number)))
