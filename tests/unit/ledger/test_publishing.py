"""A write is answered when it is durable; a broker that hangs keeps nobody waiting, and what it was not told is said behind."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.ledger import publishing
from shared.schemas.envelope import Event
from tests.unit.ledger.rig import Rig
from tests.unit.ledger.small_domain import told

PATIENCE = 0.02


class Hanging:
    """A broker that answers nothing until it is let go."""

    def __init__(self) -> None:
        self.answers = asyncio.Event()
        self.asked: list[str] = []
        self.failing = False

    async def publish(self, events: Sequence[Event]) -> list[bool]:
        self.asked += [event.id for event in events]
        await self.answers.wait()
        if self.failing:
            raise ConnectionError
        return [True] * len(events)


def impatient(broker: Hanging) -> Rig:
    return Rig(publisher=broker, publish_patience=PATIENCE)


async def published(rig: Rig, count: int) -> None:
    """Wait until `count` events are known to be published."""
    async with asyncio.timeout(30):
        while (await rig.document()).published < count:
            await asyncio.sleep(0.005)


async def test_a_command_is_answered_while_the_broker_hangs_and_published_when_it_is_back() -> None:
    broker = Hanging()
    rig = impatient(broker)
    outcome = await asyncio.wait_for(rig.tell(told("c1")), 2)
    assert [event.id for event in outcome.events] == broker.asked
    assert (await rig.document()).published == 0
    broker.answers.set()
    await published(rig, 1)


async def test_while_one_waits_for_the_broker_nobody_else_does() -> None:
    broker = Hanging()
    rig = impatient(broker)
    await rig.tell(told("c1"))
    saying, clock = rig.ledger.publishing, asyncio.get_running_loop()
    assert saying._is_late(clock.time() + PATIENCE)
    broker.answers.set()
    await published(rig, 1)
    assert not saying._is_late(clock.time() + PATIENCE)


async def test_when_very_many_wait_for_the_broker_everybody_has_patience_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(publishing, "MOST_BEHIND", 2)
    broker = Hanging()
    rig = impatient(broker)
    later = asyncio.get_running_loop().time() + 60
    late: list[bool] = []
    for number in range(3):
        await rig.tell(told(f"c{number}"))
        late.append(rig.ledger.publishing._is_late(later))
    broker.answers.set()
    await published(rig, 3)
    assert late == [True, False, False]


async def test_without_patience_the_answer_waits_for_the_broker() -> None:
    rig = Rig(publisher=Hanging())
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(rig.tell(told("c1")), 0.2)


async def test_what_is_said_while_an_earlier_publication_hangs_is_published_too() -> None:
    broker = Hanging()
    rig = impatient(broker)
    await rig.tell(told("c1"))
    await rig.tell(told("c2"))
    broker.answers.set()
    await published(rig, 2)


async def test_publishing_that_fails_behind_leaves_the_wake_up_that_says_it_again() -> None:
    broker = Hanging()
    broker.failing = True
    rig = impatient(broker)
    await rig.tell(told("c1"))
    broker.answers.set()
    await asyncio.sleep(PATIENCE)
    document = await rig.document()
    assert (document.published, document.wake_at) == (0, rig.clock.now().replace(second=5))
    broker.failing = False
    rig.clock.forward(5)
    await rig.wake()
    await published(rig, 1)


async def test_while_a_broker_hangs_nothing_is_sent_to_it_twice_and_no_sweep_looks_at_it() -> None:
    broker = Hanging()
    rig = impatient(broker)
    await rig.tell(told("c1"))
    for _ in range(3):
        await rig.wake()
    assert len(broker.asked) == 1
    assert await rig.store.due(rig.clock.now(), 9) == []
    broker.answers.set()
    await published(rig, 1)


async def test_what_cannot_be_marked_is_written_all_the_same() -> None:
    rig = Rig()

    async def away(_marks: object) -> None:
        raise ConnectionError("away")

    rig.store.mark = away  # type: ignore[method-assign]
    outcome = await rig.tell(told("c1"))
    assert [event.data["by"] for event in outcome.events] == ["c1"]
    assert (await rig.document()).wake_at is not None
