"""How cost grows: with requests already in the projections, with routing processes, with people.

What is compared stands side by side and takes turns, the last first every other time: these machines are half as fast again from one
minute to the next. Those whose turn it is not rest, but are there; what they cost at rest all pay. The many requests are real ledger documents, finished ones, cloned inside the database of every service with ids of their
own and opportunities of their own: applying a million through HTTP would take hours and leave the same documents.
"""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from shared.schemas.envelope import SOURCES
from shared.schemas.model import Json
from shared.storage import Database, connect
from tests.bench import ground, mix
from tests.bench.backline import Backline
from tests.bench.figures import median
from tests.bench.ground import Finished

BASE = 625
LEVELS = (10_000, 1_000_000)
REQUESTS = 500
ALTERNATIONS = 3
SETTLE_SECONDS = 60.0
"""After so many were cloned the databases write and evict for a while."""
ROUTING_PROCESSES = (1, 2, 4)
PEOPLE = (50, 500, 5000)
SEASON_MS = 300 * 24 * 3600 * 1000
OPPORTUNITY = "$state.request.opportunity.id"
CLONED_PLACE = 26
"""The first of the id's signs that cloning writes an x over; its pattern of xs tells the clones of one document apart."""


async def growth(
    folder: Path, levels: Sequence[int] = LEVELS, requests: int = REQUESTS, alternations: int = ALTERNATIONS
) -> Json:
    """Medians of rates end to end; `requests_ratio` (last of `levels` to first) and `people_ratio` are for the targets."""
    filled = {level: Backline(folder / f"requests-{level}", paused=False) for level in levels}
    rates = _rates(await _in_turn(filled, requests, alternations, fill=True))
    found: Json = {f"per_second_at_{level}": rate for level, rate in rates.items()}
    found["requests_ratio"] = rates[levels[-1]] / rates[levels[0]]
    routing = {many: Backline(folder / f"routing-{many}", scale={"routing": many}) for many in ROUTING_PROCESSES}
    for many, rate in _rates(await _in_turn(routing, requests, alternations)).items():
        found[f"per_second_with_{many}_routing"] = rate
    employed = {people: Backline(folder / f"people-{people}", people=people) for people in PEOPLE}
    runs = await _in_turn(employed, requests, alternations)
    cost = {people: median(one.cpu["routing-1"] / one.requests for one in of_these) for people, of_these in runs.items()}
    for people, rate in _rates(runs).items():
        found[f"per_second_with_{people}_people"] = rate
        found[f"routing_cpu_ms_with_{people}_people"] = cost[people] * 1000
    # What one routing process can do is what its CPU time allows: the rate end to end would hide it behind the others.
    found["people_ratio"] = cost[PEOPLE[0]] / cost[PEOPLE[-1]]
    return found


async def _in_turn(
    sides: Mapping[int, Backline], requests: int, alternations: int, *, fill: bool = False
) -> dict[int, list[Finished]]:
    """What `requests` more take on each of `sides`, so many times; with `fill`, each first gets as many as its number says."""
    runs: dict[int, list[Finished]] = {number: [] for number in sides}
    async with AsyncExitStack() as running:
        for number, side in sides.items():
            await side.start()
            running.push_async_callback(side.stop)
            await side.survey(BASE + requests * alternations)
            if fill:
                await _fill(side, number)
        await asyncio.sleep(SETTLE_SECONDS if fill else 0)
        for turn in range(alternations):
            for number in list(sides)[:: -1 if turn % 2 else 1]:
                side = sides[number]
                runs[number].append(await side.run(mix.requests(requests, side.requesters, first=BASE + requests * turn)))
                print(f"{side.folder.name}: {runs[number][-1].rate:.1f}/s", flush=True)
    return runs


async def _fill(side: Backline, level: int) -> None:
    """Have so many finished requests in every projection of `side`."""
    base = mix.requests(BASE, side.requesters)
    await side.run(base)
    await side.complete(base)
    await ground.quiet(side)
    await clone(side.stack.mongod.uri, level)


def _rates(runs: Mapping[int, Sequence[Finished]]) -> dict[int, float]:
    return {number: median(one.rate for one in of_these) for number, of_these in runs.items()}


async def clone(uri: str, level: int) -> None:
    """Bring every service's requests to `level` by doubling the finished ones; the same ids in all of them."""
    client = connect(uri.replace("timeoutMS=20000", "timeoutMS=3600000"))
    try:
        place = CLONED_PLACE
        while True:
            have = await client["backline_intake"]["requests"].count_documents({})
            print(f"{have} of {level} requests are in the projections", flush=True)
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
