"""The fault of a lost database: one service goes on from a backup that is older than what it has said."""

import asyncio
import os
import re
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from infra.embedded import ProgramError
from shared.storage import Database
from tests.faults.outages import reconcile
from tests.faults.sinks import Mischief
from tests.faults.stand import Stand

ROOT = Path(__file__).resolve().parents[2]
SECONDS = 120
LOOK_SECONDS = 0.02
HEARD_LOOKS = 100
STRIKE_SECONDS = 180
MAILS = 1000
NOTHING = " 0 events of 0 taken up"
DOUBTED = re.compile(r"(\d+) in doubt, ")
Backup = dict[str, list[dict[str, Any]]]


@dataclass(frozen=True, kw_only=True)
class PutBack:
    """A copy of `service`'s database is taken under load; `between` seconds later, under load still, it takes the place of the database.

    The service is killed for it, and restored before it starts again, unless that is what the run does without; the command is
    itself killed after `killed` seconds, and run again. What the service had written and not yet said is gone for good with a
    database, so it is killed when there is no such thing. With `held` the mail server says only so many seconds after it has taken
    a mail that it has; then the service is killed while it performs something, of which the restore must doubt at least one.
    """

    service: str
    after: float
    between: float
    killed: float
    held: float = 0.0
    restored: bool = True

    async def strike(self, stand: Stand) -> None:
        database = stand.database[f"backline_{self.service}"]
        await asyncio.sleep(self.after)
        backup = await copied(database)
        if self.held:
            stand.mails.misbehave([Mischief(step="dot", kind="delay", times=MAILS, seconds=self.held)])
        await asyncio.sleep(self.between)
        known = sum(stored["head"] for stored in backup.get("requests", ()))
        await self._killed(stand, known)
        stand.mails.misbehave(())
        await put_back(database, backup)
        if self.restored:
            doubts = await restore(stand, self.service, self.killed)
            if self.held and not doubts:
                stand.damage.append(f"the restore of {self.service} doubted nothing of what was under way")
            if await heads(database) <= known:
                stand.damage.append(f"the restore of {self.service} had nothing to do, so that the run shows nothing")
        await stand.healed()
        await reconcile(stand, self.service)

    async def _killed(self, stand: Stand, known: int) -> None:
        """Killed, not stopped: whoever leaves its group twice is let in no more by the embedded broker (docs/decisions/0007)."""
        deadline = time.monotonic() + STRIKE_SECONDS
        while not await self._is_right(stand, known) and time.monotonic() < deadline:
            await asyncio.sleep(LOOK_SECONDS)
        stand.resting.update(stand.of(self.service))
        for process in stand.of(self.service):
            stand.stack.services[process].kill()
            stand.harmed()
        for _ in range(HEARD_LOOKS):  # what it said last is on its way to those who hear it
            if await self._is_right(stand, known):
                return
            await asyncio.sleep(LOOK_SECONDS)
        if time.monotonic() > deadline:
            raise ProgramError(
                f"there was no moment to put {self.service} back: it said nothing new, or had something to say, or nothing under way"
            )
        await stand.healed()
        await self._killed(stand, known)

    async def _is_right(self, stand: Stand, known: int) -> bool:
        """Whether more than `known` events are said, nothing that is written would be lost and, where mails are held, something is
        being performed.
        """
        if await heads(stand.database[f"backline_{self.service}"]) <= known or await unsaid(stand, self.service):
            return False
        requests = stand.database[f"backline_{self.service}"]["requests"]
        return not self.held or await requests.count_documents({"items.status": {"$in": ["leased", "data"]}}) > 0


async def unsaid(stand: Stand, service: str) -> int:
    """How many requests say something that is not marked as published, and that intake, which hears everybody, has not heard."""
    found = stand.database[f"backline_{service}"]["requests"].find({"$expr": {"$lt": ["$published", "$head"]}}, {"head": 1})
    said = {stored["_id"]: stored["head"] async for stored in found}
    hearing = stand.database["backline_intake"]["requests"].find({"_id": {"$in": list(said)}}, {"heard": 1})
    heard = {stored["_id"]: stored["heard"].get(service, 0) async for stored in hearing}
    return sum(heard.get(subject, 0) < head for subject, head in said.items())


async def heads(database: Database) -> int:
    """How many events the requests have said."""
    return sum([stored["head"] async for stored in database["requests"].find({}, {"head": 1})])


async def copied(database: Database) -> Backup:
    """Every document of `database`, all as of one moment, as recovery.md asks of a backup."""
    names = sorted(await database.list_collection_names())
    async with await database.client.start_session(snapshot=True) as moment:
        return {name: [stored async for stored in database[name].find({}, session=moment)] for name in names}


async def put_back(database: Database, backup: Backup) -> None:
    """Make `database` what it was."""
    for name in await database.list_collection_names():
        await database[name].drop()
    for name, stored in backup.items():
        if stored:
            await database[name].insert_many(stored)


async def restore(stand: Stand, service: str, killed: float) -> int:
    """As an operator does it: once killed, then to its end, and once more; how many items are in doubt.

    What is undone then, or done still, is a damage of the run.
    """
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
    doubted = DOUBTED.search(ended.stdout)
    return int(doubted[1]) if doubted else 0
