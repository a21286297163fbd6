"""The fault of a lost database: one service goes on from a backup that is older than what it has said."""

import asyncio
import os
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from shared.storage import Database
from tests.faults.outages import reconcile
from tests.faults.stand import Stand

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120
LOOK_SECONDS = 0.02
NOTHING = " 0 events of 0 taken up"
Backup = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, kw_only=True)
class PutBack:
    """A copy of `service`'s database is taken under load; `between` seconds later it takes the place of the database.

    The service is killed for it, and restored before it starts again, unless that is what the run does without; the command is
    itself killed after `killed` seconds, and run again. What the service had written and not yet said is gone for good with a
    database, so it is killed when there is no such thing.
    """

    service: str
    after: float
    between: float
    killed: float
    restored: bool = True

    async def strike(self, stand: Stand) -> None:
        database = stand.database[f"backline_{self.service}"]
        await asyncio.sleep(self.after)
        backup = await copied(database)
        await asyncio.sleep(self.between)
        known = sum(stored["head"] for stored in backup.get("requests", ()))
        while await heads(database) <= known:
            await asyncio.sleep(LOOK_SECONDS)
        await self._killed(stand, database)
        await put_back(database, backup)
        if self.restored:
            await restore(stand, self.service, self.killed)
            if await heads(database) <= known:
                stand.damage.append(f"the restore of {self.service} had nothing to do, so that the run shows nothing")
        await stand.healed()
        await reconcile(stand, self.service)

    async def _killed(self, stand: Stand, database: Database) -> None:
        """Killed, not stopped: whoever leaves its group twice is let in no more by the embedded broker (docs/decisions/0007)."""
        while True:
            while await unsaid(database):
                await asyncio.sleep(LOOK_SECONDS)
            stand.resting.update(stand.of(self.service))
            for process in stand.of(self.service):
                stand.stack.services[process].kill()
            if not await unsaid(database):
                return
            await stand.healed()


async def unsaid(database: Database) -> int:
    """How many requests say something that is not known to be published."""
    return await database["requests"].count_documents({"$expr": {"$lt": ["$published", "$head"]}})


async def heads(database: Database) -> int:
    """How many events the requests have said."""
    return sum([stored["head"] async for stored in database["requests"].find({}, {"head": 1})])


async def copied(database: Database) -> Backup:
    """Every document of `database`, as it is read."""
    names = sorted(await database.list_collection_names())
    return {name: [stored async for stored in database[name].find({})] for name in names}


async def put_back(database: Database, backup: Backup) -> None:
    """Make `database` what it was."""
    for name in await database.list_collection_names():
        await database[name].drop()
    for name, stored in backup.items():
        if stored:
            await database[name].insert_many(stored)


async def restore(stand: Stand, service: str, killed: float) -> None:
    """As an operator does it: once killed, then to its end, and once more. What is undone then, or done still, is a damage of the run."""
    environment = {**os.environ, **stand.stack._environment(f"{service}-1")}
    command = [sys.executable, "-m", "infra.cli", "restore", service, "--as", "the proving ground"]
    run = partial(subprocess.run, command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    with suppress(subprocess.TimeoutExpired):  # which kills it with -9
        await asyncio.to_thread(run, timeout=killed)
    for _ in range(2):
        ended = await asyncio.to_thread(run, timeout=SECONDS)
        if f"{service} may be started." not in ended.stdout:
            stand.damage.append(f"the restore of {service} ended with {ended.returncode}: {ended.stdout}{ended.stderr[-1000:]}")
    if NOTHING not in ended.stdout:
        stand.damage.append(f"another restore of {service} found something new: {ended.stdout}")
