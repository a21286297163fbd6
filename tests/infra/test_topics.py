"""Topics are created as declared, and a broker that has them otherwise is refused."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
import pytest_asyncio
from aiokafka import AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from infra import topics
from infra.embedded import Broker, free_port
from infra.topics import TopicError, answers, create_topics
from shared.schemas.topics import PEOPLE, TOPICS, VERDICTS

LIMIT_SECONDS = 60


async def partitions_at(address: str) -> dict[str, int]:
    admin = AIOKafkaAdminClient(bootstrap_servers=address)
    await admin.start()
    found = await admin.describe_topics([topic.name for topic in TOPICS])
    await admin.close()
    return {topic["topic"]: len(topic["partitions"]) for topic in found}


@pytest_asyncio.fixture
async def bare_broker(tmp_path: Path) -> AsyncIterator[Broker]:
    """A broker that answers and has no topics yet."""
    broker = Broker(tmp_path)
    broker.program.start()
    await broker.program.wait_until(lambda: answers(broker.address))
    yield broker
    await broker.stop()


async def hasty(address: str) -> None:
    """A client that dials at once and keeps asking about topics, as services do while the broker is away."""
    while True:
        producer = AIOKafkaProducer(bootstrap_servers=address, enable_idempotence=False)
        try:
            await producer.start()
            for topic in TOPICS:
                await producer.partitions_for(topic.name)
        except (KafkaError, OSError):
            await asyncio.sleep(0.01)
        finally:
            await producer.stop()


@pytest.mark.stack
async def test_creating_topics_again_changes_nothing(broker_address: str) -> None:
    await create_topics(broker_address)
    await create_topics(broker_address)
    assert await partitions_at(broker_address) == {topic.name: topic.partitions for topic in TOPICS}


@pytest.mark.stack
async def test_a_topic_with_other_partitions_than_declared_is_named(broker_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    declared = tuple(topic.model_copy(update={"partitions": topic.partitions + 1}) for topic in TOPICS)
    monkeypatch.setattr(topics, "TOPICS", declared)
    with pytest.raises(TopicError, match=rf"{TOPICS[0].name} has 12 partitions and is declared with 13"):
        await create_topics(broker_address)


@pytest.mark.stack
async def test_topics_a_hasty_client_had_made_are_made_anew_as_declared(bare_broker: Broker) -> None:
    made_by_asking = await partitions_at(bare_broker.address)
    assert made_by_asking[VERDICTS.name] != VERDICTS.partitions, "the broker no longer makes what it is asked about"
    assert made_by_asking[PEOPLE.name] != PEOPLE.partitions
    await create_topics(bare_broker.address, fresh=True)
    assert await partitions_at(bare_broker.address) == {topic.name: topic.partitions for topic in TOPICS}


@pytest.mark.stack
async def test_a_broker_whose_data_matter_is_never_told_to_delete(bare_broker: Broker) -> None:
    before = await partitions_at(bare_broker.address)
    with pytest.raises(TopicError, match="is declared with"):
        await create_topics(bare_broker.address)
    assert await partitions_at(bare_broker.address) == before


@pytest.mark.stack
@pytest.mark.timeout(240)
async def test_a_broker_that_comes_back_among_impatient_clients_has_the_declared_topics(tmp_path: Path) -> None:
    broker = Broker(tmp_path)
    await broker.start()
    clients = [asyncio.create_task(hasty(broker.address)) for _ in range(3)]
    try:
        for _ in range(3):
            broker.program.kill()
            async with asyncio.timeout(LIMIT_SECONDS):
                await broker.start()
            assert await partitions_at(broker.address) == {topic.name: topic.partitions for topic in TOPICS}
    finally:
        await _ended(clients)
        await broker.stop()


async def _ended(clients: Sequence[asyncio.Task[None]]) -> None:
    """Cancel `clients` until they are gone: aiokafka's client swallows a cancellation that comes while it closes."""
    while left := [client for client in clients if not client.done()]:
        for client in left:
            client.cancel()
        await asyncio.wait(left, timeout=1)


async def test_a_broker_that_is_away_is_named_with_a_remedy() -> None:
    address = f"127.0.0.1:{free_port()}"
    with pytest.raises(TopicError, match=rf"The broker at {address} could not be used.*see whether it runs"):
        await create_topics(address)
