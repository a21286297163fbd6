"""From Kafka records to applied events: what names no request is kept as a dead letter, everything else reaches its ledger."""

import hashlib
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Any, Protocol

import structlog

from shared.ledger.apply import Ledger
from shared.ledger.document import Held
from shared.ledger.order import held_from
from shared.messaging.wire import Record
from shared.telemetry import metrics

log = structlog.get_logger()


class DeadLetters(Protocol):
    """Where records that name no request are kept, byte for byte."""

    async def keep(self, identity: str, record: Record, problem: str, at: datetime) -> None: ...


Copy = Callable[[Record, str], Awaitable[bool]]
"""Put a copy of a dead record on the service's dead-letter topic: copy(record, problem)."""


class Hearing:
    """The handler of a service's request topics."""

    def __init__(self, ledger: Ledger[Any, Any], dead_letters: DeadLetters, copy: Copy) -> None:
        self._ledger = ledger
        self._dead_letters = dead_letters
        self._copy = copy

    async def handle(self, records: Sequence[Record]) -> None:
        """Apply a batch. Returning means that every record is applied, held, parked or kept."""
        now = self._ledger.clock.now()
        heard: list[Held] = []
        for record in records:
            held = held_from(record, now)
            if isinstance(held, Held):
                heard.append(held)
            else:
                await self.bury(record, held)
        if heard:
            outcomes = await self._ledger.apply(heard)
            for held, outcome in zip(heard, outcomes, strict=True):
                metrics.EVENTS_APPLIED.labels(self._ledger.domain.source, held.source).inc()
                if not outcome.stored:
                    await self.bury(held.record, outcome.problem)
                elif outcome.problem:
                    metrics.PARKINGS.labels(self._ledger.domain.source, "poison").inc()
                    log.warning(
                        "ledger.parked", request=outcome.subject, source=held.source, problem=outcome.problem.split(":")[0]
                    )

    async def bury(self, record: Record, problem: str) -> None:
        """Keep `record` in the dead-letter collection and copy it to the dead-letter topic."""
        await self._dead_letters.keep(identity_of(record), record, problem, self._ledger.clock.now())
        await self._copy(record, problem)
        metrics.DEAD_LETTERS.labels(self._ledger.domain.source, "unaddressed").inc()
        log.warning("messaging.dead_letter", topic=record.topic, partition=record.partition, offset=record.offset)


def identity_of(record: Record) -> str:
    """Topic, partition, offset and a hash of the content: a broker that lost its log counts offsets anew."""
    digest = hashlib.sha256(repr((record.key, record.headers, record.value)).encode()).hexdigest()[:16]
    return f"{record.topic}|{record.partition}|{record.offset}|{digest}"
