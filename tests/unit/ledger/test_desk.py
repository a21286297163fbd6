"""Messages told at the same time share one write; each teller gets its own outcome or the batch's error."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from shared.ledger.desk import MAX_BATCH, Desk, DeskClosedError
from shared.ledger.messages import Message, Outcome
from tests.unit.ledger.small_domain import told


class Counter:
    """A ledger that only notes its batches."""

    def __init__(self, error: Exception | None = None) -> None:
        self.batches: list[list[str]] = []
        self.error = error
        self.gate = asyncio.Event()
        self.gate.set()

    async def apply(self, messages: Sequence[Message]) -> list[Outcome]:
        await self.gate.wait()
        self.batches.append([getattr(message, "id", "") for message in messages])
        if self.error:
            error, self.error = self.error, None
            raise error
        return [Outcome(subject=message.subject, state=getattr(message, "id", "")) for message in messages]


@asynccontextmanager
async def working(ledger: Counter) -> AsyncIterator[Desk]:
    desk = Desk(ledger)
    work = asyncio.create_task(desk.work())
    yield desk
    desk.close()
    async with asyncio.timeout(30):
        await work


async def test_messages_told_together_share_one_batch_and_get_their_own_outcome() -> None:
    ledger = Counter()
    async with working(ledger) as desk:
        outcomes = await asyncio.gather(*(desk.tell(told(f"c{n}")) for n in range(20)))
    assert len(ledger.batches) == 1
    assert [outcome.state for outcome in outcomes] == [f"c{n}" for n in range(20)]


async def test_a_batch_has_a_limit_and_the_rest_follows() -> None:
    ledger = Counter()
    async with working(ledger) as desk:
        await asyncio.gather(*(desk.tell(told(f"c{n}")) for n in range(MAX_BATCH + 5)))
    assert [len(batch) for batch in ledger.batches] == [MAX_BATCH, 5]


async def test_every_teller_of_a_failed_batch_hears_why_and_the_next_batch_goes_on() -> None:
    ledger = Counter(ConnectionError("away"))
    async with working(ledger) as desk:
        results = await asyncio.gather(*(desk.tell(told(f"c{n}")) for n in range(3)), return_exceptions=True)
        assert [type(result) for result in results] == [ConnectionError] * 3
        assert (await desk.tell(told("later"))).state == "later"


async def test_a_teller_who_left_disturbs_nobody() -> None:
    ledger = Counter()
    async with working(ledger) as desk:
        ledger.gate.clear()
        leaving, staying = asyncio.create_task(desk.tell(told("a"))), asyncio.create_task(desk.tell(told("b")))
        await asyncio.sleep(0)
        leaving.cancel()
        ledger.gate.set()
        assert (await staying).state == "b"


async def test_a_closed_desk_applies_what_waits_and_takes_no_more() -> None:
    ledger = Counter()
    desk = Desk(ledger)
    waiting = asyncio.create_task(desk.tell(told("a")))
    await asyncio.sleep(0)
    desk.close()
    await desk.work()
    assert (await waiting).state == "a"
    with pytest.raises(DeskClosedError):
        await desk.tell(told("b"))
