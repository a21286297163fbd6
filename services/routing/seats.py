"""Everybody's open seats in the database: one document per person, {_id, open: [{request, weight, at, by}], count, changed}.

Invariant: `count` is the length of `open`, a request has at most one entry in it, and no reservation raises it past the capacity.
`changed` is when the server last added or took away a place: whoever has read everybody once reads only what changed since.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from services.routing.domain import OpenLoad
from services.routing.ports import Place
from shared.ledger.messages import Reservation
from shared.storage import Collection, UpdateOne

WHOLE_SECONDS = 30.0
"""How often everybody is read: servers that take over from each other may disagree about the time by more than the margin."""
MARGIN = timedelta(seconds=2)
"""By how much a change may become visible after later ones."""
CHANGED = {"$currentDate": {"changed": True}}


class MongoSeats:
    """Implements the port Seats; several processes may share the collection."""

    def __init__(self, collection: Collection, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._collection = collection
        self._monotonic = monotonic
        self._made: set[str] = set()
        self._known: dict[str, OpenLoad] = {}
        self._latest: datetime | None = None
        self._whole_at = 0.0
        self._reading = asyncio.Lock()

    async def prepare(self) -> None:
        """The index that reading what changed uses."""
        await self._collection.create_index("changed", sparse=True)

    async def loads(self) -> Mapping[str, OpenLoad]:
        """Everybody's open work."""
        async with self._reading:  # what was read later must not be overwritten by what was read before
            now = self._monotonic()
            whole = self._latest is None or now - self._whole_at > WHOLE_SECONDS
            rows = await self._rows({} if whole or self._latest is None else {"changed": {"$gte": self._latest - MARGIN}})
            known = {} if whole else dict(self._known)
            for row in rows:
                known[row["_id"]] = OpenLoad(count=row["count"], weight=row["weight"])
                if not row["count"]:
                    del known[row["_id"]]
            changes = [row["changed"] for row in rows if "changed" in row]
            self._latest = max([*changes, *([self._latest] if self._latest else [])], default=None)
            self._known, self._whole_at = known, now if whole else self._whole_at
            return known

    async def _rows(self, query: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        wanted = {"count": 1, "changed": 1, "weight": {"$sum": "$open.weight"}}
        return [row async for row in self._collection.aggregate([{"$match": query}, {"$project": wanted}])]

    async def reserve(self, wanted: Sequence[tuple[str, Reservation]], at: datetime) -> frozenset[str]:
        """See the port. `by` marks what this call added, until another call relies on it too."""
        if not wanted:
            return frozenset()
        holders = sorted({reservation.holder for _, reservation in wanted})
        await self._make(holders)
        call = uuid.uuid4().hex
        await self._collection.bulk_write([_taking(*one, call, at) for one in wanted], ordered=False)
        got = await self._taken(holders)
        if others := [place for request, reservation in wanted if got.get(place := (request, reservation.holder), call) != call]:
            await self._collection.bulk_write([_relying(*place, call, at) for place in others], ordered=False)
            got = {place: by for place, by in (await self._taken(holders)).items() if by in {"", call}}
        refused = frozenset(request for request, reservation in wanted if (request, reservation.holder) not in got)
        await self._release(
            [(request, reservation.holder) for request, reservation in wanted if request in refused], {"by": call}
        )
        return refused

    async def _taken(self, people: Sequence[str]) -> dict[Place, str]:
        """The places of `people`, each with the call that took it, if no other relies on it."""
        found = self._collection.find({"_id": {"$in": list(people)}}, {"open.request": 1, "open.by": 1})
        return {(seat["request"], person["_id"]): seat.get("by", "") async for person in found for seat in person["open"]}

    async def release(self, places: Sequence[Place]) -> int:
        """Give places back; how many there were."""
        return await self._release(places, {})

    async def release_older(self, places: Sequence[Place], before: datetime) -> int:
        """Give back those of `places` that were last reserved before `before`; how many there were."""
        return await self._release(places, {"at": {"$lt": before}})

    async def restore(self, places: Sequence[tuple[str, str, float]], at: datetime) -> int:
        """Add places that are lacking, capacity or not; how many were added."""
        if not places:
            return 0
        await self._make(sorted({person for _, person, _ in places}))
        lacking = [
            UpdateOne({"_id": person, "open.request": {"$ne": request}}, _adding(request, weight, at))
            for request, person, weight in places
        ]
        return int((await self._collection.bulk_write(lacking, ordered=False)).modified_count)

    async def held(self, before: datetime) -> Sequence[Place]:
        """Every place last reserved before `before`."""
        found = self._collection.find({"open.at": {"$lt": before}}, {"open": 1})
        return [(seat["request"], person["_id"]) async for person in found for seat in person["open"] if seat["at"] < before]

    async def _make(self, people: Sequence[str]) -> None:
        """The documents of people, made once; afterwards no write here is an upsert."""
        new = [person for person in people if person not in self._made]
        if new:
            empty = {"$setOnInsert": {"open": [], "count": 0}}
            await self._collection.bulk_write([UpdateOne({"_id": person}, empty, upsert=True) for person in new], ordered=False)
            self._made.update(new)

    async def _release(self, places: Sequence[Place], marked: Mapping[str, Any]) -> int:
        """One bulk; `marked` narrows it to entries with these fields."""
        if not places:
            return 0
        steps = [
            UpdateOne(
                {"_id": person, "open": {"$elemMatch": {"request": request, **marked}}},
                {"$pull": {"open": {"request": request}}, "$inc": {"count": -1}, **CHANGED},
            )
            for request, person in places
        ]
        return int((await self._collection.bulk_write(steps, ordered=False)).modified_count)


def _taking(request: str, reservation: Reservation, call: str, at: datetime) -> UpdateOne:
    """Add a place where there is room, unless the request has one."""
    room = {"_id": reservation.holder, "open.request": {"$ne": request}, "count": {"$lt": reservation.capacity}}
    return UpdateOne(room, _adding(request, reservation.weight, at, call))


def _relying(request: str, person: str, call: str, at: datetime) -> UpdateOne:
    """Renew a place that another call took, and have it belong to neither, so that the other does not give it back."""
    there = {"_id": person, "open": {"$elemMatch": {"request": request, "by": {"$ne": call}}}}
    return UpdateOne(there, {"$set": {"open.$.at": at, "open.$.by": ""}})


def _adding(request: str, weight: float, at: datetime, call: str = "") -> dict[str, Any]:
    return {"$push": {"open": {"request": request, "weight": weight, "at": at, "by": call}}, "$inc": {"count": 1}, **CHANGED}
