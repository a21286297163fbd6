"""On the real broker: a process that will read no more says so, and one that only takes its time does not."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from shared.messaging import stream
from shared.messaging.consumer import Consumer, Handle, Subscription
from shared.messaging.reader import Batches, Reader
from shared.messaging.wire import Record
from tests.component.messaging.kafka_build import BOTH, SHORT, Memory, fresh, numbered, producing, until

pytestmark = pytest.mark.stack
INTAKE = BOTH[0].name
STUCK_SECONDS = 1.0


@asynccontextmanager
async def watched(address: str, handle: Handle, *, handler_seconds: float = 60) -> AsyncIterator[Consumer]:
    """A consumer that has started, is watched as a service does it, and is stuck after a second."""
    subscription = Subscription(topics=BOTH, handle=handle, group=fresh("group"))
    consumer = Consumer(address, "routing", [subscription], SHORT, stuck_seconds=STUCK_SECONDS, handler_seconds=handler_seconds)
    async with asyncio.timeout(60):
        await consumer.run()
    watching = asyncio.create_task(consumer.watch(0.05))
    try:
        yield consumer
    finally:
        watching.cancel()
        await consumer.drain(1)
        await consumer.close()


class Slow:
    """A handler that takes until it is let go."""

    def __init__(self) -> None:
        self.begun = 0
        self.go = asyncio.Event()

    async def __call__(self, _records: Sequence[Record]) -> None:
        self.begun += 1
        await self.go.wait()


async def waited(consumer: Consumer) -> None:
    """Records have waited for twice as long as a stuck process lets them."""
    await until(lambda: bool(consumer._lagging))
    since, clock = min(consumer._lagging.values()), asyncio.get_running_loop().time
    await until(lambda: clock() - since > 2 * STUCK_SECONDS)


async def test_a_process_whose_handler_takes_its_time_while_records_wait_is_not_lost(broker_address: str) -> None:
    slow = Slow()
    async with producing(broker_address) as producer, watched(broker_address, slow) as consumer:
        assert all(await producer.send(INTAKE, numbered(fresh("slow"), 1, 5)))
        await until(lambda: slow.begun == 1)
        assert all(await producer.send(INTAKE, numbered(fresh("slow"), 6, 10)))
        await waited(consumer)
        assert consumer.lost() is None
        slow.go.set()
        await until(consumer.caught_up)
        assert consumer.lost() is None


async def test_a_process_whose_handler_does_not_return_is_lost(broker_address: str) -> None:
    slow = Slow()
    async with producing(broker_address) as producer, watched(broker_address, slow, handler_seconds=0.5) as consumer:
        assert all(await producer.send(INTAKE, numbered(fresh("hung"), 1, 5)))
        await until(lambda: "not done yet" in (consumer.lost() or ""))
        slow.go.set()


async def test_a_process_whose_client_hands_nothing_over_although_records_wait_is_lost(
    broker_address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Deaf(Reader):
        """It is a member of its group and fetches nothing."""

        async def getmany(self, *_: Any, **__: Any) -> Batches:
            await asyncio.Event().wait()
            raise AssertionError("nobody sets it")

    monkeypatch.setattr(stream, "Reader", Deaf)
    async with producing(broker_address) as producer, watched(broker_address, Memory(fresh("deaf"))) as consumer:
        assert all(await producer.send(INTAKE, numbered(fresh("deaf"), 1, 5)))
        await until(lambda: "none was read" in (consumer.lost() or ""))


@pytest.mark.parametrize("task", ["the loop", "the fetcher", "the coordinator"])
async def test_a_process_one_of_whose_reading_tasks_has_ended_is_lost(broker_address: str, task: str) -> None:
    async with watched(broker_address, Memory(fresh("dead"))) as consumer:
        assert consumer.lost() is None
        (reading,) = consumer._streams
        assert reading._broker is not None
        client: Any = reading.consumer
        (subscriber,) = reading._broker.subscribers
        doomed: Any = {
            "the loop": subscriber.tasks[0],  # type: ignore[attr-defined]  # FastStream's own
            "the fetcher": client._fetcher._fetch_task,
            "the coordinator": client._coordinator._coordination_task,
        }[task]
        doomed.cancel()
        await until(lambda: "has ended" in (consumer.lost() or ""))


async def test_a_process_that_reads_everything_is_not_lost_however_long_it_is_idle(broker_address: str) -> None:
    """The negative control."""
    memory = Memory(fresh("well"))
    async with producing(broker_address) as producer, watched(broker_address, memory) as consumer:
        assert all(await producer.send(INTAKE, numbered(memory.mine.decode(), 1, 5)))
        await until(lambda: len(memory.handled) == 5 and consumer.caught_up())
        read_at, clock = consumer._streams[0].last_batch, asyncio.get_running_loop().time
        await until(lambda: clock() - read_at > 2 * STUCK_SECONDS)
        assert consumer.lost() is None


async def test_a_start_that_hangs_is_begun_anew(broker_address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A join that nobody ever answers: the process would be unready for ever, and nothing would end it."""
    started, attempts = stream._started, []

    async def hanging(broker: Any) -> None:
        attempts.append(broker)
        if len(attempts) == 1:
            await asyncio.Event().wait()
        await started(broker)

    monkeypatch.setattr(stream, "_started", hanging)
    consumer = Consumer(broker_address, "routing", [Subscription(topics=BOTH, handle=Slow(), group=fresh("group"))], SHORT)
    consumer._streams[0]._start_seconds = 10.0
    try:
        async with asyncio.timeout(100):
            await consumer.run()
        assert consumer.started
        assert len(attempts) > 1
    finally:
        await consumer.close()
