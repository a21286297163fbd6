"""Reads one topic again, from its beginning or from a moment on, to where it ends now; for whoever has lost what was written there."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from shared.messaging.given import as_record
from shared.messaging.reader import Reader
from shared.messaging.security import PLAIN, Security
from shared.messaging.stream import MAX_RECORDS
from shared.messaging.wire import Record
from shared.schemas.topics import MAX_MESSAGE_BYTES, Topic

ANSWER_SECONDS = 30.0
POLL_MS = 500


class NotReadError(Exception):
    """The broker did not answer, or stopped answering before the end of the topic."""


class Rereading:
    """One pass through a topic, outside of every group: nothing is committed. `total` is known, nearly, once it has been opened.

    The embedded broker calls the beginning of the last batch the end, and knows no times: where a partition really ends is what
    its first answer says, and `since` may be passed over.
    """

    def __init__(self, address: str, topic: Topic, since: datetime | None = None, security: Security = PLAIN) -> None:
        self._topic = topic
        self._since = since
        self._reader = Reader(
            bootstrap_servers=address.split(","), max_partition_fetch_bytes=MAX_MESSAGE_BYTES, **security.client()
        )
        self._ends: dict[TopicPartition, int] = {}
        self._sure: set[TopicPartition] = set()
        self.total = 0

    async def open(self) -> None:
        """Find where the topic begins and ends. Raises NotReadError."""
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._reader.start()
                numbers = self._reader.partitions_for_topic(self._topic.name) or range(self._topic.partitions)
                partitions = [TopicPartition(self._topic.name, number) for number in sorted(numbers)]
                self._reader.assign(partitions)
                self._ends = await self._reader.end_offsets(partitions)
                begins = await self._begins(partitions)
        except (KafkaError, OSError, TimeoutError) as error:
            raise NotReadError(f"{self._topic.name} cannot be read ({type(error).__name__})") from error
        for partition, offset in begins.items():
            self._reader.seek(partition, offset)
        self.total = sum(max(0, end - begins[partition]) for partition, end in self._ends.items())

    async def batches(self) -> AsyncIterator[list[Record]]:
        """Every record up to the end as it was when it began to read, each partition in its order. Raises NotReadError."""
        while await self._unread():
            records: list[Record] = []
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    while not records and (unread := await self._unread()):
                        found = await self._reader.getmany(*unread, timeout_ms=POLL_MS, max_records=MAX_RECORDS)
                        records = [as_record(record) for of_one in found.values() for record in of_one]
                        self._find_ends(unread)
            except (KafkaError, TimeoutError) as error:
                raise NotReadError(f"{self._topic.name} cannot be read to its end ({type(error).__name__})") from error
            if records:
                yield records

    async def close(self) -> None:
        """Close the connections."""
        await self._reader.stop()

    async def _begins(self, partitions: list[TopicPartition]) -> dict[TopicPartition, int]:
        begins: dict[TopicPartition, int] = await self._reader.beginning_offsets(partitions)
        if self._since is None:
            return begins
        moment = int(self._since.timestamp() * 1000)
        found = await self._reader.offsets_for_times(dict.fromkeys(partitions, moment))
        return {one: found[one].offset if found[one] is not None else self._ends[one] for one in partitions}

    def _find_ends(self, partitions: list[TopicPartition]) -> None:
        """What the broker's answers say of where `partitions` end, the first time they say it."""
        for partition in partitions:
            if partition not in self._sure and (end := self._reader.highwater(partition)) is not None:
                self._sure.add(partition)
                self._ends[partition] = max(end, self._ends[partition])

    async def _unread(self) -> list[TopicPartition]:
        """The partitions that have not been read to their ends."""
        return [partition for partition, end in self._ends.items() if await self._reader.position(partition) < end]
