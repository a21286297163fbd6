"""The ledger's collection on MongoDB: one atomic, revision-guarded write per document, in one bulk per batch."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo import ReplaceOne, UpdateOne
from pymongo.errors import BulkWriteError, OperationFailure

from shared.ledger.document import Change, Document, Head, Mark, Refused, Written
from shared.schemas.envelope import Event
from shared.storage.client import Collection
from shared.storage.ledger_form import ALL_BUT_EVENTS, Operation, document_of, operation

DUPLICATE_KEY = 11000
# Server error codes (mongo/base/error_codes.yml) that say the content cannot be stored, even when the whole command fails
# (nesting over 200 levels: Overflow). Every other one, known or not, is the server's trouble: the write is to be tried again.
UNSTORABLE = frozenset({2, 9, 14, 15, 22, 28, 52, 55, 56, 57, 10334, 17419, 17420})
CROWDED_BYTES = 256 * 1024
"""Of a document's events, some 200 in a usual history; what is published moves to the history collection from there on."""
TRIMMED_AT_ONCE = 50
PARKED_IN_ORDER = [("_id", 1), ("parked", 1)]
# A query reads by a partial index only if it repeats the index's own condition.
PARKED = {"parked": {"$type": "string"}}
WAITING = {"waiting_since": {"$type": "date"}}
UNPUBLISHED = {"$filter": {"input": "$events", "cond": {"$gt": ["$$this.sequence", "$published"]}}}


@dataclass(frozen=True, kw_only=True)
class LedgerFigures:
    """How many requests are parked, how many hold early events, and since when the oldest of these waits."""

    parked: int
    early: int
    oldest_early: datetime | None


class MongoLedgerStore:
    """The LedgerStore of one service's collection, and of the collection beside it that takes what long histories have published.

    An event is in the document, in the history, or for a moment in both, never in neither.
    """

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._history = collection.database[f"{collection.name}_history"]

    async def prepare(self) -> None:
        """Create the indexes the ledger itself reads by."""
        await self._collection.create_index("wake_at", partialFilterExpression={"wake_at": {"$type": "date"}})
        await self._collection.create_index("parked", partialFilterExpression={"parked": {"$type": "string"}})
        await self._collection.create_index(PARKED_IN_ORDER, partialFilterExpression=PARKED)
        await self._collection.create_index("waiting_since", partialFilterExpression=WAITING)
        await self._collection.create_index([("said_at", 1), ("_id", 1)])
        await self._collection.create_index("events_bytes", partialFilterExpression={"events_bytes": {"$gt": CROWDED_BYTES}})
        await self._history.create_index([("subject", 1), ("sequence", 1)])

    async def load(self, subjects: Sequence[str]) -> dict[str, Document]:
        found = self._collection.find({"_id": {"$in": list(subjects)}}, {**ALL_BUT_EVENTS, "events": UNPUBLISHED})
        return {stored["_id"]: document_of(stored) async for stored in found}

    async def standing(self, subjects: Sequence[str]) -> dict[str, Mark]:
        found = self._collection.find({"_id": {"$in": list(subjects)}}, {"revision": 1, "published": 1, "wake_at": 1})
        return {one["_id"]: _mark_of(one) async for one in found}

    async def write(self, changes: Sequence[Change]) -> list[Written]:
        results: list[Written] = ["written"] * len(changes)
        operations: dict[int, Operation] = {}
        for place, change in enumerate(changes):
            made = operation(change)
            if isinstance(made, Refused):
                results[place] = made
            else:
                operations[place] = made
        ends = await self._bulk([made.update for made in operations.values()])
        for (place, made), result in zip(operations.items(), ends, strict=True):
            results[place] = result
            if result == "written":
                changes[place].document.stored = made.fields
        return results

    async def _bulk(self, operations: list[UpdateOne]) -> list[Written]:
        """What became of each operation; a bulk the server refuses as a whole for one's content is bisected."""
        if not operations:
            return []
        results: list[Written] = ["written"] * len(operations)
        try:
            await self._collection.bulk_write(operations, ordered=False)
        except BulkWriteError as error:
            for place, result in _failures(error):
                results[place] = result
        except OperationFailure as error:
            if error.code not in UNSTORABLE:
                raise
            if len(operations) == 1:
                return [Refused(problem=f"{error.code}: {str(error.details and error.details.get('errmsg'))[:300]}")]
            half = len(operations) // 2
            return [*await self._bulk(operations[:half]), *await self._bulk(operations[half:])]
        return results

    async def mark(self, marks: Sequence[Mark]) -> None:
        operations = [UpdateOne({"_id": mark.subject}, [{"$set": _marking(mark)}]) for mark in marks]
        if operations:
            await self._collection.bulk_write(operations, ordered=False)

    async def due(self, now: datetime, limit: int) -> list[str]:
        found = self._collection.find(_due(now), {"_id": 1}).sort("wake_at", 1).limit(limit)
        return [stored["_id"] async for stored in found]

    async def postpone(self, subjects: Sequence[str], *, now: datetime, until: datetime) -> None:
        await self._collection.update_many({"_id": {"$in": list(subjects)}, **_due(now)}, {"$set": {"wake_at": until}})

    async def events(self, subject: str, after: int = 0) -> list[Event]:
        return await self._said(subject, {"$gt": ["$$this.sequence", after]}, {"sequence": {"$gt": after}})

    async def caused(self, subject: str, causes: Sequence[str]) -> list[Event]:
        wanted = list(causes)
        return await self._said(subject, {"$in": ["$$this.causationid", wanted]}, {"causationid": {"$in": wanted}})

    async def heads(self, since: datetime, after: str, limit: int) -> list[Head]:
        behind = {"$or": [{"said_at": {"$gt": since}}, {"said_at": since, "_id": {"$gt": after}}]}
        found = self._collection.find(behind, {"head": 1, "said_at": 1}).sort([("said_at", 1), ("_id", 1)]).limit(limit)
        return [Head(subject=one["_id"], sequence=one["head"], said_at=one["said_at"]) async for one in found]

    async def heard(self, subjects: Sequence[str]) -> dict[str, dict[str, int]]:
        parts = {"heard": 1, "early.source": 1, "early.sequence": 1}
        return {
            stored["_id"]: _highest(stored) async for stored in self._collection.find({"_id": {"$in": list(subjects)}}, parts)
        }

    async def trim(self) -> int:
        """Move what crowded documents have published to the history; how many events were moved. Repeating it is harmless."""
        published = {"$filter": {"input": "$events", "cond": {"$lte": ["$$this.sequence", "$published"]}}}
        crowded = self._collection.find({"events_bytes": {"$gt": CROWDED_BYTES}}, {"events": published}).limit(TRIMMED_AT_ONCE)
        moved = 0
        async for stored in crowded:
            if events := stored["events"]:
                await self._history.bulk_write(
                    [ReplaceOne({"_id": event["id"]}, {"_id": event["id"], **event}, upsert=True) for event in events],
                    ordered=False,
                )
                await self._collection.update_one({"_id": stored["_id"]}, _without(events[-1]["sequence"]))
                moved += len(events)
        return moved

    async def parked(self, limit: int, after: str = "", reason: str = "") -> list[tuple[str, str]]:
        """(subject, why) of the requests behind `after`, by subject, that are set aside for something that holds `reason`."""
        query = {"_id": {"$gt": after}, **_set_aside(reason)}
        found = self._collection.find(query, {"parked": 1}).sort("_id", 1).limit(limit).hint(PARKED_IN_ORDER)
        return [(stored["_id"], stored["parked"]) async for stored in found]

    async def count_parked(self, reason: str = "") -> int:
        """How many requests `parked` would go through."""
        return await self._collection.count_documents(_set_aside(reason))

    async def count_heads(self, since: datetime) -> int:
        """How many subjects `heads` would go through."""
        return await self._collection.count_documents({"said_at": {"$gte": since}})

    async def figures(self) -> LedgerFigures:
        """What waits and what is set aside, for the gauges; no more is read than that."""
        parked = await self.count_parked()
        early = await self._collection.count_documents(WAITING)
        oldest = await self._collection.find_one(WAITING, {"_id": 0, "waiting_since": 1}, sort=[("waiting_since", 1)])
        return LedgerFigures(parked=parked, early=early, oldest_early=oldest["waiting_since"] if oldest else None)

    async def _said(self, subject: str, condition: Mapping[str, Any], query: Mapping[str, Any]) -> list[Event]:
        """Own events by `condition` in the document and by `query` in the history; the document first, since events move from it."""
        projection = {"events": {"$filter": {"input": "$events", "cond": condition}}, "trimmed": 1}
        stored = await self._collection.find_one({"_id": subject}, projection)
        if stored is None:
            return []
        said = {event["sequence"]: event for event in stored["events"]}
        if stored.get("trimmed"):
            said |= {event["sequence"]: event async for event in self._history.find({"subject": subject, **query}, {"_id": 0})}
        return [Event.model_validate(said[sequence]) for sequence in sorted(said)]


