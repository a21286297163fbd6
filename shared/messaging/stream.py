"""One subscription on one cluster: raw batches, our own explicit commits, and on failure every partition of the batch seeks back.

Invariant: an offset is committed only after the handler returned for every record before it.
"""

import asyncio
import time
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
from faststream.kafka import KafkaBroker
from faststream.kafka import TopicPartition as Assigned

from shared.messaging.given import as_record, tolerant, whole
from shared.messaging.handover import Handover, heartbeat_ms
from shared.messaging.reader import Reader
from shared.messaging.security import PLAIN, Security
from shared.messaging.wire import Record
from shared.schemas.topics import MAX_MESSAGE_BYTES, Topic
from shared.telemetry import metrics

log = structlog.get_logger()
Handle = Callable[[Sequence[Record]], Awaitable[None]]
Records = Sequence[ConsumerRecord[Any, Any]]
MAX_RECORDS = 300
POLL_MS = 20
COMMIT_SECONDS = 10.0
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
LONGEST_START_PAUSE_SECONDS = 5.0
CONNECT_SECONDS = 60.0
STOP_SECONDS = 10.0


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


class Stream:
    """The life of one subscription: start, batches, and an end in three steps (`stop_fetching`, `drain`, `close`)."""

    def __init__(
        self, address: str, service: str, subscription: Subscription, membership: Membership, security: Security = PLAIN
    ) -> None:
        self._address = address
        self._security = security
        self._service = service
        self._subscription = subscription
        self._membership = membership
        self._start_seconds = CONNECT_SECONDS + 2 * membership.rebalance_timeout_ms / 1000
        self._broker: KafkaBroker | None = None
        self._stopping = False
        self._ending = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self.handover = Handover(self._idle, membership.rebalance_timeout_ms, self.topics)
        self._failures = 0
        self._ended_at = 0.0
        self.failing_since: float | None = None
        self.handling_since: float | None = None

    @property
    def topics(self) -> str:
        """What it reads, for people."""
        return ", ".join(topic.name for topic in self._subscription.topics)

    @property
    def started(self) -> bool:
        """Whether it reads."""
        return self._broker is not None

    @property
    def consumer(self) -> AIOKafkaConsumer | None:
        """The client, while it reads."""
        (subscriber,) = self._broker.subscribers if self._broker is not None else (None,)
        return getattr(subscriber, "consumer", None)

    @property
    def last_batch(self) -> float:
        """When records were last handed over, or a handler was done with them and more could be read; on the monotonic clock."""
        return max(self._ended_at, getattr(self.consumer, "last_batch", 0.0))

    def dead(self) -> bool:
        """Whether a task it cannot do without has ended."""
        if self._broker is None or self._stopping:
            return False
        (subscriber,) = self._broker.subscribers
        tasks = getattr(subscriber, "tasks", [])
        consumer = self.consumer
        return all(task.done() for task in tasks) or consumer is None or (isinstance(consumer, Reader) and consumer.dead())

    async def start(self) -> None:
        """Start reading as soon as the broker answers. An attempt has time for two rebalances: a join that hangs is made anew."""
        pause = FIRST_PAUSE_SECONDS
        while not self._stopping:
            broker = self._build()
            try:
                async with asyncio.timeout(self._start_seconds):
                    await _started(broker)
            except (KafkaError, OSError, TimeoutError) as error:
                log.warning("messaging.broker_away", problem=type(error).__name__)
                await _ended(broker)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_START_PAUSE_SECONDS)
            else:
                self._broker = broker
                if self._stopping:
                    self.stop_fetching()
                return

    def stop_fetching(self) -> None:
        """No batch is begun from now on."""
        self._stopping = True
        if self._broker is not None:
            for subscriber in self._broker.subscribers:
                subscriber.running = False

    async def drain(self) -> None:
        """Wait until the handler under way has returned and its offsets are committed; bound it in time."""
        self.stop_fetching()
        self._ending.set()
        await self._idle.wait()

    async def close(self) -> None:
        """Leave the group and close the connections; bound it in time."""
        if self._broker is not None:
            await self._broker.stop()

    async def lag(self) -> dict[str, int] | None:
        """Records left to read by topic, told to the gauges too; None when the broker does not say."""
        lag: dict[str, int] = defaultdict(int)
        consumer = self.consumer
        if consumer is None:
            return None
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

    def _build(self) -> KafkaBroker:
        broker = self._security.broker(self._address)
        settings: dict[str, Any] = {
            "batch": True,
            "auto_offset_reset": "earliest",
            "max_records": MAX_RECORDS,
            "batch_timeout_ms": POLL_MS,
            "max_partition_fetch_bytes": MAX_MESSAGE_BYTES,
            "ack_policy": AckPolicy.MANUAL,
            "parser": tolerant,
            "decoder": whole,
            "no_reply": True,
        }
        topics = self._subscription.topics
        if self._subscription.group is None:
            partitions = [Assigned(topic.name, number) for topic in topics for number in range(topic.partitions)]
            subscriber = broker.subscriber(partitions=partitions, **settings)
        else:
            subscriber = broker.subscriber(
                *(topic.name for topic in topics),
                group_id=self._subscription.group,
                partition_assignment_strategy=(RangePartitionAssignor,),
                session_timeout_ms=self._membership.session_timeout_ms,
                rebalance_timeout_ms=self._membership.rebalance_timeout_ms,
                heartbeat_interval_ms=heartbeat_ms(self._membership.rebalance_timeout_ms),
                listener=self.handover,
                **settings,
            )

        async def consume(records: Any) -> None:
            consumer = subscriber.consumer
            assert consumer is not None, "a started subscriber has a consumer"
            await self._consume(consumer, records)

        subscriber(consume)
        return broker

    async def _consume(self, consumer: AIOKafkaConsumer, records: Records) -> None:
        if isinstance(consumer, Reader) and not consumer.may_begin():
            return  # a rebalance came in between; whoever has the partitions next begins with these records
        if self._stopping:
            _seek_back(consumer, records)
            return
        self._idle.clear()
        self.handling_since = time.monotonic()
        try:
            handled = await self._handled(consumer, records)
        finally:
            self.handling_since, self._ended_at = None, time.monotonic()
            self._idle.set()
        if not handled:
            await self._pause(min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(self._failures, 8)))

    async def _handled(self, consumer: AIOKafkaConsumer, records: Records) -> bool:
        """Whether the batch is handled, and committed as far as the broker lets us; else it is read again."""
        try:
            await self._subscription.handle([as_record(record) for record in records])
        except Exception:  # nothing is skipped: whatever it was, the batch is read again after a pause
            self._failures += 1
            self.failing_since = self.failing_since or time.monotonic()
            log.exception("messaging.batch_failed", records=len(records), failures=self._failures)
            _seek_back(consumer, records)
            return False
        self._failures, self.failing_since = 0, None
        if self._subscription.group is not None:
            await self._commit(consumer, records)
        return True

    async def _pause(self, seconds: float) -> None:
        """Wait, but not while the process ends."""
        try:
            async with asyncio.timeout(seconds):
                await self._ending.wait()
        except TimeoutError:
            return

    async def _commit(self, consumer: AIOKafkaConsumer, records: Records) -> None:
        """Commit just behind each partition's last record. A failure only means reading it again.

        Once others were assigned, somebody may have committed more than that.
        """
        if isinstance(consumer, Reader) and not consumer.may_commit():
            return
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


def _seek_back(consumer: AIOKafkaConsumer, records: Records) -> None:
    first: dict[TopicPartition, int] = {}
    for record in records:
        partition = TopicPartition(record.topic, record.partition)
        first[partition] = min(first.get(partition, record.offset), record.offset)
    for partition, offset in first.items():
        if partition in consumer.assignment():
            consumer.seek(partition, offset)


async def _ended(broker: KafkaBroker) -> None:
    """Let go of a broker that could not be started; whatever of it cannot be closed, or not in time, is left to itself."""
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await broker.stop()
    except Exception as error:  # noqa: BLE001  # FastStream puts what its subscribers raise into groups; the next attempt is due
        log.warning("messaging.not_let_go", problem=type(error).__name__)


async def _started(broker: KafkaBroker) -> None:
    """Start `broker` with our own client under its subscribers (docs/decisions/0012)."""
    builder = await broker.connect()
    broker.config.broker_config.builder = partial(Reader, **builder.keywords)  # type: ignore[attr-defined]  # a partial
    await broker.start()
