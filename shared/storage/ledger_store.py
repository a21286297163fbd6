"""The ledger's collection on MongoDB: one atomic, revision-guarded write per document, in one bulk per batch."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

import bson
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from pymongo import ReplaceOne, UpdateOne
from pymongo.errors import BulkWriteError, OperationFailure

from shared.ledger.document import Change, Document, Head, Held, Mark, Refused, StoredItem, Written
from shared.messaging.wire import Record
from shared.schemas.envelope import Event
from shared.storage.client import Collection

DUPLICATE_KEY = 11000
# Server error codes (mongo/base/error_codes.yml) that say the content cannot be stored, even when the whole command fails
# (nesting over 200 levels: Overflow). Every other one, known or not, is the server's trouble: the write is to be tried again.
UNSTORABLE = frozenset({2, 9, 14, 15, 22, 28, 52, 55, 56, 57, 10334, 17419, 17420})
MAX_DOCUMENT_BYTES = 15 * 1024 * 1024
CROWDED_BYTES = 256 * 1024
"""Of a document's events, some 200 in a usual history; what is published moves to the history collection from there on."""
TRIMMED_AT_ONCE = 50
PARKED_IN_ORDER = [("_id", 1), ("parked", 1)]
# A query reads by a partial index only if it repeats the index's own condition.
PARKED = {"parked": {"$type": "string"}}
WAITING = {"waiting_since": {"$type": "date"}}
ITEM_FIELDS = tuple(field.name for field in fields(StoredItem))
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
        found = self._collection.find({"_id": {"$in": list(subjects)}}, {**_ALL_BUT_EVENTS, "events": UNPUBLISHED})
        return {stored["_id"]: _document(stored) async for stored in found}

    async def write(self, changes: Sequence[Change]) -> list[Written]:
        results: list[Written] = ["written"] * len(changes)
        operations: list[UpdateOne] = []
        places: list[int] = []
        for place, change in enumerate(changes):
            operation = _operation(change)
            if isinstance(operation, Refused):
                results[place] = operation
            else:
                operations.append(operation)
                places.append(place)
        for place, result in zip(places, await self._bulk(operations), strict=True):
            results[place] = result
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


_ALL_BUT_EVENTS = dict.fromkeys(
    [
        "revision",
        "schema",
        "unit",
        "heard",
        "heard_ids",
        "applied",
        "early",
        "aside",
        "state",
        "head",
        "head_id",
        "published",
        "items",
        "parked",
        "wake_at",
    ],
    1,
)


def _operation(change: Change) -> UpdateOne | Refused:
    """The guarded write, encoded once and here, so that what cannot be encoded is refused alone."""
    document = change.document
    try:
        said = [RawBSONDocument(bson.encode(event.model_dump())) for event in change.said]
        update = bson.encode(
            {
                "$set": _changed(document) | ({"said_at": change.said[-1].time} if said else {}),
                "$max": {"published": document.published},
                "$push": {"events": {"$each": said}},
                "$inc": {"events_bytes": sum(len(event.raw) for event in said)},
            }
        )
    except (BSONError, OverflowError, UnicodeEncodeError, TypeError, ValueError, RecursionError) as error:
        return Refused(problem=f"{type(error).__name__}: {str(error)[:500]}")
    if len(update) > MAX_DOCUMENT_BYTES:
        return Refused(problem=f"The document would have {len(update)} bytes; {MAX_DOCUMENT_BYTES} are the limit.")
    return UpdateOne({"_id": document.subject, "revision": document.revision}, RawBSONDocument(update), upsert=True)


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


def _highest(stored: dict[str, Any]) -> dict[str, int]:
    highest: dict[str, int] = dict(stored["heard"])
    for held in stored["early"]:
        highest[held["source"]] = max(highest.get(held["source"], 0), held["sequence"])
    return highest


def _fields(document: Document) -> dict[str, Any]:
    return {
        "revision": document.revision + 1,
        "schema": document.schema,
        "unit": document.unit,
        "heard": document.heard,
        "heard_ids": document.heard_ids,
        "applied": document.applied,
        "early": [_held(held) for held in document.early],
        "aside": [_held(held) for held in document.aside],
        "state": document.state,
        "head": document.head,
        "head_id": document.head_id,
        "items": [{name: getattr(item, name) for name in ITEM_FIELDS} for item in document.items],
        "parked": document.parked,
        "wake_at": document.wake_at,
        "waiting_since": None if document.parked else min((held.since for held in document.early), default=None),
    }


def _changed(document: Document) -> dict[str, Any]:
    """The fields that differ from what was loaded, `state` and `items` by their parts: the guard says that all else still stands."""
    fields, stored = _fields(document), document.stored
    if stored is None:
        return fields
    state, items = fields.pop("state"), fields.pop("items")
    changed = {name: value for name, value in fields.items() if name not in stored or stored[name] != value}
    return changed | _state_parts(stored["state"], state) | _item_parts(stored["items"], items)


def _state_parts(stored: Any, state: Any) -> dict[str, Any]:
    """The top of a state is a model's fields: their names are safe as paths."""
    if state is stored:
        return {}
    if not stored or not state or stored.keys() != state.keys():
        return {"state": state}
    return {f"state.{name}": value for name, value in state.items() if stored[name] != value}


def _item_parts(stored: list[Any], items: list[Any]) -> dict[str, Any]:
    """Items keep their places until one is forgotten."""
    if [item["id"] for item in stored] != [item["id"] for item in items[: len(stored)]]:
        return {"items": items}
    parts = {f"items.{place}": item for place, item in enumerate(items) if place >= len(stored) or item != stored[place]}
    return {"items": items} if len(parts) == len(items) else parts


def _held(held: Held) -> dict[str, Any]:
    stored = {"source": held.source, "sequence": held.sequence, "id": held.id, "since": held.since}
    return {**stored, "record": held.record.as_json()}


def _document(stored: dict[str, Any]) -> Document:
    loaded, stored = stored, dict(stored)
    stored["subject"] = stored.pop("_id")
    # What is loaded stays as it was, to be compared with: whatever a draft changes in place is a copy.
    stored["heard"], stored["heard_ids"] = dict(stored["heard"]), dict(stored["heard_ids"])
    stored["applied"] = list(stored["applied"])
    stored["early"] = [_unheld(held) for held in stored["early"]]
    stored["aside"] = [_unheld(held) for held in stored["aside"]]
    stored["items"] = [StoredItem(**item) for item in stored["items"]]
    stored["events"] = [Event.model_validate(event) for event in stored["events"]]
    return Document(**stored, stored=loaded)


def _unheld(stored: dict[str, Any]) -> Held:
    return Held(**{**stored, "record": Record.from_json(stored["record"])})


def _marking(mark: Mark) -> dict[str, Any]:
    unchanged = {"$eq": ["$revision", mark.revision]}
    return {
        "published": {"$max": ["$published", mark.published]},
        "wake_at": {"$cond": [unchanged, mark.wake_at, "$wake_at"]},
    }
