"""Record batches that no client should ever meet, put on the broker past every check of the producer's client."""

import struct
import time
from collections.abc import Sequence

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.protocol.produce import ProduceRequest
from aiokafka.record.default_records import DefaultRecordBatchBuilder
from aiokafka.record.util import calc_crc32c

from tests.component.messaging.kafka_build import Sendable

CRC_AT, CHECKED_FROM = 17, 21
MARK = b"spoil-here"
STARTED_MS = int(time.time() * 1000)  # Kafka takes nothing that is more than an hour ahead of it


def batch(records: Sequence[Sendable]) -> bytearray:
    """`records` as one batch, as the client would send it."""
    builder = DefaultRecordBatchBuilder(
        2, 0, is_transactional=0, producer_id=-1, producer_epoch=-1, base_sequence=-1, batch_size=1_000_000
    )
    for number, (key, value, headers) in enumerate(records):
        builder.append(number, timestamp=STARTED_MS, key=key, value=value, headers=headers)
    return bytearray(builder.build())


def with_odd_header_names(records: Sequence[Sendable]) -> bytearray:
    """A batch with a right checksum in which every header named MARK has a name that is not UTF-8."""
    spoilt = bytearray(batch(records).replace(MARK, b"\xff" * len(MARK)))
    struct.pack_into(">I", spoilt, CRC_AT, calc_crc32c(bytes(spoilt[CHECKED_FROM:])))
    return spoilt


def with_a_wrong_checksum(records: Sequence[Sendable]) -> bytearray:
    """A batch whose last byte changed on the way."""
    spoilt = batch(records)
    spoilt[-1] ^= 0x55
    return spoilt


async def put(address: str, partition: TopicPartition, content: bytes) -> int:
    """Append `content` to `partition` and return the base offset the broker gave it."""
    producer = AIOKafkaProducer(bootstrap_servers=address, enable_idempotence=False)
    await producer.start()
    try:
        await producer.partitions_for(partition.topic)
        leader = producer.client.cluster.leader_for_partition(partition)
        request = ProduceRequest(None, -1, 5000, [(partition.topic, [(partition.partition, bytes(content))])])
        answer = await producer.client.send(leader, request)
    finally:
        await producer.stop()
    ((_, ((_, code, offset, *_),)),) = answer.topics
    assert code == 0, f"the broker refused the batch with code {code}"
    return int(offset)
