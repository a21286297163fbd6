"""The producer says quickly that a broker is away, and recovers by itself when it is back."""

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from infra.embedded import Broker, free_port
from shared.messaging.dead_letters import Dead, original_of
from shared.messaging.producer import Producer
from shared.messaging.wire import Record
from shared.schemas.topics import DEAD_LETTER, REQUEST_TOPICS
from tests.component.messaging.kafka_build import consuming, fresh, numbered, producing, until
from tests.unit.ledger.small_domain import history

pytestmark = pytest.mark.stack
TOPIC = REQUEST_TOPICS["intake"].name


async def test_events_are_acknowledged_in_order(broker_address: str) -> None:
    async with producing(broker_address) as producer:
        assert await producer.publish(TOPIC, history(fresh("r"), 20)) == [True] * 20


async def test_a_broker_that_never_was_is_reported_quickly() -> None:
    producer = Producer(f"127.0.0.1:{free_port()}", "intake")
    started = time.perf_counter()
    assert await producer.publish(TOPIC, history("r1", 3)) == [False] * 3
    assert await producer.publish(TOPIC, history("r1", 1)) == [False]
    assert time.perf_counter() - started < 3
    await producer.stop()


async def test_a_copy_of_a_dead_record_is_acknowledged_or_not_but_never_raises(broker_address: str) -> None:
    small = Record(topic="t", partition=1, offset=2, key=None, headers=(("x", None),), value=None)
    large = Record(topic="t", partition=1, offset=3, key=None, headers=(), value=b"x" * 3_000_000)
    async with producing(broker_address) as producer:
        dead = [Dead(record=record, problem="why") for record in (small, large)]
        assert await producer.copy("backline.routing.dead-letter", dead) == [True, False]
        assert await producer.publish(TOPIC, history(fresh("r"), 1)) == [True]


async def test_a_dead_record_is_made_again_from_its_copy_on_the_topic(broker_address: str) -> None:
    mine = fresh("dead").encode()
    headers = (("origin", b"theirs"), ("x", None), ("y", b"\xff"), ("x", b""))
    with_value = Record(topic="backline.inbound.v1", partition=1, offset=2, key=mine, headers=headers, value=b"\x00\xff")
    without = Record(topic="backline.inbound.v1", partition=1, offset=3, key=None, headers=(("mine", mine),), value=None)
    found: list[Record] = []

    async def handle(records: Sequence[Record]) -> None:
        originals = [original_of(record) for record in records if record.header("problem") == "why"]
        found.extend(one for one in originals if mine in (one.key, dict(one.headers).get("mine")))

    async with producing(broker_address) as producer:
        dead = [Dead(record=record, problem="why") for record in (with_value, without)]
        assert await producer.copy(DEAD_LETTER["routing"].name, dead) == [True, True]
    async with consuming(broker_address, handle, None, (DEAD_LETTER["routing"],)):
        await until(lambda: len(found) == 2)
    assert found == [with_value, without]


async def test_a_record_that_is_too_large_fails_alone(broker_address: str) -> None:
    before, after = numbered(fresh("r"), 1, 2), numbered(fresh("r"), 3, 3)
    async with producing(broker_address) as producer:
        records = [*before, (b"k", b"x" * 3_000_000, []), *after]
        assert await producer.send(TOPIC, records) == [True, True, False, True]


async def test_a_broker_that_went_away_and_came_back_is_found_again(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    await broker.start()
    async with producing(broker.address) as producer:
        assert await producer.send(TOPIC, numbered("r", 1, 3)) == [True] * 3
        await broker.stop()
        started = time.perf_counter()
        assert await producer.send(TOPIC, numbered("r", 4, 4)) == [False]
        assert time.perf_counter() - started < 12
        await broker.start()
        async with asyncio.timeout(60):
            while not all(await producer.send(TOPIC, numbered("r", 5, 6))):  # only trying again can tell
                await asyncio.sleep(0.1)
    await broker.stop()
