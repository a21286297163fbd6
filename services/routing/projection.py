"""Routing's reads of its own request ledger: who has a part where, who waits, who knows an opportunity."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from services.routing import rows
from services.routing.domain import State
from services.routing.domain.bidding.state import Kin
from services.routing.domain.estimating import Delivered
from services.routing.domain.life import CLOSED, OPEN, SEATED
from services.routing.domain.linking.state import Link, Namer
from services.routing.domain.seasons.ageing import Queued
from services.routing.ports import OpenWork, Pursuit
from services.routing.seats import MongoSeats
from shared.schemas.bidding import BID
from shared.storage import Collection, Places, Sight, Sighted

__all__ = ["MongoSeats", "Projection"]

STATUS, SINCE, DECISIONS = "state.status", "state.waiting_since", "state.decisions"
COORDINATOR, SUPPORTERS = "state.coordinator.person", "state.supporters.person"
FORMERLY = "state.formerly"
OPPORTUNITY = "state.request.opportunity.id"
UNIT = "state.request.business_unit"
TYPE = "state.request.type"
PURSUED = {UNIT: 1, OPPORTUNITY: 1}
KIN = {TYPE: 1, "state.request.source": 1, STATUS: 1, SUPPORTERS: 1, "state.supporters.role": 1, "state.request.needed_by": 1}
MOST_KIN = AT_ONCE = 1000
"""So many requests are read with one answer, where a batch's opportunities have more than the hundred that come unasked."""
DONE = ("completed", "confirmed")
DELIVERED = {UNIT: 1, TYPE: 1, "state.clocks.clocks.clock": 1, "state.clocks.clocks.started": 1, "state.clocks.clocks.met": 1}
QUEUED = {UNIT: 1, TYPE: 1, "state.request.priority": 1, "state.request.needed_by": 1, SINCE: 1}
QUEUED |= {f"{DECISIONS}.{name}": 1 for name in ("role", "excluded.full")}
PEOPLE = {STATUS: 1, COORDINATOR: 1, SUPPORTERS: 1}
COMPARED = {"state.request": 1, "state.clashes": 1, STATUS: 1, "state.revision": 1}
"""What is read of a request to compare it with other units'."""
LACKING = {STATUS: {"$in": ["waiting", "choosing"]}}
DUE = "state.clocks.due"
RUNNING = {DUE: {"$type": "string"}}
PROVISIONAL = "state.clocks.provisional"
NAMED = "state.link.request"
NAMING = {"state.link.live": True}
PARTS = ("state.request.requester.id", COORDINATOR, SUPPORTERS)
PLACES = Places(units=(UNIT,), people=PARTS, former=("state.declined", FORMERLY))
"""The request's unit; who asked, and whoever has or had a part in it."""


