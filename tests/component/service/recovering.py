"""A service that recovers in a process of its own, and kills itself with -9 just before or just after its n-th write.

The process is a fork of a server that has imported everything, so that a test can afford one for every write there is.
"""

import asyncio
import multiprocessing
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import httpx
from pymongo import UpdateOne, monitoring

from shared.ledger.messages import Woken
from shared.messaging.wire import Record
from shared.schemas.envelope import Event
from shared.service.redriver import Redriver
from shared.storage import Database, connect
from tests.component.service.recovery_build import TOKEN, Office
from tests.unit.ledger.small_domain import held, history

WRITES = {"insert", "update", "findAndModify", "delete"}
NAMES = ("r1", "r2")
DEEDS = ("parked", "dead-letters", "replay", "reconcile", "rebuild")
SPOILT = {"state.heard": [], "state.kept": {"of": "nobody"}}


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What to do, and at which write to die: before it is sent, or when it has been answered. 0: at none."""

    uri: str
    database: str
    deed: str
    at: int = 0
    answered: bool = False
    careless: bool = False


class Killer(monitoring.CommandListener):
    """Counts the writes of this process."""

    def __init__(self, wish: Wish) -> None:
        self._wish = wish
        self._begun: dict[int, int] = {}

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.command_name in WRITES:
            self._begun[event.request_id] = len(self._begun) + 1
            self._reached(event.request_id, answered=False)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        self._reached(event.request_id, answered=True)

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        self._reached(event.request_id, answered=True)

    def _reached(self, request: int, *, answered: bool) -> None:
        if self._begun.get(request) == self._wish.at and answered == self._wish.answered:
            os.kill(os.getpid(), signal.SIGKILL)


class Careless(Redriver):
    """Marks a letter before its handler has taken it: what the real one must not do."""

    async def _handed(self, name: str, record: Record) -> str | None:
        await self._letters.mark_redriven(name, "nobody", self._clock.now())
        return await super()._handed(name, record)


class KeptTopic:
    """A topic in the database, so that it outlives the process."""

    def __init__(self, database: Database) -> None:
        self.collection = database["topic"]

    async def publish(self, events: Sequence[Event]) -> list[bool]:
        said: list[Any] = [UpdateOne({"_id": event.id}, {"$setOnInsert": {"of": event.subject}}, upsert=True) for event in events]
        await self.collection.bulk_write(said)
        return [True] * len(events)


async def seeded(database: Database, deed: str) -> Office:
    """A service with everything of NAMES to be done again by `deed`, and the fault mended."""
    office = _office(database)
    await office.prepare()
    match deed:
        case "parked":
            await office.park(*NAMES)
        case "dead-letters":
            await office.bury(*NAMES)
        case "replay" | "rebuild":
            await office.ledger.apply([held(event) for name in NAMES for event in history(name, 1)])
        case _:
            pass
    if deed == "rebuild":
        await database["requests"].update_many({}, {"$set": SPOILT})
    return office


async def recovered(database: Database, deed: str, *, redriver: type[Redriver] = Redriver) -> None:
    """Do `deed` to its end, as an operator asks for it, after the fault is mended; then what is due, as every process does."""
    office = _office(database)
    await _asked(office, deed, redriver)
    office.clock.forward(3600)
    due = await office.store.due(office.clock.now(), 100)
    await office.ledger.apply([Woken(subject=subject) for subject in due])


async def _asked(office: Office, deed: str, redriver: type[Redriver]) -> None:
    office.release.mended = True
    office.others = {name: history(name, 1) for name in NAMES} if deed in {"reconcile", "rebuild"} else {}
    transport, headers = httpx.ASGITransport(app=office.app(redriver)), {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(transport=transport, base_url="http://routing", headers=headers) as client:
        if deed in {"parked", "dead-letters"}:
            rows = (await client.get(f"/internal/{deed}")).json()["rows"]
            if names := [row["name"] for row in rows]:
                answer = await client.post(f"/internal/{deed}:redrive", params={"by": "A1"}, json={"names": names})
                answer.raise_for_status()
            return
        cursor: str | None = ""
        while cursor is not None:
            params = {"by": "A1", "cursor": cursor} | ({"swap": "true"} if deed == "rebuild" else {})
            answer = await client.post(f"/internal/{deed}", params=params)
            cursor = answer.raise_for_status().json()["next"]


def _office(database: Database) -> Office:
    office = Office(database)
    office.ledger.publishing.publisher = KeptTopic(database)
    return office


def _run(wish: Wish) -> None:
    async def run() -> None:
        database = connect(wish.uri)[wish.database]
        await recovered(database, wish.deed, redriver=Careless if wish.careless else Redriver)

    monitoring.register(Killer(wish))
    asyncio.run(run())


async def killed(wish: Wish) -> bool:
    """Do the wish in a process of its own; whether it was killed, or came to its end first. Raises when it failed otherwise."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    process = context.Process(target=_run, args=(wish,))
    process.start()
    await asyncio.to_thread(process.join, 60)
    if process.exitcode not in {0, -signal.SIGKILL}:
        raise ChildProcessError(f"it ended with {process.exitcode}")
    return process.exitcode != 0
