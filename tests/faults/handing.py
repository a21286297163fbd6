"""The faults of a change that comes in the midst of work: a member joins while a handler is slow, a projection is made again under load."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from infra.embedded import ProgramError
from shared.schemas.envelope import SOURCES
from tests.faults import owners
from tests.faults.clients import SERVICE
from tests.faults.orders import Orders
from tests.faults.stand import Stand

LOOK_SECONDS = 0.1
START_SECONDS = 120.0
QUIET_SECONDS = 1.5


@dataclass(frozen=True, kw_only=True)
class SlowHandler:
    """Both routing processes go, requests wait; one comes back alone, is slow with its first batch, and then the other joins.

    `after` is how long requests gather, `seconds` how long the batch takes, in which the other joins after `joins`. Every batch of
    both is noted, for the checker.
    """

    after: float
    seconds: float
    joins: float

    async def strike(self, stand: Stand) -> None:
        slow, joining = stand.of("routing")[:2]
        stand.resting.update(stand.of("routing"))
        for process in stand.of("routing"):
            stand.kill(process)
        await asyncio.sleep(self.after)
        stand.next_life |= {slow: Orders(slow=self.seconds, noted=True), joining: Orders(noted=True, held=True)}
        stand.resting.discard(joining)
        while not await stand.live([joining]):
            await asyncio.sleep(LOOK_SECONDS)
        stand.resting.discard(slow)
        begun = await self._noted(stand, slow, "begin", START_SECONDS)
        await asyncio.sleep(self.joins)
        stand.order(joining, Orders(noted=True))
        asked = await self._noted(stand, slow, "revoke", begun + self.seconds - time.monotonic() + LOOK_SECONDS)
        if not asked or asked > begun + self.seconds:
            raise ProgramError(f"nobody joined while {slow} was slow for {self.seconds:.0f} s, so that the run shows nothing")
        stand.notes["joined_after"] = round(asked - begun, 1)
        await asyncio.sleep(max(0.0, begun + self.seconds - time.monotonic()))
        stand.healing()

    async def _noted(self, stand: Stand, process: str, what: str, seconds: float) -> float:
        """When `process` first noted `what` of its slow batch or later; 0 if it did not within `seconds`."""
        port, deadline = str(stand.stack.ports[process]), time.monotonic() + seconds
        while time.monotonic() < deadline:
            noted = [one for one in owners.notes(stand.folder) if one["process"] == port]
            begun = next((one["at"] for one in noted if one["what"] == "begin"), None)
            for one in noted:
                if begun is not None and one["what"] == what and one["at"] >= begun:
                    return float(one["at"])
            await asyncio.sleep(LOOK_SECONDS)
        return 0.0


@dataclass(frozen=True, kw_only=True)
class Rebuilt:
    """Under load every service makes its states again from nothing, twice; and twice again once nothing moves, with one result.

    Each must agree with the state in use, whatever is being written meanwhile, and nobody may be told anything by it. Rest must
    come within `patience` seconds.
    """

    after: float
    patience: float

    async def strike(self, stand: Stand) -> None:
        await asyncio.sleep(self.after)
        stand.harmed()
        for turn in range(2):
            for service in SOURCES:
                stand.damage += _complaints(service, f"under load, turn {turn + 1}", await rebuild(stand, service, swap=True))
        stand.healing()
        await self._at_rest(stand)

    async def _at_rest(self, stand: Stand) -> None:
        """Again and again until nothing was written or sent beside it; who still does after so long can only be the rebuild."""
        deadline = time.monotonic() + self.patience
        while True:
            before, taken = await _quiet(stand, deadline), _taken(stand)
            turns = [{service: await rebuild(stand, service, swap=False) for service in SOURCES} for _ in range(2)]
            await asyncio.sleep(QUIET_SECONDS)
            told, written = _taken(stand) - taken, await heads(stand) != before
            if not (told or written) or time.monotonic() > deadline:
                break
        if written:
            stand.damage.append("something was written while nothing but rebuilds went on")
        if told:
            stand.damage.append(f"{told} messages were sent while nothing but rebuilds went on")
        stand.notes["rebuilt"] = sum(made["rebuilt"] for made in turns[0].values())
        for service in SOURCES:
            first, second = (turn[service] for turn in turns)
            stand.damage += _complaints(service, "at rest", second)
            if first["checksum"] != second["checksum"]:
                stand.damage.append(f"two rebuilds of {service} at rest have different checksums")


def _taken(stand: Stand) -> int:
    """How many messages the outside world has."""
    return len(stand.mails.taken) + len(stand.chats.taken)


async def rebuild(stand: Stand, service: str, *, swap: bool) -> dict[str, Any]:
    """Rebuild everything that a service has, page by page; the counts of all pages, why some differ, and the checksums."""
    total: dict[str, Any] = {"rebuilt": 0, "wrong": 0, "why": [], "checksum": []}
    cursor: str | None = ""
    while cursor is not None:
        params = {"by": "the proving ground", "cursor": cursor, **({"swap": "true"} if swap else {})}
        address = f"{stand.stack.url(service)}/internal/rebuild"
        page = (await stand.client.post(address, params=params, headers=SERVICE, timeout=60)).raise_for_status().json()
        wrong = [row for row in page["rows"] if row["end"] != "changed"]  # that one was written by others each time is no fault
        total["rebuilt"] += page["rebuilt"]
        total["wrong"] += len(wrong)
        total["why"] += [f"{row['name']} {row['end']}: {row['why']}" for row in wrong]
        total["checksum"].append(page["checksum"])
        if page["next"] == cursor:
            raise ProgramError(f"{service} could ask nobody for facts: {total['why']}")
        cursor = page["next"]
    return total


async def heads(stand: Stand) -> Mapping[str, int]:
    """How often each service's documents were written, those of people left out."""
    found: dict[str, int] = {}
    for service in SOURCES:
        stored = stand.database[f"backline_{service}"]["requests"].find({}, {"revision": 1})
        found[service] = sum([one["revision"] async for one in stored])
    return found


async def _quiet(stand: Stand, deadline: float) -> Mapping[str, int]:
    """Wait until nothing was written for a while, or until `deadline`."""
    before = await heads(stand)
    while True:
        await asyncio.sleep(QUIET_SECONDS)
        now = await heads(stand)
        if now == before or time.monotonic() > deadline:
            return now
        before = now


def _complaints(service: str, when: str, made: Mapping[str, Any]) -> list[str]:
    return [f"{service}, rebuilt {when}, is not what the facts make of it: {why}" for why in made["why"]]
