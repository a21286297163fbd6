"""Protections switched off in one process, each by its name: with it off, its fault must do damage that the checker finds."""

import asyncio
import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import bson

from services.routing.seats import MongoSeats
from shared.ledger import order
from shared.ledger.desk import Desk
from shared.ledger.document import Refused
from shared.ledger.draft import Draft
from shared.ledger.gaps import Gaps
from shared.ledger.messages import Outcome, Passing
from shared.ledger.reconciler import Reconciler
from shared.messaging.producer import Producer
from shared.service import parts
from shared.storage import MongoDeadLetters, ledger_store


def phase() -> None:
    """The point of no return is not written down."""
    real = Desk.tell

    async def tell(self: Desk, message: Any) -> Outcome:
        if isinstance(message, Passing):
            return Outcome(subject=message.subject, state=None, answer={"passed": True})
        return await real(self, message)

    Desk.tell = tell  # type: ignore[method-assign]


def outbox() -> None:
    """What is written counts as published at once: nobody says it after a crash."""
    real = ledger_store.operation

    def operation(change: Any) -> Any:
        made = real(change)
        if not isinstance(made, Refused):
            update = bson.decode(made.update._doc.raw)
            update["$max"] = {"published": change.document.head}
            update["$set"]["wake_at"] = change.document.wake_at if change.document.items else None
            made.update._doc = update
        return made

    ledger_store.operation = operation


def acknowledgement() -> None:
    """Whatever was handed to the producer counts as acknowledged."""
    real = Producer.publish

    async def publish(self: Producer, topic: str, events: Any) -> list[bool]:
        return [True] * len(await real(self, topic, events))

    Producer.publish = publish  # type: ignore[method-assign]


def reconciliation() -> None:
    """Heads are not compared, and gaps are not asked about."""

    async def never(*_: Any) -> None:
        await asyncio.Event().wait()

    async def unasked(*_: Any) -> None:
        return

    Reconciler.work = never  # type: ignore[method-assign]
    Gaps._ask_all = unasked  # type: ignore[method-assign]


def guard() -> None:
    """A write names its document alone, and so overwrites what another process wrote meanwhile."""
    real = ledger_store.operation

    def operation(change: Any) -> Any:
        made = real(change)
        if not isinstance(made, Refused):
            made.update._filter = {"_id": change.document.subject}
        return made

    ledger_store.operation = operation  # type: ignore[assignment]


def sequence() -> None:
    """What was heard is not remembered: a record that comes again is applied again."""
    real = Draft._hear

    @functools.wraps(real)
    def hear(self: Any, held: Any) -> Outcome:
        if held.sequence <= self.document.heard.get(held.source, 0):
            self.document.heard[held.source] = held.sequence - 1
            self.document.heard_ids.pop(held.source, None)
        return real(self, held)

    Draft._hear = hear  # type: ignore[method-assign]
    order.breaks_chain = lambda *_: False
    order.is_fork = lambda *_: False


def seats() -> None:
    """Every wish for somebody's time is granted."""

    async def reserve(*_: Any) -> frozenset[str]:
        return frozenset()

    MongoSeats.reserve = reserve  # type: ignore[method-assign]


def majority() -> None:
    """A write counts once the primary has it in memory."""
    real = parts.connect

    def connect(uri: str) -> Any:
        client = real(uri)
        careless = uri.replace("w=majority&journal=true&readConcernLevel=majority", "w=1&journal=false&readConcernLevel=local")
        client.close()
        return type(client)(careless, tz_aware=True, uuidRepresentation="standard")

    parts.connect = connect  # type: ignore[assignment]


def dead_letters() -> None:
    """What names no request is dropped."""

    async def keep(*_: Any) -> None:
        return

    MongoDeadLetters.keep = keep  # type: ignore[method-assign]


PROTECTIONS: dict[str, Callable[[], None]] = {
    protection.__name__: protection
    for protection in (phase, outbox, acknowledgement, reconciliation, guard, sequence, seats, majority, dead_letters)
}


def smtp_patience(seconds: float) -> None:
    """How long notify waits for a mail server, where a profile scales time down."""
    from services.notify import app

    real = app._smtp_server
    app._smtp_server = lambda settings: dataclasses.replace(real(settings), timeout=seconds)
