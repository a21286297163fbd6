"""The worker performs each item once, tells how it ended, and comes back later when told to."""

from datetime import timedelta
from typing import Any

import pytest
import structlog
from structlog.testing import capture_logs

from shared.ledger.effects import Done, Doubt, Ending, PointOfNoReturn, Retry, Terminal
from shared.ledger.messages import Item
from shared.telemetry.logging import merge_bound
from tests.unit.ledger.at_work import Effect, status, until, working
from tests.unit.ledger.rig import Rig
from tests.unit.ledger.small_domain import told


@pytest.fixture
def rig() -> Rig:
    return Rig()


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


async def test_whatever_an_effect_logs_carries_the_ids_of_its_item(rig: Rig) -> None:
    async def effect(item: Item, point: PointOfNoReturn) -> Ending:
        structlog.get_logger().info("effect.at_work")
        return Done(data={})

    with capture_logs(processors=[merge_bound]) as lines:
        async with working(rig, effect):
            await rig.plan("a")
            await until(lambda: any(line["event"] == "effect.at_work" for line in lines))
    (line,) = [line for line in lines if line["event"] == "effect.at_work"]
    assert (line["request"], line["item"], line["kind"], line["attempt"]) == ("r1", "a", "print", 1)
