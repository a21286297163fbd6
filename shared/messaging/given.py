"""Batches as the client gives them: handed through raw, so that a fault in a record is seen by its handler and not before it."""

from typing import Any

from aiokafka import ConsumerRecord
from faststream.kafka import KafkaMessage
from faststream.kafka.message import FAKE_CONSUMER
from faststream.message import StreamMessage

from shared.messaging.wire import Record


def as_record(record: ConsumerRecord[Any, Any]) -> Record:
    """A record as the client gives it, in our own form."""
    return Record(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        key=record.key,
        headers=tuple(record.headers),
        value=record.value,
    )


async def tolerant(records: tuple[ConsumerRecord[Any, Any], ...]) -> KafkaMessage:
    """A parser that no header can upset: FastStream's own skips a whole batch for one null or non-UTF-8 header."""
    first = records[0]
    identity = f"{first.topic}-{first.partition}-{first.offset}"
    return KafkaMessage(body=b"", headers={}, raw_message=records, message_id=identity, consumer=FAKE_CONSUMER)


async def whole(message: StreamMessage[Any]) -> Any:
    """Hand the raw records through; they are decoded by the handler, where a fault is seen."""
    return message.raw_message
