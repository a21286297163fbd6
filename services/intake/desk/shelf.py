"""Keeps the entries of all desks in the collection `desk`: bounded for each unit, settled once, claimed by one correction at a time."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from services.intake.desk.entries import Claim, Entry, Settled
from services.intake.domain.identity import identity as identity_of
from services.intake.domain.state import sortable
from services.intake.paging import Place
from services.intake.projection import PLACES
from shared.schemas.model import Json
from shared.storage import Collection, UpdateOne
from shared.telemetry import metrics

log = structlog.get_logger()
MOST_OPEN = 10_000
KEPT_SETTLED = timedelta(days=90)
COUNTED_SECONDS = 10.0
SWEPT_AT_ONCE = 500
OPEN = {"settled": None}


class Shelf:
    """Reads and writes of the collection; nobody else knows its form."""

    def __init__(
        self, collection: Collection, requests: Collection, now: Callable[[], datetime], *, most_open: int = MOST_OPEN
    ) -> None:
        """`requests` is the ledger's collection; `most_open` entries are kept open for one unit."""
        self._collection = collection
        self._requests = requests
        self._now = now
        self._most_open = most_open
        self._counted: dict[str, tuple[float, int]] = {}
        self._counting: dict[str, asyncio.Task[None]] = {}
        self._under_way: Counter[str] = Counter()

    async def prepare(self) -> None:
        """The lists are read in order; what was settled long ago goes."""
        await self._collection.create_index([("unit", 1), ("settled", 1), ("at", -1), ("_id", -1)])
        await self._collection.create_index([("at", -1), ("_id", -1)])
        for key in ("subject", "names", "settled.request"):
            await self._collection.create_index(key, sparse=True)
        await self._collection.create_index("settled_at", expireAfterSeconds=int(KEPT_SETTLED.total_seconds()), sparse=True)

    async def put(self, entry: Entry) -> bool:
        """Keep `entry`; keeping it again changes nothing. False when its unit has too many open ones already."""
        if await self._open(entry.unit) < self._most_open:
            await self._put(entry)
            return True
        if await self._collection.find_one({"_id": entry.id}, {"_id": 1}) is not None:
            return True
        metrics.DESK_NOT_KEPT.inc()
        log.warning("desk.full", kind=entry.kind)
        return False

    async def _put(self, entry: Entry) -> None:
        """Its place is taken before it is written: whoever comes meanwhile must not think that it is free."""
        said = entry.model_dump(mode="json", exclude={"id"})
        self._under_way[entry.unit] += 1
        try:
            result = await self._collection.update_one({"_id": entry.id}, {"$setOnInsert": said}, upsert=True)
        finally:
            self._under_way[entry.unit] -= 1
        if result.upserted_id is not None:
            since, number = self._counted[entry.unit]
            self._counted[entry.unit] = (since, number + 1)

    async def forget(self, request: str) -> int:
        """Delete what is kept of `request`, whatever became of it: what was sent holds personal values. How many there were."""
        return int((await self._collection.delete_many(_about(request))).deleted_count)

    async def forget_these(self, entries: Sequence[str]) -> int:
        """Delete these entries; how many there were."""
        return int((await self._collection.delete_many({"_id": {"$in": list(entries)}})).deleted_count)

    async def mails_of(self, request: str) -> list[str]:
        """The digests of the raw mails that lie on the desk because of `request`: only its entry says where such a one is."""
        return await self._mails(_about(request))

    async def mails_of_these(self, entries: Sequence[str]) -> list[str]:
        """The digests of the raw mails that these entries are about."""
        return await self._mails({"_id": {"$in": list(entries)}})

    async def contents(self, unit: str) -> AsyncIterator[tuple[str, list[object]]]:
        """Of each entry of `unit` what was sent, and the correction of it that is under way."""
        async for stored in self._collection.find({"unit": unit}, {"content": 1, "raw": 1, "claim.body": 1}):
            texts = [stored.get("content"), (stored.get("claim") or {}).get("body")]
            yield stored["_id"], [*(json.loads(text) for text in texts if text), stored.get("raw") or ""]

    async def head(self, request: str | None, unit: str) -> int:
        """The number of intake's last word on `request`, as far as it is for `unit` to know; else 0."""
        return (await self._heads([request], unit)).get(request, 0) if request is not None else 0

    async def one(self, identity: str) -> Entry | None:
        """The entry, or None."""
        stored = await self._collection.find_one({"_id": identity})
        return _entry(stored) if stored else None

    async def page(self, query: Mapping[str, Any], after: Place | None, limit: int) -> list[Entry]:
        """Up to `limit` entries that match, newest first, behind `after`."""
        wanted: dict[str, Any] = dict(query)
        if after is not None:
            wanted["at"] = {"$lte": after.received}
            wanted["$nor"] = [{"at": after.received, "_id": {"$gte": after.request}}]
        found = self._collection.find(wanted).sort([("at", -1), ("_id", -1)]).limit(limit)
        return [_entry(stored) async for stored in found]

    async def count(self, query: Mapping[str, Any]) -> int:
        """How many match."""
        return int(await self._collection.count_documents(dict(query)))

    async def claim(self, identity: str, claim: Claim) -> bool:
        """Whether `claim` is the one correction under way; an open entry has none or one."""
        free = {"_id": identity, **OPEN, "$or": [{"claim": None}, {"claim.command": claim.command}]}
        kept = {**claim.model_dump(mode="json", exclude={"body"}), "body": _text(claim.body)}
        named = {"$addToSet": {"names": about}} if (about := identity_of(claim.body)) is not None else {}
        result = await self._collection.update_one(free, {"$set": {"claim": kept}, **named})
        return bool(result.matched_count)

    async def release(self, identity: str, command: str) -> None:
        """The correction came to nothing; the entry is open to others again."""
        await self._collection.update_one({"_id": identity, **OPEN, "claim.command": command}, {"$set": {"claim": None}})

    async def settle(self, identity: str, settled: Settled) -> None:
        """Settle an open entry; who was first stands."""
        await self._collection.update_one({"_id": identity, **OPEN}, _settling(settled, self._now()))

    async def sweep(self, unit: str | None = None) -> int:
        """Settle the open entries whose request has moved on since, over whatever channel; how many those were."""
        query: dict[str, Any] = {
            **OPEN,
            "claim": None,
            "subject": {"$type": "string"},
            **({"unit": unit} if unit is not None else {}),
        }
        settled, batch = 0, []
        async for stored in self._collection.find(query, {"unit": 1, "subject": 1, "said": 1, "kind": 1}):
            batch.append(stored)
            if len(batch) == SWEPT_AT_ONCE:
                settled, batch = settled + await self._settle_moved(batch), []
        return settled + (await self._settle_moved(batch) if batch else 0)

    async def open_by_unit(self) -> dict[str, int]:
        """How many entries each unit has open."""
        rows = self._collection.aggregate([{"$match": OPEN}, {"$group": {"_id": "$unit", "number": {"$sum": 1}}}])
        return {str(row["_id"]): int(row["number"]) async for row in rows}

    async def _mails(self, query: Mapping[str, Any]) -> list[str]:
        return [str(one["place"]) async for one in self._collection.find({**query, "kind": "mail"}, {"place": 1})]

    async def _settle_moved(self, batch: Sequence[Mapping[str, Any]]) -> int:
        now = self._now()
        moved: list[Mapping[str, Any]] = []
        for unit in {one["unit"] for one in batch}:
            own = [one for one in batch if one["unit"] == unit]
            heads = await self._heads({one["subject"] for one in own}, unit)
            moved += [one for one in own if heads.get(one["subject"], 0) > _last(one)]
        writes = [
            UpdateOne({"_id": one["_id"], **OPEN}, _settling(Settled(at=sortable(now), request=one["subject"]), now))
            for one in moved
        ]
        if writes:
            await self._collection.bulk_write(writes, ordered=False)
        return len(writes)

    async def _heads(self, requests: Iterable[str], unit: str) -> dict[str, int]:
        """Of those of `requests` that are the unit's, or were filed by it: a sender may name any, and learns nothing of others'."""
        query = {"_id": {"$in": list(requests)}, "$or": [{place: unit} for place in PLACES.units]}
        return {stored["_id"]: int(stored.get("head") or 0) async for stored in self._requests.find(query, {"head": 1})}

    async def _open(self, unit: str) -> int:
        """How many there are or soon will be. They are counted anew from time to time, by one for all who wait, also if that fails."""
        since, _ = self._counted.get(unit, (-COUNTED_SECONDS, 0))
        if time.monotonic() - since > COUNTED_SECONDS:
            if unit not in self._counting:
                self._counting[unit] = asyncio.create_task(self._count(unit))
            await asyncio.shield(self._counting[unit])
        return self._counted[unit][1] + self._under_way[unit]

    async def _count(self, unit: str) -> None:
        try:
            number = int(await self._collection.count_documents({"unit": unit, **OPEN}, limit=self._most_open))
            self._counted[unit] = (time.monotonic(), number)
        finally:
            del self._counting[unit]


def _about(request: str) -> Json:
    """What was refused about `request`, what names it, and what became it when it was corrected."""
    return {"$or": [{"subject": request}, {"names": request}, {"settled.request": request}]}


def _last(stored: Mapping[str, Any]) -> int:
    """The word after which an entry is settled: for what came early the submission that it waited for does not count."""
    return max(int(stored["said"]), 1) if stored["kind"] == "early" else int(stored["said"])


def _settling(settled: Settled, now: datetime) -> Json:
    return {"$set": {"settled": settled.model_dump(mode="json"), "settled_at": now, "claim": None}}


def _entry(stored: Mapping[str, Any]) -> Entry:
    claim = stored.get("claim")
    read = {**claim, "body": _read(claim["body"])} if claim else None
    kept = {key: value for key, value in stored.items() if key not in {"_id", "settled_at"}}
    return Entry.model_validate({**kept, "id": stored["_id"], "claim": read})


def _text(body: Json) -> str:
    """As JSON in ASCII: a unit's keys and numbers may be such as the database takes none."""
    return json.dumps(body)


def _read(text: str) -> Json:
    body: Json = json.loads(text)
    return body
