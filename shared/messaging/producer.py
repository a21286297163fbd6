"""The one producer of a process: acknowledged by all replicas, every send bounded in time, rebuilt after a time-out.

Invariant: `publish` never raises for a broker that is away; what was not acknowledged is said again from the ledger.
"""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from shared.messaging.dead_letters import Dead, copy_of
from shared.messaging.security import PLAIN, Security
from shared.messaging.wire import encode
from shared.schemas.envelope import Event
from shared.schemas.topics import MAX_MESSAGE_BYTES
from shared.telemetry import metrics

log = structlog.get_logger()
SEND_SECONDS = 10.0
START_SECONDS = 10.0


Outgoing = tuple[bytes, bytes | None, Sequence[tuple[str, bytes | None]]]
"""(key, value, headers)."""


class Producer:
    """Sends records of one service; `address` is host:port, or several with commas between.

    The idempotent mode of the client is not used: duplicates are dropped by sequence.
    """

    def __init__(self, address: str, service: str, security: Security = PLAIN) -> None:
        self._address = address
        self._published = metrics.EVENTS_PUBLISHED.labels(service)
        self._failed = metrics.PUBLISH_FAILURES.labels(service)
        self._security = security
        self._producer: AIOKafkaProducer | None = None
        self._starting = asyncio.Lock()
        self._away_until = 0.0

    async def publish(self, topic: str, events: Sequence[Event]) -> list[bool]:
        """Send `events` to `topic`, in order; whether each was acknowledged."""
        acknowledged = await self.send(topic, [encode(event) for event in events])
        taken = sum(acknowledged)
        self._published.inc(taken)
        self._failed.inc(len(acknowledged) - taken)
        return acknowledged

    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[bool]:
        """Send (key, value, headers) records; whether each was acknowledged within the time limit, also when others were not."""
        producer = await self._started()
        if producer is None:
            return [False] * len(records)
        futures: list[asyncio.Future[Any]] = []
        try:
            async with asyncio.timeout(SEND_SECONDS):
                for record in records:
                    futures.append(await _queued(producer, topic, record))  # noqa: PERF401  # those queued count even when one fails
                if futures:
                    await asyncio.wait(futures)
        except (TimeoutError, KafkaError) as error:
            log.warning("messaging.send_failed", topic=topic, problem=type(error).__name__)
            await self._rebuild(producer)
        acknowledged = [_acknowledged(future) for future in futures] + [False] * (len(records) - len(futures))
        if not all(acknowledged):
            log.warning("messaging.not_acknowledged", topic=topic, records=len(records) - sum(acknowledged))
        return acknowledged

    async def copy(self, topic: str, dead: Sequence[Dead]) -> list[bool]:
        """Send records to `topic` (a dead-letter topic), with where they came from and why; `original_of` makes each again."""
        return await self.send(topic, [copy_of(one.record, one.problem) for one in dead])

    async def stop(self) -> None:
        """Flush within the time limit and close."""
        producer, self._producer = self._producer, None
        if producer is not None:
            await _close(producer)

    async def _started(self) -> AIOKafkaProducer | None:
        if self._producer is not None:
            return self._producer
        async with self._starting:
            loop = asyncio.get_running_loop()
            if self._producer is None and loop.time() >= self._away_until:
                self._producer = await self._start()
                if self._producer is None:
                    # A broker that is away must not slow down whoever wants to publish: not asked again for a second.
                    self._away_until = loop.time() + 1.0
        return self._producer

    async def _start(self) -> AIOKafkaProducer | None:
        producer = AIOKafkaProducer(
            bootstrap_servers=self._address.split(","),
            acks="all",
            enable_idempotence=False,
            linger_ms=2,
            max_batch_size=262_144,
            max_request_size=MAX_MESSAGE_BYTES,
            request_timeout_ms=int(SEND_SECONDS * 1000),
            **self._security.client(),
        )
        try:
            async with asyncio.timeout(START_SECONDS):
                await producer.start()
        except (TimeoutError, KafkaError, OSError) as error:
            log.warning("messaging.broker_away", problem=type(error).__name__)
            await _close(producer)
            return None
        return producer

    async def _rebuild(self, producer: AIOKafkaProducer) -> None:
        if self._producer is producer:
            self._producer = None
            await _close(producer)


def _acknowledged(future: asyncio.Future[Any]) -> bool:
    """Whether the broker has said so by now; nobody waits any longer for one that it has not."""
    return not future.cancel() and not future.cancelled() and future.exception() is None


async def _queued(producer: AIOKafkaProducer, topic: str, record: Outgoing) -> asyncio.Future[Any]:
    """What will become of `record`; one that is too large fails by itself and not the others with it."""
    key, value, headers = record
    try:
        return await producer.send(topic, value, key=key, headers=headers)  # type: ignore[no-any-return]  # it is untyped
    except MessageSizeTooLargeError as error:
        refused: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        refused.set_exception(error)
        return refused


async def _close(producer: AIOKafkaProducer) -> None:
    try:
        async with asyncio.timeout(SEND_SECONDS):
            await producer.stop()
    except (TimeoutError, KafkaError) as error:
        log.warning("messaging.producer_not_closed", problem=type(error).__name__)


class TopicPublisher:
    """A ledger's publisher: all its events go to one topic."""

    def __init__(self, producer: Producer, topic: str) -> None:
        self._producer = producer
        self._topic = topic

    async def publish(self, events: Sequence[Event]) -> list[bool]:
        """Whether each event was acknowledged."""
        return await self._producer.publish(self._topic, events) if events else []
