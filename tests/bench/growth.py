"""How cost grows: with requests already in the projections, with routing processes, with people.

The many requests are real ledger documents, finished ones, cloned inside the database of every service with ids of their own
and opportunities of their own: applying a million through HTTP would take hours and leave the same documents.
"""

import asyncio
from pathlib import Path
from typing import Any

from shared.schemas.envelope import SOURCES
from shared.schemas.model import Json
from shared.storage import Database, connect
from tests.bench import ground, mix
from tests.bench.backline import Backline
from tests.bench.ground import Finished

BASE = 625
LEVELS = (10_000, 1_000_000)
REQUESTS = 1000
ROUTING_PROCESSES = (1, 2, 4)
PEOPLE = (50, 500, 5000)
SEASON_MS = 300 * 24 * 3600 * 1000
OPPORTUNITY = "$state.request.opportunity.id"
CLONED_PLACE = 26
"""The first of the id's signs that cloning writes an x over; its pattern of xs tells the clones of one document apart."""


async def growth(folder: Path, requests: int = REQUESTS, levels: tuple[int, ...] = LEVELS) -> Json:
    """Rates end to end at each level, and `million_ratio` and `people_ratio` for the targets."""
    found = await _requests(folder / "requests", requests, levels)
    for processes in ROUTING_PROCESSES:
        finished = await _once(folder / f"routing-{processes}", requests, scale={"routing": processes})
        found[f"per_second_with_{processes}_routing"] = finished.rate
    cost: dict[int, float] = {}
    for people in PEOPLE:
        finished = await _once(folder / f"people-{people}", requests, people=people)
        cost[people] = finished.cpu["routing-1"] / finished.requests
        found[f"per_second_with_{people}_people"] = finished.rate
        found[f"routing_cpu_ms_with_{people}_people"] = cost[people] * 1000
    # What one routing process can do is what its CPU time allows: the rate end to end would hide it behind the others.
    found["people_ratio"] = cost[PEOPLE[0]] / cost[PEOPLE[-1]]
    return found


async def _once(folder: Path, requests: int, **how: Any) -> Finished:
    side = Backline(folder, **how)
    try:
        await side.start()
        await side.survey(requests)
        return await side.run(mix.requests(requests, side.requesters))
    finally:
        await side.stop()


async def _requests(folder: Path, requests: int, levels: tuple[int, ...]) -> Json:
    side = Backline(folder, paused=False)
    rates: dict[int, float] = {}
    try:
        await side.start()
        await side.survey(BASE + requests * len(levels))
        base = mix.requests(BASE, side.requesters, surveyed=BASE)
        await side.run(base)
        await side.complete(base)
        await ground.quiet(side)
        for turn, level in enumerate(levels):
            print(f"cloning to {level} requests", flush=True)
            await clone(side.stack.mongod.uri, level)
            first = BASE + requests * turn
            finished = await side.run(mix.requests(requests, side.requesters, first=first))
            rates[level] = finished.rate
            print(f"{level} requests in the projections: {finished.rate:.1f}/s", flush=True)
    finally:
        await side.stop()
    found: Json = {f"per_second_at_{level}": rate for level, rate in rates.items()}
    return {**found, "million_ratio": rates[levels[-1]] / rates[levels[0]]}


async def clone(uri: str, level: int) -> None:
    """Bring every service's requests to `level` by doubling the finished ones; the same ids in all of them."""
    client = connect(uri.replace("timeoutMS=20000", "timeoutMS=3600000"))
    try:
        place = CLONED_PLACE
        while True:
            have = await client["backline_intake"]["requests"].count_documents({})
            if have >= level:
                return
            place = await _free(client, place)
            await asyncio.gather(*(_double(client[f"backline_{name}"], place, level - have) for name in SOURCES))
    finally:
        client.close()


async def _free(client: Any, place: int) -> int:
    """The first place at or after `place` that no id has an x at."""
    intake = client["backline_intake"]["requests"]
    while await intake.count_documents({"_id": {"$regex": f"^.{{{place}}}x"}}, limit=1):
        place += 1
    return place


async def _double(database: Database, place: int, most: int) -> None:
    requests = database["requests"]
    renamed = {"$concat": [{"$substrCP": ["$_id", 0, place]}, "x", {"$substrCP": ["$_id", place + 1, 100]}]}
    named = {"$mergeObjects": ["$state.request.opportunity", {"id": {"$concat": [OPPORTUNITY, f"-{place}"]}}]}
    opportunity = {"$cond": [{"$gt": [OPPORTUNITY, None]}, named, "$state.request.opportunity"]}
    earlier = {"$subtract": ["$said_at", {"$multiply": [{"$rand": {}}, SEASON_MS]}]}
    said_at = {"$cond": [{"$gt": ["$said_at", None]}, earlier, "$said_at"]}
    not_cloned = {"$ne": [{"$substrCP": ["$_id", place, 1]}, "x"]}
    steps: list[dict[str, Any]] = [
        {"$match": {"wake_at": None, "state": {"$ne": None}, "$expr": not_cloned}},
        {"$sort": {"_id": 1}},
        {"$limit": most},
        {"$set": {"_id": renamed, "said_at": said_at, "state.request.opportunity": opportunity}},
        {"$merge": {"into": "requests", "whenMatched": "keepExisting"}},
    ]
    async for _ in requests.aggregate(steps, allowDiskUse=True):
        pass
