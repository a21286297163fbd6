"""What the reader does when looking again at undecodable records fails halfway: no position passes what was not returned."""

import asyncio
from collections.abc import Iterable
from typing import Any

import aiokafka
import pytest
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError, NotLeaderForPartitionError

from shared.messaging import reader as reader_module
from shared.messaging.batches import Examined, Unreadable
from shared.messaging.reader import Batches, Reader

FIRST, SECOND = TopicPartition("t", 0), TopicPartition("t", 1)
POISON = 10
POISONED = Unreadable(offset=POISON, key=None, content=b"x", problem="its header name is no text")


class Scripted(Reader):
    """The real reader on a broker of two partitions that both hold something undecodable at POISON and nothing else.

    `failing` partitions cannot be looked at again, nobody answers for `silent` ones; with `rebalanced` the look itself moves SECOND.
    """

    def __init__(self) -> None:
        self._restore = None
        self._group_id = "g"
        self.last_batch = 0.0
        self.at = {FIRST: POISON, SECOND: POISON}
        self.failing: set[TopicPartition] = set()
        self.silent: set[TopicPartition] = set()
        self.rebalanced = False
        self.commits_hang = False

    def _assignment(self) -> Any:
        return self.at

    def _positions(self) -> dict[TopicPartition, int]:
        return dict(self.at)

    def assignment(self) -> frozenset[TopicPartition]:
        return frozenset(self.at)

    def seek(self, partition: TopicPartition, offset: int) -> None:
        self.at[partition] = offset

    async def end_offsets(self, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int]:
        return dict.fromkeys(partitions, POISON + 1)

    async def committed(self, _partition: TopicPartition) -> int:
        if self.commits_hang:
            await asyncio.Event().wait()
        return POISON

    async def _examine(self, partition: TopicPartition, position: int) -> Examined | None:
        if partition in self.silent:
            await asyncio.Event().wait()
        if partition in self.failing:
            raise NotLeaderForPartitionError("its leader has moved")
        if self.rebalanced:
            self.at[SECOND] = 99
        return Examined(records=(POISONED,), behind=POISON + 1) if position == POISON else None


@pytest.fixture
def reader(monkeypatch: pytest.MonkeyPatch) -> Scripted:
    async def undecodable(self: Scripted, **_: Any) -> Batches:
        if POISON in self.at.values():
            raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "as the client does")
        return {}

    monkeypatch.setattr(aiokafka.AIOKafkaConsumer, "getmany", undecodable)
    monkeypatch.setattr(reader_module, "SECONDS", 0.05)
    return Scripted()


def handed_over(batches: Batches) -> dict[TopicPartition, list[int]]:
    return {partition: [record.offset for record in records] for partition, records in batches.items()}


async def test_both_undecodable_records_are_handed_over_and_passed(reader: Scripted) -> None:
    assert handed_over(await reader.getmany()) == {FIRST: [POISON], SECOND: [POISON]}
    assert reader.at == {FIRST: POISON + 1, SECOND: POISON + 1}


@pytest.mark.parametrize(("failing", "well"), [(FIRST, SECOND), (SECOND, FIRST)])
async def test_a_partition_that_cannot_be_looked_at_stays_where_it_is_and_takes_no_other_with_it(
    reader: Scripted, failing: TopicPartition, well: TopicPartition
) -> None:
    reader.failing = {failing}
    assert handed_over(await reader.getmany()) == {well: [POISON]}
    assert reader.at == {failing: POISON, well: POISON + 1}
    reader.failing = set()
    assert handed_over(await reader.getmany()) == {failing: [POISON]}


async def test_a_leader_that_does_not_answer_takes_no_other_partition_with_it(reader: Scripted) -> None:
    reader.silent = {FIRST}
    assert handed_over(await reader.getmany()) == {SECOND: [POISON]}
    assert reader.at == {FIRST: POISON, SECOND: POISON + 1}


async def test_when_no_partition_can_be_looked_at_nothing_moves_and_the_fault_is_told(reader: Scripted) -> None:
    reader.failing = {FIRST, SECOND}
    with pytest.raises(NotLeaderForPartitionError):
        await reader.getmany()
    assert reader.at == {FIRST: POISON, SECOND: POISON}


async def test_a_partition_that_was_moved_during_the_look_is_left_to_whoever_moved_it(reader: Scripted) -> None:
    reader.rebalanced = True
    assert handed_over(await reader.getmany()) == {FIRST: [POISON]}
    assert reader.at == {FIRST: POISON + 1, SECOND: 99}


async def test_a_seek_back_that_is_not_answered_is_told_as_the_clients_own_error_and_tried_again(reader: Scripted) -> None:
    """Any other error would end FastStream's loop."""
    reader._restore, reader.commits_hang = {}, True
    with pytest.raises(KafkaError, match="TimeoutError"):
        await reader.getmany()
    reader.commits_hang = False
    assert set(await reader.getmany()) == {FIRST, SECOND}
