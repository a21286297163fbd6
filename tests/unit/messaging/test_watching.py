"""A consumer says when it is away, when nothing can be handled, and when only another process helps."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest

from shared.messaging.consumer import HANDLER_SECONDS, Consumer, Membership, Subscription
from shared.messaging.stream import Stream
from shared.schemas.topics import INBOUND


class FakeStream(Stream):
    """A stream whose client is described by its fields; what is not overridden is the real one's. Its handler waits for `go`."""

    def __init__(self) -> None:
        super().__init__("nowhere:1", "routing", Subscription(topics=(INBOUND,), handle=self._handle, group=None), Membership())
        self.go = asyncio.Event()
        self.reads = True
        self.ended = False
        self.waiting: int | None = 0
        self.batch_at = time.monotonic()

    @property
    def started(self) -> bool:
        return self.reads

    @property
    def consumer(self) -> Any:
        return SimpleNamespace(last_batch=self.batch_at, assignment=set)

    async def _handle(self, _records: object) -> None:
        await self.go.wait()

    def dead(self) -> bool:
        return self.ended

    async def lag(self) -> dict[str, int] | None:
        return None if self.waiting is None else {INBOUND.name: self.waiting}


@pytest.fixture
def stream() -> FakeStream:
    return FakeStream()


@pytest.fixture
def consumer(stream: FakeStream) -> Consumer:
    consumer = Consumer("nowhere:1", "routing", [], stuck_seconds=60)
    consumer._streams = [stream]
    return consumer


async def test_a_consumer_that_reads_everything_is_well(consumer: Consumer) -> None:
    await consumer.look()
    assert (consumer.problem(), consumer.lost(), consumer.caught_up()) == (None, None, True)


async def test_before_the_broker_has_answered_there_is_a_problem_but_nothing_is_lost(
    consumer: Consumer, stream: FakeStream
) -> None:
    stream.reads = False
    await consumer.look()
    assert consumer.problem() == "The broker has not answered yet."
    assert (consumer.lost(), consumer.caught_up()) == (None, False)


async def test_a_broker_lost_later_is_a_problem_until_it_is_back(consumer: Consumer, stream: FakeStream) -> None:
    stream.waiting = None
    await consumer.look()
    assert consumer.problem() == "The broker does not answer any more."
    assert (consumer.lost(), consumer.caught_up()) == (None, False)
    stream.waiting = 0
    await consumer.look()
    assert consumer.problem() is None


async def test_batches_that_fail_for_long_are_a_problem(consumer: Consumer, stream: FakeStream) -> None:
    stream.failing_since = time.monotonic() - 59
    assert consumer.problem() is None
    stream.failing_since = time.monotonic() - 61
    assert "cannot be handled" in (consumer.problem() or "")
    assert consumer.lost() is None


async def test_a_stream_whose_task_has_ended_is_lost(consumer: Consumer, stream: FakeStream) -> None:
    stream.ended = True
    assert consumer.lost() == f"A task that reads {INBOUND.name} has ended."


async def test_records_that_wait_while_none_is_read_mean_lost_after_a_while(consumer: Consumer, stream: FakeStream) -> None:
    stream.waiting, stream.batch_at = 3, time.monotonic() - 300
    await consumer.look()
    assert consumer.lost() is None, "they may have come just now"
    consumer._lagging[stream] -= 61
    await consumer.look()
    assert "none was read" in (consumer.lost() or "")


async def test_a_batch_meanwhile_or_an_end_of_the_lag_takes_it_back(consumer: Consumer, stream: FakeStream) -> None:
    stream.waiting, stream.batch_at = 3, time.monotonic() - 300
    await consumer.look()
    consumer._lagging[stream] -= 61
    stream.batch_at = time.monotonic()
    assert consumer.lost() is None
    stream.batch_at, stream.waiting = time.monotonic() - 300, 0
    await consumer.look()
    stream.waiting = 3
    await consumer.look()
    assert consumer.lost() is None


async def test_a_handler_at_work_is_not_taken_for_a_dead_one_while_records_wait(consumer: Consumer, stream: FakeStream) -> None:
    stream.waiting, stream.batch_at = 3, time.monotonic() - 300
    await consumer.look()
    consumer._lagging[stream] -= 300
    handling = asyncio.create_task(stream._consume(stream.consumer, []))
    await asyncio.sleep(0)
    assert consumer.lost() is None, "nothing is asked for while a handler is at work"
    stream.go.set()
    await handling
    assert consumer.lost() is None, "and it can only now ask for more"


async def test_a_handler_that_does_not_return_means_lost_after_ten_minutes(consumer: Consumer, stream: FakeStream) -> None:
    handling = asyncio.create_task(stream._consume(stream.consumer, []))
    await asyncio.sleep(0)
    assert stream.handling_since is not None
    stream.handling_since -= HANDLER_SECONDS - 1
    assert consumer.lost() is None
    stream.handling_since -= 2
    assert "not done yet" in (consumer.lost() or "")
    stream.go.set()
    await handling
    assert consumer.lost() is None
