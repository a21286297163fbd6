"""Everybody's open seats in the database: one document per person, {_id, open: [{request, weight, at, by}], count}.

Invariant: `count` is the length of `open`, a request has at most one entry in it, and no reservation raises it past the capacity.
"""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.routing.domain import OpenLoad
from services.routing.ports import Place
from shared.ledger.messages import Reservation
from shared.storage import Collection, UpdateOne


class MongoSeats:
    """Implements the port Seats; several processes may share the collection."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._made: set[str] = set()

    async def loads(self) -> Mapping[str, OpenLoad]:
        """Everybody's open work."""
        pipeline: list[dict[str, Any]] = [
            {"$match": {"count": {"$gt": 0}}},
            {"$project": {"count": 1, "weight": {"$sum": "$open.weight"}}},
        ]
        found = self._collection.aggregate(pipeline)
        return {row["_id"]: OpenLoad(count=row["count"], weight=row["weight"]) async for row in found}

    async def reserve(self, wanted: Sequence[tuple[str, Reservation]], at: datetime) -> frozenset[str]:
        """See the port. `by` marks what this call added, until another call relies on it too."""
        if not wanted:
            return frozenset()
        holders = sorted({reservation.holder for _, reservation in wanted})
        await self._make(holders)
        call = uuid.uuid4().hex
        steps = [step for request, reservation in wanted for step in _reserving(request, reservation, call, at)]
        await self._collection.bulk_write(steps, ordered=False)
        found = self._collection.find({"_id": {"$in": holders}}, {"open.request": 1})
        got = {(seat["request"], person["_id"]) async for person in found for seat in person["open"]}
        refused = frozenset(request for request, reservation in wanted if (request, reservation.holder) not in got)
        await self._release(
            [(request, reservation.holder) for request, reservation in wanted if request in refused], {"by": call}
        )
        return refused

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
                {"$pull": {"open": {"request": request}}, "$inc": {"count": -1}},
            )
            for request, person in places
        ]
        return int((await self._collection.bulk_write(steps, ordered=False)).modified_count)


def _reserving(request: str, reservation: Reservation, call: str, at: datetime) -> tuple[UpdateOne, UpdateOne]:
    """Two writes, in either order, of which one at most finds anything: renew a place, or add one where there is room."""
    there = {"_id": reservation.holder, "open": {"$elemMatch": {"request": request, "by": {"$ne": call}}}}
    room = {"_id": reservation.holder, "open.request": {"$ne": request}, "count": {"$lt": reservation.capacity}}
    return (
        UpdateOne(there, {"$set": {"open.$.at": at, "open.$.by": ""}}),
        UpdateOne(room, _adding(request, reservation.weight, at, call)),
    )


def _adding(request: str, weight: float, at: datetime, call: str = "") -> dict[str, Any]:
    return {"$push": {"open": {"request": request, "weight": weight, "at": at, "by": call}}, "$inc": {"count": 1}}
