"""What the tests of the consumer share: many small records, a handler with a memory, a consumer that runs for a while."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from shared.messaging.consumer import Consumer, Handle, Membership, Subscription
from shared.messaging.producer import Producer
from shared.messaging.wire import Record
from shared.schemas.topics import REQUEST_TOPICS, Topic

SHORT = Membership(session_timeout_ms=6_000, rebalance_timeout_ms=6_000)
BOTH = (REQUEST_TOPICS["intake"], REQUEST_TOPICS["documents"])
LIMIT_SECONDS = 60
Sendable = tuple[bytes, bytes | None, Sequence[tuple[str, bytes | None]]]


def fresh(prefix: str) -> str:
    """A name that no other test used: the broker's log is shared by the whole run."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


async def until(condition: Callable[[], bool], seconds: float = LIMIT_SECONDS) -> None:
    """Wait for `condition`, at most `seconds`."""
    async with asyncio.timeout(seconds):
        while not condition():  # the condition belongs to the parts under test
            await asyncio.sleep(0.01)


class Memory:
    """A handler that keeps the records of one test and may fail as told."""

    def __init__(self, mine: str, fails: Callable[[Sequence[Record]], bool] = lambda _records: False) -> None:
        self.mine = mine.encode()
        self.handled: list[bytes] = []
        self.read: list[Record] = []
        self.failed: list[list[Record]] = []
        self._fails = fails

    async def __call__(self, records: Sequence[Record]) -> None:
        mine = [record for record in records if record.key and record.key.startswith(self.mine)]
        if mine and self._fails(mine):
            self.failed.append(mine)
            raise ArithmeticError("the handler fails as told")
        self.read += records
        self.handled += [record.key or b"" for record in mine]


@asynccontextmanager
async def consuming(address: str, handle: Handle, group: str | None, topics: tuple[Topic, ...] = BOTH) -> AsyncIterator[Consumer]:
    """A consumer that has started."""
    consumer = Consumer(address, "routing", [Subscription(topics=topics, handle=handle, group=group)], SHORT)
    async with asyncio.timeout(LIMIT_SECONDS):
        await consumer.run()
    try:
        yield consumer
    finally:
        await consumer.stop()


@asynccontextmanager
async def producing(address: str) -> AsyncIterator[Producer]:
    """A producer, closed at the end."""
    producer = Producer(address, "intake")
    yield producer
    await producer.stop()


async def committed(address: str, group: str) -> dict[TopicPartition, int]:
    """The offsets a group has committed: where its next process would begin."""
    partitions = [TopicPartition(topic.name, number) for topic in BOTH for number in range(topic.partitions)]
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets(group, partitions=partitions)
    finally:
        await admin.close()
    return {partition: meta.offset for partition, meta in found.items() if meta.offset > 0}


def behind(records: Sequence[Record]) -> dict[TopicPartition, int]:
    """Just behind the last of `records` in each partition."""
    last: dict[TopicPartition, int] = {}
    for record in records:
        partition = TopicPartition(record.topic, record.partition)
        last[partition] = max(last.get(partition, 0), record.offset + 1)
    return last


def numbered(mine: str, first: int, last: int) -> list[Sendable]:
    """Records whose keys spread over all partitions."""
    return [(f"{mine}-{number}".encode(), b"{}", [("n", str(number).encode())]) for number in range(first, last + 1)]


def keys(mine: str, first: int, last: int) -> list[bytes]:
    """The keys of `numbered`."""
    return [f"{mine}-{number}".encode() for number in range(first, last + 1)]
