"""The only way to consume: raw batches, our own explicit commits, and on failure every partition of the batch seeks back.

Invariant: an offset is committed only after the handler returned for every record before it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.coordinator.assignors.range import RangePartitionAssignor
from aiokafka.errors import KafkaError
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage
from faststream.kafka import TopicPartition as Assigned
from faststream.kafka.message import FAKE_CONSUMER
from faststream.message import StreamMessage

from shared.messaging.reader import Reader
from shared.messaging.wire import Record
from shared.schemas.topics import MAX_MESSAGE_BYTES, Topic
from shared.telemetry import metrics

log = structlog.get_logger()
Handle = Callable[[Sequence[Record]], Awaitable[None]]
MAX_RECORDS = 300
POLL_MS = 20
COMMIT_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """What one handler reads. With a `group` the members share the partitions; without one each process reads all."""

    topics: tuple[Topic, ...]
    handle: Handle
    group: str | None


@dataclass(frozen=True, kw_only=True)
class Membership:
    """How long a member may be silent, and how long a rebalance waits for members, in milliseconds."""

    session_timeout_ms: int = 45_000
    rebalance_timeout_ms: int = 60_000


class Consumer:
    """All subscriptions of one process on one cluster, kept trying to start for as long as it is away.

    `address` is host:port, or several with commas between.
    """

    def __init__(
        self, address: str, service: str, subscriptions: Sequence[Subscription], membership: Membership | None = None
    ) -> None:
        self._address = address
        self._service = service
        self._subscriptions = subscriptions
        self._membership = membership or Membership()
        self._brokers: list[KafkaBroker] = []
        self._stopping = False
        self._failures = 0
        self._busy = 0
        self._caught_up = False

    @property
    def started(self) -> bool:
        """Whether every subscription reads."""
        return len(self._brokers) == len(self._subscriptions)

    def caught_up(self) -> bool:
        """Whether everything was read to the end when last looked; False while that is not known."""
        return self.started and self._caught_up

    async def run(self) -> None:
        """Start every subscription as soon as the broker answers; returns when all are. Cancel it to give up."""
        await asyncio.gather(*(self._start(subscription) for subscription in self._subscriptions))

    async def _start(self, subscription: Subscription) -> None:
        pause = FIRST_PAUSE_SECONDS
        while True:
            broker = self._build(subscription)
            try:
                await _started(broker)
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("messaging.broker_away", problem=type(error).__name__)
                await broker.stop()
                await asyncio.sleep(pause)
                pause = min(pause * 2, 5.0)
            else:
                self._brokers.append(broker)
                return

    async def stop(self) -> None:
        """Stop fetching, let the handlers under way finish and commit, and leave the groups."""
        self._stopping = True
        for broker in self._brokers:
            for subscriber in broker.subscribers:
                subscriber.running = False
        async with asyncio.timeout(20):
            while self._busy:  # noqa: ASYNC110  # a counter of handlers under way, seldom above one, at the very end of a life
                await asyncio.sleep(0.01)
        await asyncio.gather(*(broker.stop() for broker in self._brokers))

    async def watch_lag(self) -> None:
        """Keep the lag gauges true until cancelled: records between the committed position and the end of each topic."""
        while True:
            await asyncio.sleep(5)
            lags = [await self._lag(consumer) for consumer in self._consumers()]
            self._caught_up = all(lag is not None and not any(lag.values()) for lag in lags)

    def _build(self, subscription: Subscription) -> KafkaBroker:
        broker = KafkaBroker(
            self._address.split(","), acks="all", enable_idempotence=False, graceful_timeout=20, logger=None, apply_types=False
        )
        self._subscribe(broker, subscription)
        return broker

    def _subscribe(self, broker: KafkaBroker, subscription: Subscription) -> None:
        settings: dict[str, Any] = {
            "batch": True,
            "auto_offset_reset": "earliest",
            "max_records": MAX_RECORDS,
            "batch_timeout_ms": POLL_MS,
            "max_partition_fetch_bytes": MAX_MESSAGE_BYTES,
            "parser": _tolerant,
            "decoder": _whole,
            "no_reply": True,
        }
        names = [topic.name for topic in subscription.topics]
        if subscription.group is None:
            partitions = [Assigned(topic.name, number) for topic in subscription.topics for number in range(topic.partitions)]
            subscriber = broker.subscriber(partitions=partitions, ack_policy=AckPolicy.MANUAL, **settings)
        else:
            subscriber = broker.subscriber(
                *names,
                group_id=subscription.group,
                ack_policy=AckPolicy.MANUAL,
                partition_assignment_strategy=(RangePartitionAssignor,),
                session_timeout_ms=self._membership.session_timeout_ms,
                rebalance_timeout_ms=self._membership.rebalance_timeout_ms,
                **settings,
            )

        async def consume(records: Any) -> None:
            consumer = subscriber.consumer
            assert consumer is not None, "a started subscriber has a consumer"
            await self._consume(subscription, consumer, records)

        subscriber(consume)

    async def _consume(
        self, subscription: Subscription, consumer: AIOKafkaConsumer, records: Sequence[ConsumerRecord[Any, Any]]
    ) -> None:
        self._busy += 1
        try:
            if self._stopping:
                self._seek_back(consumer, records)
                return
            await subscription.handle([_record(record) for record in records])
        except Exception:  # nothing is skipped: whatever it was, the batch is read again after a pause
            self._failures += 1
            log.exception("messaging.batch_failed", records=len(records), failures=self._failures)
            self._seek_back(consumer, records)
            await asyncio.sleep(min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(self._failures, 8)))
        else:
            self._failures = 0
            if subscription.group is not None:
                await self._commit(consumer, records)
        finally:
            self._busy -= 1

    def _seek_back(self, consumer: AIOKafkaConsumer, records: Sequence[ConsumerRecord[Any, Any]]) -> None:
        first: dict[TopicPartition, int] = {}
        for record in records:
            partition = TopicPartition(record.topic, record.partition)
            first[partition] = min(first.get(partition, record.offset), record.offset)
        for partition, offset in first.items():
            if partition in consumer.assignment():
                consumer.seek(partition, offset)

    async def _commit(self, consumer: AIOKafkaConsumer, records: Sequence[ConsumerRecord[Any, Any]]) -> None:
        """Commit just behind each partition's last record. A failure only means reading it again."""
        after: dict[TopicPartition, int] = defaultdict(int)
        for record in records:
            partition = TopicPartition(record.topic, record.partition)
            after[partition] = max(after[partition], record.offset + 1)
        owned = {partition: offset for partition, offset in after.items() if partition in consumer.assignment()}
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                if owned:
                    await consumer.commit(owned)
        except (KafkaError, TimeoutError) as error:
            metrics.COMMIT_FAILURES.labels(self._service).inc()
            log.warning("messaging.commit_failed", problem=type(error).__name__)

    def _consumers(self) -> list[AIOKafkaConsumer]:
        subscribers = [subscriber for broker in self._brokers for subscriber in broker.subscribers]
        return [consumer for subscriber in subscribers if (consumer := getattr(subscriber, "consumer", None)) is not None]

    async def _lag(self, consumer: AIOKafkaConsumer) -> dict[str, int] | None:
        """Records left to read by topic, told to the gauges too; None when the broker does not say."""
        lag: dict[str, int] = defaultdict(int)
        try:
            async with asyncio.timeout(COMMIT_SECONDS):
                ends = await consumer.end_offsets(list(consumer.assignment()))
                for partition, end in ends.items():
                    lag[partition.topic] += max(0, end - await consumer.position(partition))
        except (KafkaError, TimeoutError) as error:
            log.warning("messaging.lag_unknown", problem=type(error).__name__)
            return None
        for topic, records in lag.items():
            metrics.CONSUMER_LAG.labels(self._service, topic).set(records)
        return lag


async def _started(broker: KafkaBroker) -> None:
    """Start `broker` with our own client under its subscribers (docs/decisions/0009)."""
    builder = await broker.connect()
    broker.config.broker_config.builder = partial(Reader, **builder.keywords)  # type: ignore[attr-defined]  # a partial
    await broker.start()


def _record(record: ConsumerRecord[Any, Any]) -> Record:
    return Record(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        headers=tuple(record.headers),
        value=record.value,
    )


async def _tolerant(records: tuple[ConsumerRecord[Any, Any], ...]) -> KafkaMessage:
    """A parser that no header can upset: FastStream's own skips a whole batch for one null or non-UTF-8 header."""
    first = records[0]
    identity = f"{first.topic}-{first.partition}-{first.offset}"
    return KafkaMessage(body=b"", headers={}, raw_message=records, message_id=identity, consumer=FAKE_CONSUMER)


async def _whole(message: StreamMessage[Any]) -> Any:
    """Hand the raw records through; they are decoded by the handler, where a fault is seen."""
    return message.raw_message
