"""On the real broker: every record is handled, a committed one never again, and a failure takes nothing with it."""

import asyncio
from collections import Counter
from collections.abc import Sequence

import pytest
from aiokafka import AIOKafkaConsumer

from shared.messaging.consumer import Consumer
from shared.messaging.wire import Record
from tests.component.messaging.kafka_build import (
    BOTH,
    Memory,
    behind,
    committed,
    consuming,
    fresh,
    keys,
    numbered,
    producing,
    until,
)

pytestmark = pytest.mark.stack
INTAKE, DOCUMENTS = (topic.name for topic in BOTH)


async def test_records_of_all_topics_and_partitions_are_handled_once(broker_address: str) -> None:
    mine = fresh("once")
    memory = Memory(mine)
    async with producing(broker_address) as producer, consuming(broker_address, memory, fresh("group")):
        assert all(await producer.send(INTAKE, numbered(mine, 1, 40)))
        assert all(await producer.send(DOCUMENTS, numbered(mine, 41, 60)))
        await until(lambda: len(memory.handled) >= 60)
    assert sorted(memory.handled) == sorted(keys(mine, 1, 60))


async def test_what_was_handled_is_committed_and_not_read_again_by_the_next_process(broker_address: str) -> None:
    mine, group = fresh("again"), fresh("group")
    first, second = Memory(mine), Memory(mine)
    async with producing(broker_address) as producer:
        await producer.send(INTAKE, numbered(mine, 1, 30))
        async with consuming(broker_address, first, group):
            await until(lambda: len(first.handled) >= 30)
        await producer.send(INTAKE, numbered(mine, 31, 40))
        async with consuming(broker_address, second, group):
            await until(lambda: len(second.handled) >= 10)
    assert sorted(second.handled) == sorted(keys(mine, 31, 40))


async def test_offsets_are_committed_just_behind_what_was_handled(broker_address: str) -> None:
    mine, group = fresh("offsets"), fresh("group")
    memory = Memory(mine)
    async with producing(broker_address) as producer, consuming(broker_address, memory, group):
        await producer.send(INTAKE, numbered(mine, 1, 20))
        await until(lambda: len(memory.handled) >= 20)
    assert await committed(broker_address, group) == behind(memory.read)


async def test_nothing_of_a_failed_batch_is_committed(broker_address: str) -> None:
    mine, group = fresh("uncommitted"), fresh("group")
    memory = Memory(mine, fails=lambda _records: True)
    async with producing(broker_address) as producer:
        await producer.send(INTAKE, numbered(mine, 1, 20))
        async with consuming(broker_address, memory, group):
            await until(lambda: bool(memory.failed))
    offsets = await committed(broker_address, group)
    first = {(record.topic, record.partition): record.offset for record in reversed(memory.failed[0])}
    assert all(offsets.get(partition, 0) <= first.get(tuple(partition), 2**60) for partition in offsets)


async def test_a_failed_batch_comes_back_from_every_partition_and_nothing_is_skipped(broker_address: str) -> None:
    mine, group = fresh("seek"), fresh("group")
    failures = iter([True, True])
    memory = Memory(mine, fails=lambda _records: next(failures, False))
    async with producing(broker_address) as producer:
        await producer.send(INTAKE, numbered(mine, 1, 60))
        async with consuming(broker_address, memory, group):
            await until(lambda: len(memory.handled) >= 60)
            await producer.send(DOCUMENTS, numbered(mine, 61, 80))
            await until(lambda: len(memory.handled) >= 80)
    assert len(memory.failed) == 2
    assert max(len({record.partition for record in batch}) for batch in memory.failed) > 1, "a failed batch mixed partitions"
    assert Counter(memory.handled) == Counter(keys(mine, 1, 80))


async def test_one_record_that_keeps_failing_holds_its_batch_but_loses_nothing(broker_address: str) -> None:
    mine = fresh("poisoned")
    bad, tries = f"{mine}-7".encode(), 2

    def fails(records: Sequence[Record]) -> bool:
        nonlocal tries
        hit = any(record.key == bad for record in records) and tries > 0
        tries -= hit
        return hit

    memory = Memory(mine, fails)
    async with producing(broker_address) as producer, consuming(broker_address, memory, fresh("group")):
        await producer.send(INTAKE, numbered(mine, 1, 12))
        await until(lambda: len(memory.handled) >= 12)
    assert Counter(memory.handled) == Counter(keys(mine, 1, 12))


async def test_the_order_within_a_partition_is_kept_through_failures(broker_address: str) -> None:
    mine = fresh("order")
    verdicts = iter([False, True, True])
    seen: list[int] = []

    async def handle(records: Sequence[Record]) -> None:
        wanted = [record for record in records if record.key == mine.encode()]
        fails = next(verdicts, False) if wanted else False
        if fails:
            raise ArithmeticError("the handler fails as told")
        seen.extend(int(record.value or b"0") for record in wanted)

    async with producing(broker_address) as producer, consuming(broker_address, handle, fresh("group")):
        for number in range(30):
            await producer.send(INTAKE, [(mine.encode(), str(number).encode(), [])])
        await until(lambda: len(seen) >= 30)
    assert seen == list(range(30))


def _client(process: Consumer) -> AIOKafkaConsumer:
    (stream,) = process._streams
    assert stream.consumer is not None
    return stream.consumer


async def test_two_members_share_the_partitions(broker_address: str) -> None:
    mine, group = fresh("share"), fresh("group")
    one, two = Memory(mine), Memory(mine)
    async with (
        producing(broker_address) as producer,
        consuming(broker_address, one, group) as first,
        consuming(broker_address, two, group) as second,
    ):

        def shared() -> bool:
            return all(_client(process).assignment() for process in (first, second))

        await until(shared)
        await producer.send(INTAKE, numbered(mine, 1, 60))
        await until(lambda: len({*one.handled, *two.handled}) >= 60)
        for process in (first, second):
            consumer = _client(process)
            by_topic: dict[str, set[int]] = {}
            for partition in consumer.assignment():
                by_topic.setdefault(partition.topic, set()).add(partition.partition)
            assert by_topic[INTAKE] == by_topic[DOCUMENTS], "co-partitioned topics go to one process together"
    assert one.handled
    assert two.handled


async def test_without_a_group_every_process_reads_everything(broker_address: str) -> None:
    mine = fresh("all")
    one, two = Memory(mine), Memory(mine)
    async with (
        producing(broker_address) as producer,
        consuming(broker_address, one, None),
        consuming(broker_address, two, None),
    ):
        await producer.send(INTAKE, numbered(mine, 1, 20))
        await until(lambda: len(one.handled) >= 20 and len(two.handled) >= 20)
    assert Counter(one.handled) == Counter(two.handled) == Counter(keys(mine, 1, 20))


async def test_stopping_waits_for_the_handler_and_commits_its_batch(broker_address: str) -> None:
    mine, group = fresh("stop"), fresh("group")
    begun, read = asyncio.Event(), list[Record]()

    async def slow(records: Sequence[Record]) -> None:
        if any((record.key or b"").startswith(mine.encode()) for record in records):
            begun.set()
            await asyncio.sleep(0.3)
        read.extend(records)

    async with producing(broker_address) as producer:
        await producer.send(INTAKE, numbered(mine, 1, 1))
        async with consuming(broker_address, slow, group):
            await begun.wait()
    assert mine.encode() + b"-1" in {record.key for record in read}
    assert await committed(broker_address, group) == behind(read)
