"""On the real broker: a record no client can decode stands between good ones; nothing is lost, it is kept, reading goes on."""

from collections import Counter
from collections.abc import Callable, Sequence

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import NotLeaderForPartitionError

from shared.messaging import stream
from shared.messaging.batches import Examined
from shared.messaging.reader import Reader
from shared.messaging.wire import UNREADABLE, Record, Unaddressed, decode
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
from tests.component.messaging.raw_batches import MARK, put, with_a_wrong_checksum, with_odd_header_names

pytestmark = pytest.mark.stack
INTAKE, DOCUMENTS = (topic.name for topic in BOTH)
Spoil = Callable[[Sequence[tuple[bytes, bytes | None, list[tuple[str, bytes]]]]], bytearray]


def three(mine: str) -> list[tuple[bytes, bytes | None, list[tuple[str, bytes]]]]:
    """A good record, one whose header name will be spoilt, and another good one."""
    good, poison, more = f"{mine}-in-1".encode(), f"{mine}-poison".encode(), f"{mine}-in-2".encode()
    return [(good, b"1", []), (poison, b"bad", [(MARK.decode(), b"x")]), (more, b"2", [])]


async def _filled(address: str, mine: str, spoil: Spoil) -> None:
    """Good records in every partition of both topics, and a batch with poison in two partitions between them."""
    async with producing(address) as producer:
        assert all(await producer.send(INTAKE, numbered(mine, 1, 60)))
        await put(address, TopicPartition(INTAKE, 3), spoil(three(f"{mine}-a")))
        await put(address, TopicPartition(DOCUMENTS, 5), spoil(three(f"{mine}-b")))
        assert all(await producer.send(INTAKE, numbered(mine, 61, 120)))
        assert all(await producer.send(DOCUMENTS, numbered(mine, 121, 180)))


def _raw(memory: Memory) -> list[Record]:
    return [record for record in memory.read if record.header(UNREADABLE) and memory.mine in (record.value or b"")]


async def test_good_records_around_an_undecodable_one_are_all_handled_once(broker_address: str) -> None:
    mine, group = fresh("odd"), fresh("group")
    memory = Memory(mine)
    await _filled(broker_address, mine, with_odd_header_names)
    wanted = [*keys(mine, 1, 180), *(f"{mine}-{batch}-in-{number}".encode() for batch in "ab" for number in (1, 2))]
    async with consuming(broker_address, memory, group):
        await until(lambda: {*wanted} <= {*memory.handled})
    good = Counter(key for key in memory.handled if not key.endswith(b"-poison"))
    assert good == Counter(wanted)
    assert await committed(broker_address, group) == behind(memory.read)


async def test_an_undecodable_record_reaches_the_handler_with_its_key_and_its_bytes(broker_address: str) -> None:
    mine, group = fresh("bytes"), fresh("group")
    memory = Memory(mine)
    await _filled(broker_address, mine, with_odd_header_names)
    async with consuming(broker_address, memory, group):
        await until(lambda: len(_raw(memory)) >= 2)
    kept = sorted(_raw(memory), key=lambda record: record.topic)
    assert [(record.topic, record.partition) for record in kept] == [(DOCUMENTS, 5), (INTAKE, 3)]
    assert [record.key for record in kept] == [f"{mine}-b-poison".encode(), f"{mine}-a-poison".encode()]
    for record in kept:
        assert b"\xff" * len(MARK) in (record.value or b"")
        assert b"in-1" not in (record.value or b"")
        problem = decode(record)
        assert isinstance(problem, Unaddressed)
        assert "No client can decode" in problem.problem


async def test_a_handler_that_fails_on_it_gets_it_again_and_nothing_is_skipped(broker_address: str) -> None:
    mine, group = fresh("again"), fresh("group")
    failures = iter([True, True])
    memory = Memory(mine, fails=lambda records: any(record.header(UNREADABLE) for record in records) and next(failures, False))
    await _filled(broker_address, mine, with_odd_header_names)
    async with consuming(broker_address, memory, group):
        await until(lambda: len(memory.handled) >= 186)
    assert len(memory.failed) == 2
    assert Counter(memory.handled).most_common(1)[0][1] == 1


async def test_a_second_look_that_fails_for_one_partition_loses_nothing_of_the_others(
    broker_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[TopicPartition] = []

    class Unlucky(Reader):
        """The leader of one poisoned partition does not answer the first two looks."""

        async def _examine(self, partition: TopicPartition, position: int) -> Examined | None:
            if partition == TopicPartition(DOCUMENTS, 5) and len(refused) < 2:
                refused.append(partition)
                raise NotLeaderForPartitionError("its leader has moved")
            return await super()._examine(partition, position)

    monkeypatch.setattr(stream, "Reader", Unlucky)
    mine, group = fresh("unlucky"), fresh("group")
    memory = Memory(mine)
    await _filled(broker_address, mine, with_odd_header_names)
    async with consuming(broker_address, memory, group):
        await until(lambda: len(memory.handled) >= 186)
    assert len(refused) == 2
    assert Counter(memory.handled).most_common(1)[0][1] == 1
    assert len(_raw(memory)) == 2


async def test_without_our_reader_good_records_are_lost(broker_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The negative control: aiokafka alone drops what it took from other partitions in the same fetch."""
    monkeypatch.setattr(stream, "Reader", AIOKafkaConsumer)
    mine, group = fresh("control"), fresh("group")
    memory = Memory(mine)
    await _filled(broker_address, mine, with_odd_header_names)
    async with consuming(broker_address, memory, group):
        with pytest.raises(TimeoutError):
            await until(lambda: {*keys(mine, 1, 180)} <= {*memory.handled}, 8)


@pytest.mark.parametrize("broker_kind", ["embedded"], indirect=True)
async def test_a_batch_with_a_wrong_checksum_is_kept_whole_and_what_follows_is_handled(broker_address: str) -> None:
    mine, group = fresh("crc"), fresh("group")
    memory = Memory(mine)
    await _filled(broker_address, mine, with_a_wrong_checksum)
    async with consuming(broker_address, memory, group):
        await until(lambda: {*keys(mine, 1, 180)} <= {*memory.handled})
    assert Counter(memory.handled) == Counter(keys(mine, 1, 180))
    kept = sorted(_raw(memory), key=lambda record: record.topic)
    assert [(record.topic, record.partition) for record in kept] == [(DOCUMENTS, 5), (INTAKE, 3)]
    changing = 21  # base offset and leader epoch are the broker's own; the rest is as it was sent
    for record, batch in zip(kept, "ba", strict=True):
        assert (record.value or b"")[changing:] == bytes(with_a_wrong_checksum(three(f"{mine}-{batch}")))[changing:]
        assert record.header(UNREADABLE) == "the checksum of the record batch is wrong"
    assert await committed(broker_address, group) == behind(memory.read)


@pytest.mark.parametrize("broker_kind", ["kafka"], indirect=True)
async def test_kafka_itself_takes_no_batch_with_a_wrong_checksum(broker_address: str) -> None:
    spoilt = with_a_wrong_checksum(three(fresh("crc")))
    with pytest.raises(AssertionError, match="code 2"):
        await put(broker_address, TopicPartition(INTAKE, 3), spoilt)