def _due(now: datetime) -> dict[str, Any]:
    """Whose `wake_at` has come."""
    return {"wake_at": {"$type": "date", "$lte": now}}


def _failures(error: BulkWriteError) -> Iterator[tuple[int, Written]]:
    """Which operations were stale or refused; raises `error` when it says more than that of any, or of the bulk."""
    details: dict[str, Any] = dict(error.details or {})
    failed = details.get("writeErrors", [])
    if not failed or details.get("writeConcernErrors"):
        raise error
    for failure in failed:
        if failure["code"] != DUPLICATE_KEY and failure["code"] not in UNSTORABLE:
            raise error
        refused = Refused(problem=f"{failure['code']}: {str(failure['errmsg'])[:500]}")
        yield failure["index"], "stale" if failure["code"] == DUPLICATE_KEY else refused


def _without(sequence: int) -> list[dict[str, Any]]:
    """The update that drops the events up to `sequence`, whatever was said meanwhile."""
    later = {"$filter": {"input": "$events", "cond": {"$gt": ["$$this.sequence", sequence]}}}
    trimmed = {"$max": ["$trimmed", sequence]}
    return [{"$set": {"events": later, "trimmed": trimmed}}, {"$set": {"events_bytes": {"$bsonSize": {"events": "$events"}}}}]


def _set_aside(reason: str) -> dict[str, Any]:
    return {"parked": {"$type": "string", **({"$regex": re.escape(reason)} if reason else {})}}


def _mark_of(stored: dict[str, Any]) -> Mark:
    return Mark(
        subject=stored["_id"],
        revision=stored["revision"],
        published=stored.get("published", 0),
        wake_at=stored.get("wake_at"),
    )


def _highest(stored: dict[str, Any]) -> dict[str, int]:
    highest: dict[str, int] = dict(stored.get("heard", {}))
    for held in stored.get("early", ()):
        highest[held["source"]] = max(highest.get(held["source"], 0), held["sequence"])
    return highest


def _marking(mark: Mark) -> dict[str, Any]:
    unchanged = {"$eq": ["$revision", mark.revision]}
    return {
        "published": {"$max": ["$published", mark.published]},
        "wake_at": {"$cond": [unchanged, mark.wake_at, "$wake_at"]},
    }
