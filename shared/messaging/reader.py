"""The Kafka client under every subscriber: a record that cannot be decoded is handed over like any other, never in its place.

Invariant: a partition's position never passes a record that was not returned. aiokafka alone breaks it: one record it
cannot decode raises out of the fetch, and what was taken from other partitions in the same call is gone for good.
"""

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import structlog
from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import ConsumerStoppedError, KafkaError, OffsetOutOfRangeError, for_code
from aiokafka.protocol.fetch import FetchRequest

from shared.messaging.batches import Examined, Unreadable, examine
from shared.messaging.wire import UNREADABLE
from shared.schemas.topics import MAX_MESSAGE_BYTES

log = structlog.get_logger()
SECONDS = 10.0
FETCH_WAIT_MS = 500
IDLE_MS = 200
Batches = dict[TopicPartition, list[ConsumerRecord[Any, Any]]]


class Reader(AIOKafkaConsumer):  # type: ignore[misc]  # the client is untyped
    """An AIOKafkaConsumer whose `getmany` loses nothing when it fails, and goes on behind what cannot be decoded."""

    def __init__(self, *topics: str, **settings: Any) -> None:
        super().__init__(*topics, **settings)
        self._restore: dict[TopicPartition, int] | None = None
        self._handed_under: Any = None
        self.last_batch = time.monotonic()

    async def getmany(self, *partitions: TopicPartition, timeout_ms: int = 0, max_records: int | None = None) -> Batches:
        """As in aiokafka. An undecodable record comes as one with the header UNREADABLE and its raw bytes as value.

        Waits for records longer than FastStream asks for: they are handed over at once all the same, and nothing spins meanwhile.
        """
        with _told_as_kafka_error():
            if self._restore is not None:
                await self._seek_back()
            before = self._positions()
            try:
                found: Batches = await super().getmany(*partitions, timeout_ms=max(timeout_ms, IDLE_MS), max_records=max_records)
            except ConsumerStoppedError:
                raise
            except Exception as error:
                self._restore = before
                log.warning("messaging.fetch_failed", problem=type(error).__name__)
                await self._seek_back()
                found = await self._read_alone()
                if not found:
                    raise
        if found:
            self.last_batch = time.monotonic()
            self._handed_under = self._assignment()
        return found

    def may_begin(self) -> bool:
        """Whether what was handed over last may be begun: no rebalance has been heard of since."""
        return self.may_commit() and not self._subscription.reassignment_in_progress

    def may_commit(self) -> bool:
        """Whether what was handed over last may be committed: no other partitions were assigned since, or the same anew."""
        return self._handed_under is not None and self._handed_under is self._assignment()

    def dead(self) -> bool:
        """Whether one of the client's own background tasks has ended, so that nothing will ever be read again."""
        own = [getattr(self._coordinator, "_coordination_task", None), getattr(self._fetcher, "_fetch_task", None)]
        return any(task is not None and task.done() for task in own)

    def _positions(self) -> dict[TopicPartition, int]:
        """Where each partition stands. Whatever was returned before is finished, or was sought back."""
        return {partition: state.position for partition, state in self._states() if state.has_valid_position}

    def _assignment(self) -> Any:
        subscription = self._subscription.subscription
        return subscription.assignment if subscription is not None else None

    def _states(self) -> Iterator[tuple[TopicPartition, Any]]:
        assignment = self._assignment()
        if assignment is not None:
            yield from ((partition, assignment.state_value(partition)) for partition in assignment.tps)

    async def _seek_back(self) -> None:
        """Every partition back to where it stood; one that came meanwhile, to where its group begins. Kept for the next
        call until it succeeds."""
        assert self._restore is not None, "called after a failure"
        async with asyncio.timeout(SECONDS):
            for partition in self.assignment():
                start = self._restore.get(partition)
                if start is None and self._group_id is not None:
                    start = await self.committed(partition)
                if start is None:
                    await self.seek_to_beginning(partition)
                elif partition in self.assignment():
                    self.seek(partition, start)
        self._restore = None

    async def _read_alone(self) -> Batches:
        """Of the partitions that hold something undecodable, the records to the end of its batch.

        A partition that cannot be looked at stays where it stands; that is raised only when no other has anything.
        """
        positions = self._positions()
        async with asyncio.timeout(SECONDS):
            ends = await self.end_offsets(list(positions))
        behind = [partition for partition, position in positions.items() if position < ends[partition]]
        looks = await asyncio.gather(*(self._look(one, positions[one]) for one in behind), return_exceptions=True)
        found: Batches = {}
        standing = self._positions()
        for partition, look in zip(behind, looks, strict=True):
            place = {"topic": partition.topic, "partition": partition.partition, "offset": positions[partition]}
            if isinstance(look, BaseException):
                log.warning("messaging.not_examined", **place, problem=type(look).__name__)
            elif look is not None and standing.get(partition) == positions[partition]:
                log.warning("messaging.undecodable", **place)
                self.seek(partition, look.behind)
                found[partition] = [_handed_over(partition, record) for record in look.records]
        if not found and (faults := [look for look in looks if isinstance(look, BaseException)]):
            raise faults[0]
        return found

    async def _look(self, partition: TopicPartition, position: int) -> Examined | None:
        async with asyncio.timeout(SECONDS):
            return await self._examine(partition, position)

    async def _examine(self, partition: TopicPartition, position: int) -> Examined | None:
        """Ask the broker again for `position` of one partition and look at the bytes."""
        leader = self._client.cluster.leader_for_partition(partition)
        if leader is None or leader < 0:
            return None
        asked = [(partition.topic, [(partition.partition, position, 2 * MAX_MESSAGE_BYTES)])]
        answer = await self._client.send(leader, FetchRequest(FETCH_WAIT_MS, 1, 2 * MAX_MESSAGE_BYTES, 0, asked))
        for _, answered in answer.topics:
            for _, code, end, *_, data in answered:
                error = for_code(code)
                if code and error is not OffsetOutOfRangeError:
                    raise error(f"{partition.topic}-{partition.partition}")
                return None if code else examine(bytes(data or b""), position, end)
        return None


@contextmanager
def _told_as_kafka_error() -> Iterator[None]:
    """Anything else than these would end FastStream's loop, which then begins again without a pause."""
    try:
        yield
    except (KafkaError, ConsumerStoppedError):
        raise
    except Exception as error:
        raise KafkaError(f"the fetch failed: {error!r}") from error


def _handed_over(partition: TopicPartition, record: Any) -> ConsumerRecord[Any, Any]:
    """`record` of `examine` in the client's own form."""
    match record:
        case Unreadable(offset=offset, key=key, content=value, problem=problem):
            headers: Any = ((UNREADABLE, problem.encode()),)
        case _:
            offset, key, value, headers = record.offset, record.key, record.value, tuple(record.headers)
    return ConsumerRecord(
        topic=partition.topic,
        partition=partition.partition,
        offset=offset,
        timestamp=0,
        timestamp_type=0,
        key=key,
        value=value,
        checksum=None,
        serialized_key_size=len(key or b""),
        serialized_value_size=len(value or b""),
        headers=headers,
    )
