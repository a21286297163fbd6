"""Writes records to the inbound topic, and reads their verdicts and what was kept as a dead letter."""

import asyncio
import json
from collections.abc import Sequence
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from services.intake.reception import command_id
from shared.messaging.dead_letters import identity_of
from shared.messaging.wire import Record
from shared.schemas.topics import INBOUND, PARTITIONS, VERDICTS
from tests.hostile.case import Case, Seen, fields_of, outcome_of
from tests.hostile.ground import Ground
from tests.hostile.over_http import kept

PATIENCE = 60
LARGEST = 3_000_000


async def records(ground: Ground, cases: Sequence[Case]) -> list[Seen]:
    """What became of each record; "lost" when no verdict came."""
    address = ground.stack.broker.address
    identities = await _written(address, cases)
    verdicts = await verdicts_of(address, {command_id(identity) for identity in identities})
    letters = {letter["_id"] for letter in ground.collection("intake", "dead_letters").find({}, {"_id": 1})}
    seen = []
    for identity in identities:
        answer = verdicts.get(command_id(identity))
        if answer is None:
            seen.append(Seen(outcome="lost"))
            continue
        outcome = outcome_of(answer)
        if identity in letters:
            outcome = outcome.replace("refused:", "aside:")
        ids = (str(answer["id"]),) if kept(answer) else ()
        seen.append(Seen(outcome=outcome, requests=ids, fields=fields_of(answer), answer=json.dumps(answer, ensure_ascii=False)))
    return seen


async def _written(address: str, cases: Sequence[Case]) -> list[str]:
    """Each record's identity, as intake computes it."""
    producer = AIOKafkaProducer(bootstrap_servers=address, max_request_size=LARGEST)
    await producer.start()
    try:
        identities = []
        for case in cases:
            value = None if case.more.get("null") else case.payload
            key, headers = case.more.get("key", b"k"), list(case.more.get("headers", ()))
            sent = await producer.send_and_wait(INBOUND.name, value, key=key, headers=headers, partition=0)
            record = Record(topic=sent.topic, partition=0, offset=sent.offset, key=key, headers=tuple(headers), value=value)
            identities.append(identity_of(record))
        return identities
    finally:
        await producer.stop()


async def verdicts_of(address: str, wanted: set[str]) -> dict[str, Any]:
    """The verdicts with these ids, read from the beginning of the topic, as far as they come in time."""
    consumer = AIOKafkaConsumer(bootstrap_servers=address, auto_offset_reset="earliest", max_partition_fetch_bytes=LARGEST)
    await consumer.start()
    found: dict[str, Any] = {}
    try:
        consumer.assign([TopicPartition(VERDICTS.name, number) for number in range(PARTITIONS)])
        await consumer.seek_to_beginning()
        async with asyncio.timeout(PATIENCE):
            while not wanted <= found.keys():
                for batch in (await consumer.getmany(timeout_ms=500)).values():
                    for record in batch:
                        found[dict(record.headers)["ce_id"].decode()] = json.loads(record.value)
    except TimeoutError:
        return found
    finally:
        await consumer.stop()
    return found
