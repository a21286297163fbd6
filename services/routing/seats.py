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
                {"$pull": {"open": {"request": request}}, "$inc": {"count": -1}},
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
    return {"$push": {"open": {"request": request, "weight": weight, "at": at, "by": call}}, "$inc": {"count": 1}}
