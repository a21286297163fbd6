"""Routing's own database: the requests as its ledger knows them, and everybody's open seats."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from services.routing.domain import OpenLoad, State
from shared.ledger.messages import Reservation
from shared.storage import Collection, UpdateOne

COORDINATOR, SUPPORTERS = "state.coordinator.person", "state.supporters.person"
PEOPLE = {"state.status": 1, COORDINATOR: 1, SUPPORTERS: 1, "state.request.opportunity.id": 1}


class Projection:
    """Reads of the request ledger's collection."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def prepare(self) -> None:
        """The indexes of the reads below."""
        await self._collection.create_index([("state.status", 1), ("state.waiting_since", 1)])
        for path in ("state.request.opportunity.id", COORDINATOR, SUPPORTERS):
            await self._collection.create_index(path, sparse=True)

    async def state(self, request: str) -> State | None:
        """The request's state, or None when there is no such request."""
        stored = await self._collection.find_one({"_id": request}, {"state": 1})
        return State.model_validate(stored["state"]) if stored and stored.get("state") else None

    async def holders(self, requests: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Per request, who holds an open seat by its state."""
        found = self._collection.find({"_id": {"$in": list(requests)}}, {"state": 1})
        return {stored["_id"]: State.model_validate(stored["state"]).holders() async for stored in found if stored.get("state")}

    async def waiting(self, limit: int) -> Sequence[str]:
        """The requests that wait longest for somebody."""
        found = self._collection.find({"state.status": "waiting"}, {"_id": 1}).sort("state.waiting_since", 1).limit(limit)
        return [stored["_id"] async for stored in found]

    async def familiar(self, opportunities: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Per opportunity, everybody who has or had a seat in one of its requests."""
        people: dict[str, set[str]] = defaultdict(set)
        async for stored in self._collection.find({"state.request.opportunity.id": {"$in": list(opportunities)}}, PEOPLE):
            people[stored["state"]["request"]["opportunity"]["id"]] |= _people(stored["state"])
        return {opportunity: frozenset(known) for opportunity, known in people.items()}

    async def work_of(self, person: str, limit: int) -> list[tuple[str, State]]:
        """The open requests in which `person` has a seat."""
        query = {"$or": [{COORDINATOR: person}, {SUPPORTERS: person}], "state.status": {"$nin": ["completed", "withdrawn"]}}
        found = self._collection.find(query, {"state": 1}).limit(limit)
        return [(stored["_id"], State.model_validate(stored["state"])) async for stored in found]


def _people(state: dict[str, Any]) -> set[str]:
    coordinator = state.get("coordinator")
    return {seat["person"] for seat in (*([coordinator] if coordinator else []), *state.get("supporters", ()))}


class MongoSeats:
    """The Seats: one document per person, {_id, open: [{request, weight, at}], count}; no write can pass the cap."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def loads(self) -> Mapping[str, OpenLoad]:
        """Everybody's open work."""
        pipeline: list[dict[str, Any]] = [
            {"$match": {"count": {"$gt": 0}}},
            {"$project": {"count": 1, "weight": {"$sum": "$open.weight"}}},
        ]
        return {
            row["_id"]: OpenLoad(count=row["count"], weight=row["weight"]) async for row in self._collection.aggregate(pipeline)
        }

    async def reserve(self, wanted: Sequence[tuple[str, Reservation]], at: datetime) -> frozenset[str]:
        """One bulk: make the documents, then push where there is room; read back who got it, release the rest of who did not."""
        if not wanted:
            return frozenset()
        holders = sorted({reservation.holder for _, reservation in wanted})
        create = [UpdateOne({"_id": holder}, {"$setOnInsert": {"open": [], "count": 0}}, upsert=True) for holder in holders]
        push = [
            UpdateOne(
                {"_id": reservation.holder, "open.request": {"$ne": request}, "count": {"$lt": reservation.capacity}},
                {"$push": {"open": {"request": request, "weight": reservation.weight, "at": at}}, "$inc": {"count": 1}},
            )
            for request, reservation in wanted
        ]
        await self._collection.bulk_write([*create, *push], ordered=True)
        found = self._collection.find({"_id": {"$in": holders}}, {"open.request": 1})
        got = {(seat["request"], person["_id"]) async for person in found for seat in person["open"]}
        refused = frozenset(request for request, reservation in wanted if (request, reservation.holder) not in got)
        partial = [(request, reservation.holder) for request, reservation in wanted if request in refused]
        if partial:
            await self.release(partial)
        return refused

    async def release(self, given_back: Sequence[tuple[str, str]]) -> int:
        """Give back (request, person) seats; how many were held."""
        operations = [
            UpdateOne({"_id": person, "open.request": request}, {"$pull": {"open": {"request": request}}, "$inc": {"count": -1}})
            for request, person in given_back
        ]
        result = await self._collection.bulk_write(operations, ordered=False)
        return int(result.modified_count)

    async def held(self) -> Sequence[tuple[str, str, datetime]]:
        """(request, person, since) of every seat."""
        return [
            (seat["request"], person["_id"], seat["at"]) async for person in self._collection.find({}) for seat in person["open"]
        ]
