"""On the real broker: while a slow handler is at work a member joins, and no record has two handlers at work on it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from shared.messaging.consumer import Consumer, Membership, Subscription
from shared.messaging.handover import Handover
from shared.messaging.wire import Record
from tests.component.messaging.kafka_build import BOTH, behind, committed, fresh, keys, numbered, producing, until

pytestmark = pytest.mark.stack
INTAKE = BOTH[0].name
PATIENT = Membership(session_timeout_ms=6_000, rebalance_timeout_ms=30_000)
SOME_SECONDS = 4
Place = tuple[str, int, int]


class Floor:
    """Where all members' handlers are at work, so that two on one record, or on one partition, are seen."""

    def __init__(self, mine: str) -> None:
        self.mine = mine.encode()
        self.at_work: dict[str, list[Place]] = {}
        self.met: list[Place] = []
        self.handled: list[bytes] = []
        self.read: list[Record] = []

    def handler(self, member: str, go: asyncio.Event) -> Any:
        """The handler of `member`, which takes until `go`."""

        async def handle(records: Sequence[Record]) -> None:
            places = [(record.topic, record.partition, record.offset) for record in records]
            others = {place[:2] for other, held in self.at_work.items() if other != member for place in held}
            self.met += [place for place in places if place[:2] in others]
            if any((record.key or b"").startswith(self.mine) for record in records):
                self.at_work[member] = places
                await go.wait()
                del self.at_work[member]
            self.read += records
            self.handled += [record.key for record in records if record.key and record.key.startswith(self.mine)]

        return handle


@asynccontextmanager
async def member(address: str, handle: Any, group: str) -> AsyncIterator[Consumer]:
    """A member that is joining; it may have to wait for the others."""
    consumer = Consumer(address, "routing", [Subscription(topics=BOTH, handle=handle, group=group)], PATIENT)
    joining = asyncio.create_task(consumer.run())
    try:
        yield consumer
    finally:
        joining.cancel()
        await consumer.stop()


def _partitions(process: Consumer) -> set[Any]:
    (stream,) = process._streams
    return set(stream.consumer.assignment()) if stream.consumer is not None else set()


def _waits(process: Consumer) -> bool:
    (stream,) = process._streams
    return stream.handover.waiting


async def test_a_member_that_joins_while_a_handler_is_slow_begins_behind_it(broker_address: str) -> None:
    mine, group, slowly, at_once = fresh("slow"), fresh("group"), asyncio.Event(), asyncio.Event()
    floor = Floor(mine)
    at_once.set()
    async with producing(broker_address) as producer, member(broker_address, floor.handler("first", slowly), group) as first:
        await until(lambda: bool(_partitions(first)))
        assert all(await producer.send(INTAKE, numbered(mine, 1, 40)))
        await until(lambda: "first" in floor.at_work)
        under_way = len(floor.at_work["first"])
        async with member(broker_address, floor.handler("second", at_once), group) as second:
            await until(lambda: _waits(first))
            with pytest.raises(TimeoutError):
                await until(lambda: bool(floor.met or _partitions(second)), SOME_SECONDS)
            slowly.set()
            await until(lambda: bool(_partitions(second)) and not _partitions(first) & _partitions(second))
            await until(lambda: len(floor.handled) >= 40)
            offsets = await committed(broker_address, group)
    assert under_way > 0
    assert floor.met == []
    assert Counter(floor.handled) == Counter(keys(mine, 1, 40)), "what was handled before the handover is not read again"
    assert offsets == behind(floor.read)


async def test_without_the_listener_two_handlers_are_at_work_on_one_partition(
    broker_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control."""

    async def unmoved(_self: Handover, _revoked: object) -> None:
        return None

    monkeypatch.setattr(Handover, "on_partitions_revoked", unmoved)
    mine, group, slowly, at_once = fresh("careless"), fresh("group"), asyncio.Event(), asyncio.Event()
    floor = Floor(mine)
    at_once.set()
    async with producing(broker_address) as producer, member(broker_address, floor.handler("first", slowly), group) as first:
        await until(lambda: bool(_partitions(first)))
        assert all(await producer.send(INTAKE, numbered(mine, 1, 40)))
        await until(lambda: "first" in floor.at_work)
        async with member(broker_address, floor.handler("second", at_once), group):
            await until(lambda: bool(floor.met))
            slowly.set()
            await until(lambda: {*floor.handled} == {*keys(mine, 1, 40)})
    assert floor.met
