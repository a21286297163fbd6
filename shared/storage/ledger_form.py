"""How a ledger document is written down in MongoDB, and read again: one guarded update that names what differs from what was loaded."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Any

import bson
import orjson
from bson.errors import BSONError
from bson.raw_bson import RawBSONDocument
from pymongo import UpdateOne

from shared.ledger.document import Change, Document, Held, Refused, StoredItem
from shared.messaging.wire import Record
from shared.schemas.envelope import Event

WHOLE = frozenset({"heard", "heard_ids", "applied", "early", "aside", "state", "head", "items"})
DELETED = "history lost: the document was deleted while a process remembered it, which wrote what it knew; restore it"
_NOWHERE = object()
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*|[0-9a-f]{8}-[0-9a-f-]{27}")
MAX_DOCUMENT_BYTES = 15 * 1024 * 1024
PLAIN_FIELDS = (
    "revision",
    "schema",
    "unit",
    "heard",
    "heard_ids",
    "applied",
    "early",
    "aside",
    "head",
    "head_id",
    "parked",
    "waiting_since",
)
ITEM_FIELDS = tuple(field.name for field in fields(StoredItem))
ALL_BUT_EVENTS = dict.fromkeys(
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


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One guarded write, and the fields as they stand once it is done."""

    update: UpdateOne
    fields: dict[str, Any]


def operation(change: Change) -> Operation | Refused:
    """The guarded write, encoded once and here, so that what cannot be encoded is refused alone."""
    document = change.document
    try:
        said = [RawBSONDocument(bson.encode(event.model_dump())) for event in change.said]
        stands = _fields(document)
        update = bson.encode(
            {
                "$set": _changed(document, stands) | ({"said_at": change.said[-1].time} if said else {}),
                "$max": {"published": document.published},
                "$push": {"events": {"$each": said}},
                "$inc": {"events_bytes": sum(len(event.raw) for event in said)},
            }
        )
    except (BSONError, OverflowError, UnicodeEncodeError, TypeError, ValueError, RecursionError) as error:
        return Refused(problem=f"{type(error).__name__}: {str(error)[:500]}")
    if len(update) > MAX_DOCUMENT_BYTES:
        return Refused(problem=f"The document would have {len(update)} bytes; {MAX_DOCUMENT_BYTES} are the limit.")
    guard = {"_id": document.subject, "revision": document.revision}
    return Operation(update=UpdateOne(guard, RawBSONDocument(update), upsert=True), fields=stands)


def _fields(document: Document) -> dict[str, Any]:
    return {
        "revision": document.revision + 1,
        "schema": document.schema,
        "unit": document.unit,
        "heard": dict(document.heard),
        "heard_ids": dict(document.heard_ids),
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


def _changed(document: Document, fields: dict[str, Any]) -> dict[str, Any]:
    """The fields that differ from what was stored, `state` and `items` by their parts: the guard says that all else still stands.

    Only `wake_at` may have been marked meanwhile; it is always written.
    """
    stored = document.stored
    if stored is None:
        return fields
    state, items = fields["state"], fields["items"]
    changed = {name: fields[name] for name in PLAIN_FIELDS if name not in stored or stored[name] != fields[name]}
    return changed | {"wake_at": fields["wake_at"]} | parts("state", stored["state"], state) | _item_parts(stored["items"], items)


def parts(path: str, stored: Any, value: Any, depth: int = 2) -> dict[str, Any]:
    """What to set where so that `stored`, at `path`, becomes `value`: the parts that differ, down to `depth` levels.

    A part is named by its own path only where that cannot be misread: nothing is taken away, keys are plain names, and not more than
    one is new, since the database puts several in the order of their names.
    """
    if _same(stored, value):
        return {}
    if depth and isinstance(stored, dict) and isinstance(value, dict) and _grows_by_one(list(stored), list(value)):
        named = {key: _PLAIN.fullmatch(key) is not None for key in value if value[key] is not stored.get(key, _NOWHERE)}
        if all(named.values()):
            return _together(parts(f"{path}.{key}", stored.get(key, _NOWHERE), value[key], depth - 1) for key in named)
    if depth and isinstance(stored, list) and isinstance(value, list) and 0 < len(stored) <= len(value):
        known = [*stored, *[_NOWHERE] * (len(value) - len(stored))]
        pairs = enumerate(zip(known, value, strict=True))
        return _together(parts(f"{path}.{place}", *pair, depth - 1) for place, pair in pairs)
    return {path: value}


def _grows_by_one(stored: list[str], value: list[str]) -> bool:
    """Whether the keys are those that are stored, in their order, and at most one more behind them."""
    return len(stored) > 0 and value[: len(stored)] == stored and len(value) <= len(stored) + 1


def _same(stored: Any, value: Any) -> bool:
    """Whether both are the same in the database, where 1, 1.0 and true are not."""
    if value is stored:
        return True
    if value != stored or type(value) is not type(stored):
        return False
    return not isinstance(value, dict | list) or orjson.dumps(value) == orjson.dumps(stored)  # the order of a dict counts too


def _together(parts: Iterable[dict[str, Any]]) -> dict[str, Any]:
    return {path: value for part in parts for path, value in part.items()}


def _item_parts(stored: list[Any], items: list[Any]) -> dict[str, Any]:
    """Items keep their places until one is forgotten."""
    forgotten = [item["id"] for item in stored] != [item["id"] for item in items[: len(stored)]]
    return {"items": items} if forgotten else parts("items", stored, items)


def _held(held: Held) -> dict[str, Any]:
    stored = {"source": held.source, "sequence": held.sequence, "id": held.id, "since": held.since}
    return {**stored, "record": held.record.as_json()}


def document_of(stored: dict[str, Any]) -> Document:
    if not stored.keys() >= WHOLE:
        return Document(subject=stored["_id"], revision=stored["revision"], parked=DELETED)
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
