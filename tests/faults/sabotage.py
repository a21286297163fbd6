"""Protections switched off in one process, each by its name: with it off, its fault must do damage that the checker finds."""

import asyncio
import functools
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any, cast

import bson
from pymongo.errors import BulkWriteError

from services.routing.seats import MongoSeats
from shared.ledger import items, order
from shared.ledger.desk import Desk
from shared.ledger.document import Refused
from shared.ledger.draft import Draft
from shared.ledger.gaps import Gaps
from shared.ledger.messages import Outcome, Passing
from shared.ledger.reconciler import Reconciler
from shared.messaging.handover import Handover
from shared.messaging.producer import Producer
from shared.service import parts
from shared.storage import MongoDeadLetters, MongoShadow, ledger_store

WRITES_BLOCKED = 371


def instead(owner: object, name: str, other: Any) -> Any:
    """Put `other` in the place of what `owner` calls `name`, and give back what was there. Raises AttributeError if nothing was."""
    real = getattr(owner, name)
    setattr(owner, name, other)
    return real


def phase() -> None:
    """The point of no return is not written down."""

    async def tell(self: Desk, message: Any) -> Outcome:
        if isinstance(message, Passing):
            return Outcome(subject=message.subject, state=None, answer={"passed": True})
        return cast("Outcome", await real(self, message))

    real = instead(Desk, "tell", tell)


def outbox() -> None:
    """What is written counts as published at once: nobody says it after a crash."""

    def operation(change: Any) -> Any:
        made = real(change)
        if not isinstance(made, Refused):
            update = bson.decode(made.update._doc.raw)
            update["$max"] = {"published": change.document.head}
            update["$set"]["wake_at"] = change.document.wake_at if change.document.items else None
            made.update._doc = update
        return made

    real = instead(ledger_store, "operation", operation)


def acknowledgement() -> None:
    """Whatever was handed to the producer counts as acknowledged."""

    async def publish(self: Producer, topic: str, events: Any) -> list[bool]:
        return [True] * len(await real(self, topic, events))

    real = instead(Producer, "publish", publish)


def reconciliation() -> None:
    """Heads are not compared, and gaps are not asked about."""

    async def never(*_: Any) -> None:
        await asyncio.Event().wait()

    async def unasked(*_: Any) -> None:
        return

    instead(Reconciler, "work", never)
    instead(Gaps, "_ask_all", unasked)


def guard() -> None:
    """A write names its document alone, and so overwrites what another process wrote meanwhile."""

    def operation(change: Any) -> Any:
        made = real(change)
        if not isinstance(made, Refused):
            made.update._filter = {"_id": change.document.subject}
        return made

    real = instead(ledger_store, "operation", operation)


def sequence() -> None:
    """What was heard is not remembered: a record that comes again is applied again."""

    @functools.wraps(Draft._hear)
    def hear(self: Any, held: Any) -> Outcome:
        if held.sequence <= self.document.heard.get(held.source, 0):
            self.document.heard[held.source] = held.sequence - 1
            self.document.heard_ids.pop(held.source, None)
        return cast("Outcome", real(self, held))

    real = instead(Draft, "_hear", hear)
    instead(order, "breaks_chain", lambda *_: False)
    instead(order, "is_fork", lambda *_: False)


def seats() -> None:
    """Every wish for somebody's time is granted."""

    async def reserve(*_: Any) -> frozenset[str]:
        return frozenset()

    instead(MongoSeats, "reserve", reserve)


def majority() -> None:
    """A write counts once the primary has it in memory."""

    def connect(uri: str) -> Any:
        client = real(uri)
        careless = uri.replace("w=majority&journal=true&readConcernLevel=majority", "w=1&journal=false&readConcernLevel=local")
        client.close()
        return type(client)(careless, tz_aware=True, uuidRepresentation="standard")

    real = instead(parts, "connect", connect)


def refusals() -> None:
    """A write that a database refuses which takes none counts as written; what the guard refuses does not."""

    def failures(error: BulkWriteError) -> Iterator[tuple[int, Any]]:
        details: dict[str, Any] = dict(error.details or {})
        others = [failure for failure in details.get("writeErrors", []) if failure["code"] != WRITES_BLOCKED]
        return real(BulkWriteError({**details, "writeErrors": others})) if others else iter(())

    real = instead(ledger_store, "_failures", failures)


def dead_letters() -> None:
    """What names no request is dropped."""

    async def keep(*_: Any) -> None:
        return

    instead(MongoDeadLetters, "keep", keep)


def drain() -> None:
    """Partitions are given away while a batch of theirs is under way."""

    async def at_once(*_: Any) -> None:
        return

    instead(Handover, "on_partitions_revoked", at_once)


def shadow() -> None:
    """A rebuild does not stay beside what is in use: it begins every document's work again, as one that heard all events again would."""

    due = datetime(2000, 1, 1, tzinfo=UTC)
    fresh = {"status": "planned", "spent": "$$item.attempt", "owner": None, "until": None, "end": None, "due": due}
    anew = {"$cond": [{"$eq": ["$$item.data", {}]}, "$$item", {"$mergeObjects": ["$$item", fresh]}]}
    again = {
        "items": {"$map": {"input": "$items", "as": "item", "in": anew}},
        "revision": {"$add": ["$revision", 1]},
        "wake_at": due,
    }

    async def keep(self: MongoShadow, rebuilt: Any) -> None:
        await real(self, rebuilt)
        found = {"_id": {"$in": [one.subject for one in rebuilt]}, "items.0": {"$exists": True}}
        await self._collection.update_many(found, [{"$set": again}])

    def close(item: Any) -> None:
        data = item.data
        closed(item)
        item.data = data

    real, closed = instead(MongoShadow, "keep", keep), instead(items, "close", close)


def restore() -> None:
    """A service whose database was put back from a backup just starts. Nothing in it is switched off: the fault leaves the step out."""


PROTECTIONS: dict[str, Callable[[], None]] = {
    protection.__name__: protection
    for protection in (
        phase,
        outbox,
        acknowledgement,
        reconciliation,
        guard,
        sequence,
        seats,
        majority,
        refusals,
        dead_letters,
        drain,
        shadow,
        restore,
    )
}
