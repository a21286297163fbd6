"""Everybody's open seats in the database, one document per person:
{_id, open: [{request, weight, at, by, day, bookings}], days: {day: effort given}, count, changed}; `day` is where an entry counts as given.

Invariant: `count` is the length of `open`, a request has at most one entry in it, and no reservation raises it past the capacity
or has two appointments overlap.
`changed` is when the server last added or took away a place: whoever has read everybody once reads only what changed since.
"""

import asyncio
import time
import uuid
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from services.routing.domain import OpenLoad
from services.routing.domain.policy import AssignmentRules
from services.routing.ports import Lost, Place
from shared.ledger.messages import Booking, Reservation
from shared.storage import Collection, UpdateOne

WHOLE_SECONDS = 30.0
"""How often everybody is read: servers that take over from each other may disagree about the time by more than the margin."""
MARGIN = timedelta(seconds=2)
"""By how much a change may become visible after later ones."""
AT_ONCE = 1000
"""So many people are read with one answer; left to itself the database sends a hundred and is asked again."""
NOTHING_OPEN = OpenLoad()
CHANGED = {"$currentDate": {"changed": True}}


class MongoSeats:
    """Implements the port Seats; several processes may share the collection."""

    def __init__(
        self,
        collection: Collection,
        rules: AssignmentRules | None = None,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._collection = collection
        self._rules = rules or AssignmentRules()
        self._monotonic = monotonic
        self._made: set[str] = set()
        self._known: dict[str, OpenLoad] = {}
        self._read: dict[str, tuple[str, Mapping[str, Any]]] = {}
        self._latest: datetime | None = None
        self._whole_at = 0.0
        self._reading = asyncio.Lock()

    async def prepare(self) -> None:
        """The index that reading what changed uses."""
        await self._collection.create_index("changed", sparse=True)

    async def loads(self, at: datetime) -> Mapping[str, OpenLoad]:
        """Everybody's open work, and what they were given within the policy's days before `at`."""
        since = _day(at - timedelta(days=self._rules.fairness_days - 1))
        async with self._reading:  # what was read later must not be overwritten by what was read before
            now = self._monotonic()
            whole = self._latest is None or now - self._whole_at > WHOLE_SECONDS
            rows = await self._rows({} if whole or self._latest is None else {"changed": {"$gte": self._latest - MARGIN}})
            known, read = ({}, {}) if whole else (dict(self._known), dict(self._read))
            for row in rows:
                if read.get(row["_id"]) == (since, row):  # read again because of the margin alone
                    continue
                read[row["_id"]] = (since, row)
                known[row["_id"]] = _load(row, since)
                if known[row["_id"]] == NOTHING_OPEN:
                    del known[row["_id"]]
            changes = [row["changed"] for row in rows if "changed" in row]
            self._latest = max([*changes, *([self._latest] if self._latest else [])], default=None)
            self._known, self._read, self._whole_at = known, read, now if whole else self._whole_at
            return known

    async def _rows(self, query: Mapping[str, Any]) -> list[Mapping[str, Any]]:
        booked = {"$filter": {"input": "$open", "as": "one", "cond": {"$gt": ["$$one.bookings", []]}}}
        wanted = {"count": 1, "changed": 1, "days": 1, "weight": {"$sum": "$open.weight"}, "booked": booked}
        found = self._collection.aggregate([{"$match": query}, {"$project": wanted}], batchSize=AT_ONCE)
        return [row async for row in found]

    async def reserve(self, wanted: Sequence[tuple[str, Reservation]], at: datetime) -> frozenset[str]:
        """See the port. `by` marks what this call added, until another call relies on it too."""
        if not wanted:
            return frozenset()
        holders = sorted({reservation.holder for _, reservation in wanted})
        await self._make(holders)
        call = uuid.uuid4().hex
        await self._collection.bulk_write([_taking(*one, call, at, self._rules.travel) for one in wanted], ordered=False)
        got = await self._taken(holders)
        if others := [place for request, reservation in wanted if got.get(place := (request, reservation.holder), call) != call]:
            await self._collection.bulk_write([_relying(*place, call, at) for place in others], ordered=False)
            got = {place: by for place, by in (await self._taken(holders)).items() if by in {"", call}}
        refused = frozenset(request for request, reservation in wanted if (request, reservation.holder) not in got)
        for request, reservation in wanted:
            if request in refused:
                back = {f"days.{_day(at)}": -reservation.weight}
                await self._release([(request, reservation.holder)], {"by": call}, back)
        return refused

    async def _taken(self, people: Sequence[str]) -> dict[Place, str]:
        """The places of `people`, each with the call that took it, if no other relies on it."""
        found = self._collection.find({"_id": {"$in": list(people)}}, {"open.request": 1, "open.by": 1})
        return {(seat["request"], person["_id"]): seat.get("by", "") async for person in found for seat in person["open"]}

    async def release(self, places: Sequence[Place]) -> int:
        """Give places back; how many there were."""
        return await self._release(places, {})

    async def release_untouched(self, places: Sequence[Place]) -> int:
        """Give places back whose work nobody took on, with what they count as given; how many there were."""
        if not places:
            return 0
        found = self._collection.find({"_id": {"$in": sorted({person for _, person in places})}}, {"open": 1})
        there = {(seat["request"], row["_id"]): seat async for row in found for seat in row["open"]}
        steps = [_untaking(*place, there[place]) for place in places if place in there]
        return int((await self._collection.bulk_write(steps, ordered=False)).modified_count) if steps else 0

    async def release_older(self, places: Sequence[Place], before: datetime) -> int:
        """Give back those of `places` that were last reserved before `before`; how many there were."""
        return await self._release(places, {"at": {"$lt": before}})

    async def book(self, places: Sequence[tuple[str, str, tuple[Booking, ...]]]) -> None:
        """Replace the appointments of places that are there."""
        steps = [
            UpdateOne({"_id": person, "open.request": request}, {"$set": {"open.$.bookings": _stored(bookings)}, **CHANGED})
            for request, person, bookings in places
        ]
        if steps:
            await self._collection.bulk_write(steps, ordered=False)

    async def restore(self, places: Sequence[Lost], at: datetime) -> int:
        """Add places that are lacking, capacity or not; how many were added."""
        if not places:
            return 0
        await self._make(sorted({person for _, person, _, _ in places}))
        lacking = [
            UpdateOne({"_id": person, "open.request": {"$ne": request}}, _adding(request, weight, at, bookings=bookings))
            for request, person, weight, bookings in places
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

    async def forget(self, at: datetime) -> None:
        """Drop what people were given on days that count no more."""
        since = _day(at - timedelta(days=self._rules.fairness_days))
        days = {"$objectToArray": {"$ifNull": ["$days", {}]}}
        kept = {"$arrayToObject": {"$filter": {"input": days, "as": "one", "cond": {"$gte": ["$$one.k", since]}}}}
        await self._collection.update_many({"days": {"$exists": True}}, [{"$set": {"days": kept}}])

    async def _release(self, places: Sequence[Place], marked: Mapping[str, Any], more: Mapping[str, float] | None = None) -> int:
        """One bulk; `marked` narrows it to entries with these fields, `more` is added to fields of the person's."""
        if not places:
            return 0
        steps = [_returning(*place, marked, more or {}) for place in places]
        return int((await self._collection.bulk_write(steps, ordered=False)).modified_count)


def _taking(request: str, reservation: Reservation, call: str, at: datetime, travel: timedelta) -> UpdateOne:
    """Add a place where there is room and no appointment in the way, unless the request has one. Given effort is counted by day."""
    room: dict[str, Any] = {"_id": reservation.holder, "open.request": {"$ne": request}, "count": {"$lt": reservation.capacity}}
    if reservation.bookings:
        clashes = [(booking.within, clash) for booking in reservation.bookings for clash in _clashing(booking, travel)]
        room["$nor"] = [
            {"open": {"$elemMatch": {"request": {"$ne": within}, "bookings": {"$elemMatch": clash}}}} for within, clash in clashes
        ]
    adding = _adding(request, reservation.weight, at, call, reservation.bookings)
    adding["$push"]["open"]["day"] = _day(at)
    return UpdateOne(room, {**adding, "$inc": {"count": 1, f"days.{_day(at)}": reservation.weight}})


def _returning(request: str, person: str, marked: Mapping[str, Any], more: Mapping[str, float]) -> UpdateOne:
    """Take away a place that has the fields `marked`; `more` is added to fields of the person's."""
    there = {"_id": person, "open": {"$elemMatch": {"request": request, **marked}}}
    return UpdateOne(there, {"$pull": {"open": {"request": request}}, "$inc": {"count": -1, **more}, **CHANGED})


def _untaking(request: str, person: str, place: Mapping[str, Any]) -> UpdateOne:
    """Take away a place as it was read, with what it counts as given; one that was restored was not counted."""
    day = place.get("day")
    if day is None:
        return _returning(request, person, {}, {})
    return _returning(request, person, {"day": day}, {f"days.{day}": -place["weight"]})


def _relying(request: str, person: str, call: str, at: datetime) -> UpdateOne:
    """Renew a place that another call took, and have it belong to neither, so that the other does not give it back."""
    there = {"_id": person, "open": {"$elemMatch": {"request": request, "by": {"$ne": call}}}}
    return UpdateOne(there, {"$set": {"open.$.at": at, "open.$.by": ""}})


def _adding(request: str, weight: float, at: datetime, call: str = "", bookings: tuple[Booking, ...] = ()) -> dict[str, Any]:
    place = {"request": request, "weight": weight, "at": at, "by": call}
    if bookings:
        place["bookings"] = _stored(bookings)
    return {"$push": {"open": place}, "$inc": {"count": 1}, **CHANGED}


def _clashing(booking: Booking, travel: timedelta) -> list[dict[str, Any]]:
    """Which stored appointments are in the way of `booking`: as `domain.appointments.taken` says it of those that were read."""
    start, end = _span(booking)
    found: list[dict[str, Any]] = [{"start": {"$lt": end}, "end": {"$gt": start}}]
    if booking.place and travel:
        near = {"start": {"$lt": end + travel}, "end": {"$gt": start - travel}}
        found.append({**near, "place": {"$nin": ["", booking.place]}})
    return found


def _stored(bookings: tuple[Booking, ...]) -> list[dict[str, Any]]:
    spans = [(*_span(one), one.place) for one in bookings]
    return [{"start": start, "end": end, "place": place} for start, end, place in spans]


def _span(booking: Booking) -> tuple[datetime, datetime]:
    """In UTC, so that what cannot be stored raises OverflowError before anything of its call is written."""
    return booking.start.astimezone(UTC), booking.end.astimezone(UTC)


def _load(row: Mapping[str, Any], since: str) -> OpenLoad:
    recent = sum(effort for day, effort in row.get("days", {}).items() if day >= since)
    bookings = tuple(
        Booking(request=place["request"], **booking) for place in row.get("booked") or () for booking in place["bookings"]
    )
    return OpenLoad(count=row["count"], weight=row["weight"], recent=round(recent, 6), bookings=bookings)


def _day(at: datetime) -> str:
    """A day (UTC), so that later ones sort later."""
    return f"{at.astimezone(UTC):%Y%m%d}"