class Projection:
    """Implements the port Requests, and what the HTTP interface shows, over the ledger's collection."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._seen = Sighted(collection, PLACES)

    async def prepare(self) -> None:
        """The indexes of the reads below."""
        await self._collection.create_index([(STATUS, 1), (SINCE, 1), ("_id", 1)])
        await self._collection.create_index([(STATUS, 1), ("_id", 1)])
        for path in (OPPORTUNITY, COORDINATOR, SUPPORTERS):
            await self._collection.create_index(path, sparse=True)
        # Of one unit's: kept for those that wait alone, so that it costs the others nothing.
        await self._collection.create_index([(UNIT, 1), (SINCE, 1), ("_id", 1)], partialFilterExpression=LACKING)
        await self._collection.create_index([(UNIT, 1), (DUE, 1), ("_id", 1)], partialFilterExpression=RUNNING)
        done = {STATUS: {"$in": [*DONE]}}
        await self._collection.create_index([(TYPE, 1), ("said_at", -1)], partialFilterExpression=done)
        await self._collection.create_index([("said_at", -1), (STATUS, 1)], partialFilterExpression=done)
        await self._collection.create_index([(PROVISIONAL, 1), ("_id", 1)], partialFilterExpression={PROVISIONAL: True})
        await self._collection.create_index([(NAMED, 1), ("_id", 1)], partialFilterExpression=NAMING)

    # -- what readers see

    async def state(self, sight: Sight, request: str) -> State | None:
        """The request's state, or None when there is no such request to see."""
        stored = await self._seen.one(sight, request, {"state": 1})
        state = State.model_validate(stored["state"]) if stored and stored.get("state") else None
        return state if state is not None and state.request is not None else None

    async def work_of(self, sight: Sight, people: Sequence[str], limit: int) -> list[tuple[str, State]]:
        """The open requests in which one of `people` has a seat."""
        seat = {"$in": list(people)}
        query = {"$or": [{COORDINATOR: seat}, {SUPPORTERS: seat}], STATUS: {"$nin": sorted(CLOSED)}}
        found = self._seen.find(sight, query, {"state": 1}).limit(limit)
        return [(stored["_id"], State.model_validate(stored["state"])) async for stored in found]

    async def unassigned(self, sight: Sight, limit: int) -> list[tuple[str, State]]:
        """The unit's requests that nobody fits or whose coordinator has yet to choose, longest first."""
        found = self._seen.find(sight.in_unit(), LACKING, {"state": 1}).sort([(SINCE, 1), ("_id", 1)]).limit(limit)
        return [(stored["_id"], State.model_validate(stored["state"])) async for stored in found]

    async def nearest_due(self, sight: Sight, limit: int) -> list[tuple[str, State]]:
        """The unit's requests with a clock that runs, the one that is due next first."""
        found = self._seen.find(sight.in_unit(), RUNNING, {"state": 1}).sort([(DUE, 1), ("_id", 1)]).limit(limit)
        return [(stored["_id"], State.model_validate(stored["state"])) async for stored in found]

    # -- the port Requests

    async def holders(self, requests: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Per request, who holds an open seat by its state."""
        found = self._collection.find({"_id": {"$in": list(requests)}}, PEOPLE)
        return {
            stored["_id"]: frozenset(person for person, _ in rows.parts(stored["state"]))
            async for stored in found
            if stored.get("state") and stored["state"]["status"] not in CLOSED
        }

    async def open_work(self, after: str, limit: int) -> Sequence[OpenWork]:
        """Open requests that somebody has a part in, by id, those after `after`."""
        # A request of which only later events have come so far has a state, but is none yet.
        query = {STATUS: {"$in": sorted(OPEN)}, "_id": {"$gt": after}, "state.request": {"$ne": None}}
        wanted = {**PEOPLE, "state.request": 1, "state.policy": 1}
        found = self._collection.find(query, wanted).sort("_id", 1).limit(limit)
        return [rows.open_work(stored["_id"], stored["state"]) async for stored in found]

    async def held_by(self, people: Sequence[str], limit: int, after: str = "") -> Sequence[str]:
        """Open requests in which one of `people` has a seat, by id, those after `after`."""
        seat = {"$in": list(people)}
        query = {"$or": [{COORDINATOR: seat}, {SUPPORTERS: seat}], STATUS: {"$nin": sorted(CLOSED)}, "_id": {"$gt": after}}
        found = self._collection.find(query, {"_id": 1}).sort("_id", 1).limit(limit)
        return [stored["_id"] async for stored in found]

    async def waiting(self, limit: int, after: tuple[str, str] | None = None) -> Sequence[tuple[str, str]]:
        """(waiting since, id) of the requests that nobody fits, longest first, those after `after`."""
        query: dict[str, Any] = {STATUS: "waiting"}
        if after is not None:
            query["$or"] = [{SINCE: {"$gt": after[0]}}, {SINCE: after[0], "_id": {"$gt": after[1]}}]
        found = self._collection.find(query, {SINCE: 1}).sort([(SINCE, 1), ("_id", 1)]).limit(limit)
        return [(stored["state"]["waiting_since"], stored["_id"]) async for stored in found]

    async def waiting_for(self, roles: Sequence[str], limit: int) -> Sequence[str]:
        """The requests that wait longest because people of one of `roles` were full."""
        lacking = {"$elemMatch": {"role": {"$in": list(roles)}, "excluded.full": {"$gt": 0}}}
        found = self._collection.find({STATUS: "waiting", DECISIONS: lacking}, {"_id": 1}).sort([(SINCE, 1), ("_id", 1)])
        return [stored["_id"] async for stored in found.limit(limit)]

    async def queue(self, limit: int, roles: Sequence[str] | None = None) -> Sequence[Queued]:
        """The requests that nobody fits, longest first; of those with `roles`, for whom people of one of them were full."""
        query: dict[str, Any] = {STATUS: "waiting"}
        if roles is not None:
            query[DECISIONS] = {"$elemMatch": {"role": {"$in": list(roles)}, "excluded.full": {"$gt": 0}}}
        found = self._collection.find(query, QUEUED).sort([(SINCE, 1), ("_id", 1)]).limit(limit)
        return [rows.queued(stored["_id"], stored["state"]) async for stored in found if stored["state"].get("request")]

    async def delivered(self, kind: str | None, limit: int) -> Sequence[Delivered]:
        """The latest that were delivered, of one type or of any, as far as they had a clock for it."""
        query: dict[str, Any] = {STATUS: {"$in": [*DONE]}} | ({TYPE: kind} if kind else {})
        found = self._collection.find(query, DELIVERED).sort("said_at", -1).limit(limit)
        return [one async for stored in found if (one := rows.delivered(stored["state"])) is not None]

    async def provisional(self, almanac: str, after: str, limit: int) -> Sequence[str]:
        """Requests with a provisional clock by another calendar than version `almanac`, by id, those after `after`."""
        one = {"$elemMatch": {"met": None, "provisional": True, "almanac": {"$ne": almanac}}}
        query = {
            PROVISIONAL: True,
            STATUS: {"$in": [*sorted(OPEN), "completed"]},
            "_id": {"$gt": after},
            "state.clocks.clocks": one,
        }
        found = self._collection.find(query, {"_id": 1}).sort("_id", 1).limit(limit)
        return [stored["_id"] async for stored in found]

    async def count_waiting(self) -> int:
        """How many requests nobody fits."""
        return int(await self._collection.count_documents({STATUS: "waiting"}))

    async def familiar(self, opportunities: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Per opportunity, everybody who has or had a seat in one of its requests."""
        people: dict[str, set[str]] = defaultdict(set)
        wanted = {**PEOPLE, OPPORTUNITY: 1}
        async for stored in self._collection.find({OPPORTUNITY: {"$in": list(opportunities)}}, wanted, batch_size=AT_ONCE):
            people[stored["state"]["request"]["opportunity"]["id"]] |= {person for person, _ in rows.parts(stored["state"])}
        return {opportunity: frozenset(known) for opportunity, known in people.items()}

    async def pursuing(self, after: str, limit: int) -> Sequence[tuple[str, State]]:
        """Requests that are neither confirmed nor withdrawn, by id, those after `after`; of their states what COMPARED names."""
        query = {STATUS: {"$in": sorted({*OPEN, "completed"})}, "_id": {"$gt": after}, "state.request": {"$ne": None}}
        found = self._collection.find(query, COMPARED).sort("_id", 1).limit(limit)
        return [(stored["_id"], State.model_validate(stored["state"])) async for stored in found]

    async def states(self, requests: Sequence[str]) -> Mapping[str, State]:
        """Of those of `requests` that have a state, what COMPARED names of it."""
        found = self._collection.find({"_id": {"$in": list(requests)}, "state": {"$ne": None}}, COMPARED)
        return {stored["_id"]: State.model_validate(stored["state"]) async for stored in found}

    async def bids(self, requests: Sequence[str]) -> Mapping[str, Pursuit]:
        """The bids among `requests`, each with what it pursues."""
        found = self._collection.find({"_id": {"$in": list(requests)}, TYPE: BID, OPPORTUNITY: {"$exists": True}}, PURSUED)
        return {stored["_id"]: rows.pursuit(stored["state"]) async for stored in found}

    async def open_bids(self, pursuits: Sequence[Pursuit]) -> Sequence[str]:
        """The bids with people that pursue one of `pursuits`."""
        either = [{UNIT: unit, OPPORTUNITY: opportunity} for unit, opportunity in pursuits]
        found = self._collection.find({"$or": either, TYPE: BID, STATUS: {"$in": sorted(SEATED)}}, {"_id": 1})
        return [stored["_id"] async for stored in found]

    async def kin(self, pursuit: Pursuit) -> Sequence[Kin]:
        """Every other request than bids of that unit and opportunity, by id."""
        unit, opportunity = pursuit
        query = {UNIT: unit, OPPORTUNITY: opportunity, TYPE: {"$ne": BID}}
        found = self._collection.find(query, KIN).sort("_id", 1).limit(MOST_KIN)
        return [rows.kin(stored["_id"], stored["state"]) async for stored in found]

    async def links(self, requests: Sequence[str]) -> Mapping[str, Link]:
        """What those of `requests` name that are open and name something."""
        found = self._collection.find({"_id": {"$in": list(requests)}, **NAMING}, {"state.link": 1})
        return {stored["_id"]: Link.model_validate(stored["state"]["link"]) async for stored in found}

    async def named(self, requests: Sequence[str]) -> Mapping[str, State | None]:
        """The whole states of those of `requests` that there are; None of one that cannot be read."""
        found = self._collection.find({"_id": {"$in": list(requests)}, "state.request": {"$ne": None}}, {"state": 1})
        return {stored["_id"]: rows.readable(stored["state"]) async for stored in found}

    async def naming(self, named: Sequence[str]) -> Sequence[str]:
        """The open requests that name one of `named`, by id."""
        found = self._collection.find({NAMED: {"$in": list(named)}, **NAMING}, {"_id": 1}).sort("_id", 1)
        return [stored["_id"] async for stored in found]

    async def all_naming(self, after: str, limit: int) -> Sequence[tuple[str, Namer, Link]]:
        """(id, what it is about, what it names) of the open requests that name another, by id, those after `after`."""
        query = {NAMED: {"$gt": ""}, **NAMING, "_id": {"$gt": after}}
        found = self._collection.find(query, {"state.link": 1, UNIT: 1, OPPORTUNITY: 1}).sort("_id", 1).limit(limit)
        return [
            (stored["_id"], Namer.read(stored["state"]["request"]), Link.model_validate(stored["state"]["link"]))
            async for stored in found
        ]

    async def pursued(self, sight: Sight, opportunity: str, after: str, limit: int) -> list[tuple[str, State]]:
        """Requests of the opportunity, by id, those after `after`."""
        query = {OPPORTUNITY: opportunity, "_id": {"$gt": after}}
        found = self._seen.find(sight, query, {"state": 1}).sort("_id", 1).limit(limit)
        return [(stored["_id"], State.model_validate(stored["state"])) async for stored in found]

    async def opportunities(self, requests: Sequence[str]) -> frozenset[str]:
        """The opportunities that `requests` are about."""
        found = self._collection.find({"_id": {"$in": list(requests)}, OPPORTUNITY: {"$exists": True}}, {OPPORTUNITY: 1})
        return frozenset([stored["state"]["request"]["opportunity"]["id"] async for stored in found])
