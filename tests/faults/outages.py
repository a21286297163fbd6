"""Faults of the broker and of the database, as values; `strike` returns once what was taken away is back."""

import asyncio
import os
import resource
import signal
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from shared.schemas.envelope import SOURCES
from tests.faults.clients import SERVICE
from tests.faults.proxy import in_time, nobody, ports_of
from tests.faults.stand import Stand

LOOK_SECONDS = 0.1
END_SECONDS = 90.0


@dataclass(frozen=True, kw_only=True)
class BrokerGone:
    """The whole broker is killed and comes back after `seconds`; if it lost its log, the services say it again."""

    after: float
    seconds: float
    replayed: bool = True

    async def strike(self, stand: Stand) -> None:
        await asyncio.sleep(self.after)
        stand.stack.broker.kill()
        stand.harmed()
        await asyncio.sleep(self.seconds)
        await stand.stack.broker.start()
        stand.healing()
        await stand.healed()
        if self.replayed and not stand.stack.broker.remembers:
            await stand.stack.replay()


@dataclass(frozen=True, kw_only=True)
class BrokersKilled:
    """kill -9 of some brokers of a cluster, which come back after `seconds`."""

    places: tuple[int, ...]
    after: float
    seconds: float

    async def strike(self, stand: Stand) -> None:
        await asyncio.sleep(self.after)
        for place in self.places:
            stand.stack.broker.programs[place].kill()
            stand.harmed()
        await asyncio.sleep(self.seconds)
        await stand.stack.broker.start()
        stand.healing()


@dataclass(frozen=True, kw_only=True)
class LostTail:
    """Notify is down while others speak, and what they said is gone from the broker when it comes back."""

    seconds: float
    reconciled: bool = True

    async def strike(self, stand: Stand) -> None:
        stand.resting.add("notify-1")
        stand.kill("notify-1")
        await asyncio.sleep(self.seconds)
        stand.stack.broker.kill()
        await stand.stack.broker.start()
        stand.healing()
        await stand.healed()
        for service in SOURCES if self.reconciled else ():
            await reconcile(stand, service)


async def reconcile(stand: Stand, service: str) -> None:
    """Have a service ask everybody it hears for what it lacks, page by page."""
    cursor: str | None = ""
    while cursor is not None:
        params = {"by": "the proving ground", "cursor": cursor}
        address = f"{stand.stack.url(service)}/internal/reconcile"
        answer = await stand.client.post(address, params=params, headers=SERVICE, timeout=60)
        cursor = answer.raise_for_status().json()["next"]


@dataclass(frozen=True, kw_only=True)
class PrimaryGone:
    """The database's primary is killed, frozen, or cut off from the other members (not from its clients), for `seconds`."""

    kind: str
    after: float
    seconds: float

    async def strike(self, stand: Stand) -> None:
        await asyncio.sleep(self.after)
        place = await stand.mongod.primary()
        assert place is not None, "a healthy set has a primary"
        primary = stand.mongod.programs[place]
        match self.kind:
            case "kill":
                primary.kill()
                stand.harmed()
                await asyncio.sleep(self.seconds)
                primary.start()
            case "freeze":
                assert primary.pid
                os.kill(primary.pid, signal.SIGSTOP)
                stand.harmed()
                await asyncio.sleep(self.seconds)
                os.kill(primary.pid, signal.SIGCONT)
            case _:
                await self._isolate(stand, place)
        stand.healing()
        while await stand.mongod.primary() is None:
            await asyncio.sleep(LOOK_SECONDS)

    async def _isolate(self, stand: Stand, place: int) -> None:
        """Cut what the other members say to the primary and what it says to them; they keep dialling, and are cut again."""
        pids = [program.pid or 0 for program in stand.mongod.programs]
        for number, proxy in enumerate(stand.proxies):
            kept_out = pids if number == place else [pids[place]]
            proxy.cut(partial(_of_any, kept_out))
        stand.harmed()
        await asyncio.sleep(self.seconds)
        for proxy in stand.proxies:
            proxy.cut(nobody)


@dataclass(frozen=True, kw_only=True)
class LateWrite:
    """For `seconds`, what clients tell the database arrives `late` seconds later on every other connection: after they gave up."""

    after: float
    seconds: float
    late: float

    async def strike(self, stand: Stand) -> None:
        await asyncio.sleep(self.after)
        members = set().union(*(ports_of(program.pid or 0) for program in stand.mongod.programs))
        for proxy in stand.proxies:  # who connects is given an even port, so that parity would choose all or none
            proxy.late = lambda port: self.late if port not in members and port // 2 % 2 else 0.0
        began, delayed = time.monotonic(), sum(proxy.delayed for proxy in stand.proxies)
        await asyncio.sleep(self.seconds)
        for proxy in stand.proxies:
            proxy.late = in_time
        if sum(proxy.delayed for proxy in stand.proxies) > delayed:
            stand.harm.append(began)
        stand.healing()


@dataclass(frozen=True, kw_only=True)
class ReadOnly:
    """The database refuses every write for `seconds`, in the midst of which a process is killed and has to come up again."""

    after: float
    seconds: float
    killed: str

    async def strike(self, stand: Stand) -> None:
        await asyncio.sleep(self.after)
        await _block_writes(stand, blocked=True)
        stand.harmed()
        try:
            await asyncio.sleep(self.seconds / 2)
            stand.kill(self.killed)
            await asyncio.sleep(self.seconds / 2)
        finally:
            await _block_writes(stand, blocked=False)
            stand.healing()


async def _block_writes(stand: Stand, *, blocked: bool) -> None:
    """Have the server answer every write with an error (code 371, UserWritesBlocked), or no longer."""
    await stand.database.admin.command({"setUserWriteBlockMode": 1, "global": blocked})


@dataclass(frozen=True, kw_only=True)
class DiskFull:
    """The database's only server can write no byte to its files any more, ends at that, and has room again after `seconds`."""

    after: float
    seconds: float

    async def strike(self, stand: Stand) -> None:
        await asyncio.sleep(self.after)
        (server,) = stand.mongod.programs
        assert server.pid is not None, "a healthy server runs"
        # What no writer insists on is in no file for so long (milliseconds, the most that the server allows).
        await stand.database.admin.command({"setParameter": 1, "journalCommitInterval": 500})
        _, hard = resource.prlimit(server.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (0, hard))
        async with asyncio.timeout(END_SECONDS):
            while server.pid is not None:
                await asyncio.sleep(LOOK_SECONDS)
        stand.harmed()
        await asyncio.sleep(self.seconds)
        await stand.mongod.start()
        stand.healing()


def _of_any(pids: Sequence[int], port: int) -> bool:
    """Whether a connection from `port` is one of these processes'."""
    return any(port in ports_of(pid) for pid in pids)
