"""One pass through a topic, on both brokers: every record once, to the end as it was when the pass began."""

from datetime import UTC, datetime, timedelta

import pytest

from infra.brokers import BrokerKind
from shared.messaging.producer import Producer
from shared.messaging.rereading import NotReadError, Rereading
from shared.messaging.wire import Record
from tests.component.messaging.kafka_build import BOTH, fresh, numbered, producing

pytestmark = pytest.mark.stack
TOPIC = BOTH[1]


async def read(address: str, mine: str, since: datetime | None = None, meanwhile: Producer | None = None) -> list[Record]:
    """The records of this test that one pass finds; `meanwhile` somebody goes on writing."""
    reading = Rereading(address, TOPIC, since)
    found: list[Record] = []
    try:
        await reading.open()
        async for records in reading.batches():
            found += records
            if meanwhile is not None:
                await meanwhile.send(TOPIC.name, numbered(mine, 1001, 1010))
        assert len(found) >= reading.total
    finally:
        await reading.close()
    return [record for record in found if (record.key or b"").startswith(mine.encode())]


async def test_every_record_is_read_once_and_each_partition_in_its_order(broker_address: str) -> None:
    mine = fresh("reread")
    async with producing(broker_address) as producer:
        for first in (1, 401, 801):
            assert all(await producer.send(TOPIC.name, numbered(mine, first, first + 199)))
    found = await read(broker_address, mine)
    assert len(found) == len({record.key for record in found}) == 600
    for partition in {record.partition for record in found}:
        offsets = [record.offset for record in found if record.partition == partition]
        assert offsets == sorted(offsets)
    assert {record.key for record in await read(broker_address, mine)} == {record.key for record in found}, (
        "nothing was committed"
    )


async def test_it_comes_to_its_end_although_somebody_goes_on_writing(broker_address: str) -> None:
    mine = fresh("reread")
    async with producing(broker_address) as producer:
        assert all(await producer.send(TOPIC.name, numbered(mine, 1, 50)))
        found = await read(broker_address, mine, meanwhile=producer)
    assert {f"{mine}-{number}".encode() for number in range(1, 51)} <= {record.key for record in found}


async def test_from_a_moment_on_what_is_older_is_passed_over_where_the_broker_knows_times(
    broker_address: str, broker_kind: BrokerKind
) -> None:
    mine = fresh("reread")
    async with producing(broker_address) as producer:
        assert all(await producer.send(TOPIC.name, numbered(mine, 1, 50)))
    now = datetime.now(UTC)
    assert len(await read(broker_address, mine, since=now - timedelta(hours=1))) == 50
    assert len(await read(broker_address, mine, since=now + timedelta(hours=1))) == (0 if broker_kind == "kafka" else 50)


async def test_a_broker_that_is_away_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    reading = Rereading("127.0.0.1:1", TOPIC)
    with pytest.raises(NotReadError, match=r"backline.documents.v1 cannot be read \(KafkaConnectionError\)"):
        await reading.open()
    await reading.close()
