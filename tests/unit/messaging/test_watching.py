"""A consumer says when it is away, when nothing can be handled, and when only another process helps."""

import time

import pytest

from shared.messaging.consumer import Consumer, Membership, Subscription
from shared.messaging.stream import Stream
from shared.schemas.topics import INBOUND


async def nothing(_records: object) -> None:
    """A handler."""


class FakeStream(Stream):
    """A stream whose client is described by its fields; what is not overridden is the real one's."""

    def __init__(self) -> None:
        super().__init__("nowhere:1", "routing", Subscription(topics=(INBOUND,), handle=nothing, group="g"), Membership())
        self.reads = True
        self.ended = False
        self.waiting: int | None = 0
        self.batch_at = time.monotonic()

    @property
    def started(self) -> bool:
        return self.reads

    @property
    def last_batch(self) -> float:
        return self.batch_at

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
