"""Before partitions go to another member the batch under way is waited for, within bounds; none is begun meanwhile."""

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from shared.messaging.consumer import Membership, Subscription
from shared.messaging.handover import SHARE_OF_REBALANCE, Handover, heartbeat_ms
from shared.messaging.reader import Reader
from shared.messaging.stream import Stream
from shared.messaging.wire import Record
from shared.schemas.topics import INBOUND


class Holding(Reader):
    """The real reader after it handed something over, with `assignment` as what the group says."""

    def __init__(self) -> None:
        self.assignment_ = object()
        self._handed_under = self.assignment_
        self._subscription = SimpleNamespace(reassignment_in_progress=False)
        self.committed_: list[Any] = []

    def _assignment(self) -> Any:
        return self.assignment_

    def assignment(self) -> set[Any]:
        return {("t", 0)}

    async def commit(self, offsets: Any = None) -> None:
        self.committed_.append(offsets)


RECORD = SimpleNamespace(topic="t", partition=0, offset=4, key=b"k", headers=(), value=b"{}")


def a_stream(handled: list[Record], during: Any = None) -> Stream:
    async def handle(records: Sequence[Record]) -> None:
        handled.extend(records)
        if during is not None:
            during()

    return Stream("nowhere:1", "routing", Subscription(topics=(INBOUND,), handle=handle, group="g"), Membership())


async def test_a_rebalance_goes_on_at_once_when_nothing_is_under_way() -> None:
    idle = asyncio.Event()
    idle.set()
    async with asyncio.timeout(1):
        await Handover(idle, 60_000, "t").on_partitions_revoked([])


async def test_a_rebalance_waits_for_the_batch_under_way() -> None:
    idle = asyncio.Event()
    handover = Handover(idle, 60_000, "t")
    waiting = asyncio.create_task(handover.on_partitions_revoked([]))
    await asyncio.sleep(0)
    assert (handover.waiting, waiting.done()) == (True, False)
    idle.set()
    await asyncio.wait_for(waiting, 1)
    assert not handover.waiting


async def test_a_handler_that_takes_too_long_does_not_cost_the_membership() -> None:
    loop = asyncio.get_running_loop()
    started = loop.time()
    await Handover(asyncio.Event(), 100, "t").on_partitions_revoked([])
    assert loop.time() - started >= 0.08


@pytest.mark.parametrize("rebalance_ms", [6_000, 30_000, 60_000])
def test_hearing_of_a_rebalance_waiting_and_joining_fit_into_it(rebalance_ms: int) -> None:
    assert heartbeat_ms(rebalance_ms) + SHARE_OF_REBALANCE * rebalance_ms < rebalance_ms


async def test_a_batch_read_before_a_rebalance_is_not_begun_in_it_nor_after_it() -> None:
    handled: list[Record] = []
    stream, consumer = a_stream(handled), Holding()
    consumer._subscription.reassignment_in_progress = True
    await stream._consume(consumer, [RECORD])  # type: ignore[list-item]  # what is read of a record is there
    consumer._subscription.reassignment_in_progress = False
    consumer.assignment_ = object()
    await stream._consume(consumer, [RECORD])  # type: ignore[list-item]
    assert (handled, consumer.committed_) == ([], [])


async def test_a_batch_under_way_is_committed_while_the_rebalance_waits_and_not_once_others_may_have_committed_more() -> None:
    consumer, handled = Holding(), list[Record]()

    def revoked() -> None:
        consumer._subscription.reassignment_in_progress = True

    await a_stream(handled, revoked)._consume(consumer, [RECORD])  # type: ignore[list-item]
    assert len(consumer.committed_) == 1

    def gone() -> None:
        consumer.assignment_ = object()

    consumer._subscription.reassignment_in_progress = False
    await a_stream(handled, gone)._consume(consumer, [RECORD])  # type: ignore[list-item]
    assert (len(handled), len(consumer.committed_)) == (2, 1)
