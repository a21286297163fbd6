"""The worker performs each item once, tells how it ended, and comes back later when told to."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
import structlog
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from shared.ledger.desk import Desk
from shared.ledger.effects import Done, Doubt, Ending, PointOfNoReturn, Retry, Terminal
from shared.ledger.messages import Item
from shared.ledger.worker import Worker
from shared.schemas.envelope import Event
from tests.unit.ledger.rig import Rig
from tests.unit.ledger.small_domain import history, told


class Effect:
    """An effect that ends as scripted, one ending per attempt; an exception is raised."""

    def __init__(self, *endings: Ending | Exception, passing: bool = False) -> None:
        self.endings = list(endings)
        self.passing = passing
        self.attempts: list[tuple[str, int]] = []

    async def __call__(self, item: Item, point: PointOfNoReturn) -> Ending:
        self.attempts.append((item.id, item.attempt))
        if self.passing:
            await point()
        ending = self.endings.pop(0)
        if isinstance(ending, Exception):
            raise ending
        return ending


async def nobody_answers(source: str, subject: str, after: int) -> Sequence[Event]:
    return []


@asynccontextmanager
async def working(rig: Rig, effect: Any = None, **options: Any) -> AsyncIterator[Worker]:
    """A desk and a worker at work on `rig`; sweeps follow each other at once."""
    desk = Desk(rig.ledger)
    options = {"ask": nobody_answers, "slots": 16, "sweep_seconds": 0.005, **options}
    worker = Worker(rig.ledger, desk, effects={"print": effect} if effect else {}, **options)
    tasks = [asyncio.create_task(desk.work()), asyncio.create_task(worker.work())]
    yield worker
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def until(condition: Callable[[], bool]) -> None:
    """Wait for `condition`, at most five seconds."""
    async with asyncio.timeout(5):
        while not condition():  # the condition belongs to the parts under test
            await asyncio.sleep(0.002)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def status(rig: Rig, name: str = "a") -> str:
    """How the stored item stands."""
    return next(item.status for item in rig.store.documents["r1"].items if item.id == name)


@pytest.mark.parametrize(
    ("ending", "end"),
    [(Done(data={"n": 1}), "done"), (Terminal(problem="no"), "failed"), (Doubt(problem="?"), "unknown")],
    ids=["done", "terminal", "doubt"],
)
async def test_an_ending_is_told_to_the_domain(rig: Rig, ending: Ending, end: str) -> None:
    await rig.plan("a")
    effect = Effect(ending)
    async with working(rig, effect):
        await until(lambda: status(rig) == end)
    assert effect.attempts == [("a", 1)]
    assert [event.data["role"] for event in await rig.store.events("r1")] == [end]


async def test_a_retry_waits_for_its_back_off_and_then_succeeds(rig: Rig) -> None:
    await rig.plan("a")
    effect = Effect(Retry(problem="busy"), Done())
    async with working(rig, effect):
        await until(lambda: status(rig) == "planned" and bool(effect.attempts))
        wait = (await rig.item("a")).due - rig.clock.now()
        assert timedelta(seconds=1.6) <= wait <= timedelta(seconds=2.4)
        rig.clock.forward(3)
        await until(lambda: status(rig) == "done")
    assert effect.attempts == [("a", 1), ("a", 2)]


async def test_a_retry_may_name_its_own_wait(rig: Rig) -> None:
    await rig.plan("a")
    async with working(rig, Effect(Retry(problem="busy", seconds=77))):
        await until(lambda: status(rig) == "planned" and rig.store.documents["r1"].items[0].problem == "busy")
    assert (await rig.item("a")).due == rig.clock.now() + timedelta(seconds=77)


async def test_after_the_last_attempt_an_item_is_given_up(rig: Rig) -> None:
    await rig.plan("a")
    async with working(rig, Effect(Retry(problem="busy"), Retry(problem="busy")), max_attempts=2):
        await until(lambda: status(rig) == "planned" and bool(rig.store.documents["r1"].items[0].problem))
        rig.clock.forward(10)
        await until(lambda: status(rig) == "failed")
    (fact,) = await rig.store.events("r1")
    assert fact.data["reason"] == "given up after 2 attempts: busy"


async def test_an_exception_before_the_point_of_no_return_is_a_retry(rig: Rig) -> None:
    await rig.plan("a")
    async with working(rig, Effect(OSError("refused"))):
        await until(lambda: status(rig) == "planned" and bool(rig.store.documents["r1"].items[0].problem))
    assert (await rig.item("a")).problem == "OSError: refused"


async def test_an_exception_after_the_point_of_no_return_is_a_doubt(rig: Rig) -> None:
    await rig.plan("a")
    async with working(rig, Effect(OSError("reset"), passing=True)):
        await until(lambda: status(rig) == "unknown")
    (fact,) = await rig.store.events("r1")
    assert fact.data["reason"] == "OSError: reset"


async def test_an_effect_whose_lease_ran_out_stops_at_the_point(rig: Rig) -> None:
    await rig.plan("a")
    beyond: list[str] = []

    async def slow(item: Item, point: PointOfNoReturn) -> Ending:
        if item.attempt == 1:
            rig.clock.forward(61)
        await point()
        beyond.append(item.id)
        return Done()

    async with working(rig, slow):
        await until(lambda: status(rig) == "done")
    assert beyond == ["a"]
    assert (await rig.item("a")).attempt == 2


async def test_no_more_effects_run_at_once_than_there_are_slots(rig: Rig) -> None:
    await rig.plan(*"abcdefgh")
    running: list[int] = []
    most: list[int] = []

    async def slow(item: Item, point: PointOfNoReturn) -> Ending:
        running.append(1)
        most.append(len(running))
        await asyncio.sleep(0.005)
        running.pop()
        return Done()

    async with working(rig, slow, slots=3):
        await until(lambda: all(status(rig, name) == "done" for name in "abcdefgh"))
    assert max(most) == 3


async def test_a_worker_whose_slots_are_taken_waits_for_an_effect_to_end(rig: Rig) -> None:
    await rig.plan("a", "b")
    looks: list[int] = []
    healthy = rig.store.due

    async def counted(now: Any, limit: int) -> list[str]:
        looks.append(limit)
        await asyncio.sleep(0)
        return await healthy(now, limit)

    rig.store.due = counted  # type: ignore[method-assign]
    begun, go_on = asyncio.Event(), asyncio.Event()

    async def slow(item: Item, point: PointOfNoReturn) -> Ending:
        begun.set()
        await go_on.wait()
        return Done()

    async with working(rig, slow, slots=1, sweep_seconds=30):
        await begun.wait()
        for _ in range(200):
            await asyncio.sleep(0)
        assert len(looks) <= 3
        go_on.set()
        await until(lambda: all(status(rig, name) == "done" for name in "ab"))


async def test_an_unknown_kind_of_item_is_tried_again_and_harms_nothing(rig: Rig) -> None:
    await rig.plan("a")
    async with working(rig) as worker:
        worker._effects = {"other": Effect()}
        await until(lambda: bool(rig.store.documents["r1"].items[0].problem))
    assert status(rig) == "planned"


async def test_an_ending_is_written_as_soon_as_the_database_is_back(rig: Rig) -> None:
    await rig.plan("a")
    healthy, away = rig.store.write, 1

    async def failing(changes: Any) -> Any:
        nonlocal away
        if effect.attempts and away:
            away -= 1
            raise ConnectionError("away")
        return await healthy(changes)

    rig.store.write = failing  # type: ignore[method-assign]
    effect = Effect(Done())
    async with working(rig, effect):
        await until(lambda: status(rig) == "done")
    assert effect.attempts == [("a", 1)]


async def test_a_failed_sweep_is_followed_by_another(rig: Rig) -> None:
    healthy, failures = rig.store.due, 2

    async def failing(now: Any, limit: int) -> list[str]:
        nonlocal failures
        if failures:
            failures -= 1
            raise ConnectionError("away")
        return await healthy(now, limit)

    rig.store.due = failing  # type: ignore[method-assign]
    rig.faults.unpublished = 1.0
    await rig.tell(told("c1"))
    rig.faults.quiet()
    rig.clock.forward(6)
    rig.published.topic.clear()
    async with working(rig):
        await until(lambda: [event.data["by"] for event in rig.published.topic] == ["c1"])


async def test_a_gap_is_asked_for_and_closed(rig: Rig) -> None:
    events = history("r1", 4)
    asked: list[tuple[str, str, int]] = []

    async def answer(source: str, subject: str, after: int) -> Sequence[Event]:
        asked.append((source, subject, after))
        return events[after:]

    await rig.hear(events[0], events[3])
    rig.clock.forward(4)
    async with working(rig, ask=answer):
        await until(lambda: rig.store.documents["r1"].heard == {"intake": 4})
    assert asked == [("intake", "r1", 1)]


async def test_a_source_that_is_away_is_asked_again(rig: Rig) -> None:
    events = history("r1", 2)
    calls: list[int] = []

    async def answer(source: str, subject: str, after: int) -> Sequence[Event]:
        calls.append(after)
        rig.clock.forward(4)
        if len(calls) < 3:
            raise ConnectionError("away")
        return events

    await rig.hear(events[1])
    rig.clock.forward(4)
    async with working(rig, ask=answer):
        await until(lambda: rig.store.documents["r1"].heard == {"intake": 2})
    assert len(calls) == 3


async def test_draining_waits_for_effects_under_way(rig: Rig) -> None:
    await rig.plan("a")
    begun = asyncio.Event()

    async def slow(item: Item, point: PointOfNoReturn) -> Ending:
        begun.set()
        await asyncio.sleep(0.02)
        return Done()

    async with working(rig, slow) as worker:
        await begun.wait()
        await worker.drain(5)
        assert status(rig) == "done"


async def test_whatever_an_effect_logs_carries_the_ids_of_its_item(rig: Rig) -> None:
    async def effect(item: Item, point: PointOfNoReturn) -> Ending:
        structlog.get_logger().info("effect.at_work")
        return Done(data={})

    with capture_logs(processors=[merge_contextvars]) as lines:
        async with working(rig, effect):
            await rig.plan("a")
            await until(lambda: any(line["event"] == "effect.at_work" for line in lines))
    (line,) = [line for line in lines if line["event"] == "effect.at_work"]
    assert (line["request"], line["item"], line["kind"], line["attempt"]) == ("r1", "a", "print", 1)
