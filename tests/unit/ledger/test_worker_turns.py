"""What a worker takes on in its turns: no more than it has slots for, gaps asked for in between, nothing while it stops."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

import pytest

from shared.ledger.desk import Desk
from shared.ledger.document import Change
from shared.ledger.effects import Done, Ending, PointOfNoReturn
from shared.ledger.messages import Item
from shared.ledger.worker import Worker
from shared.schemas.envelope import Event
from tests.unit.ledger.at_work import Effect, nobody_answers, status, until, working
from tests.unit.ledger.rig import Rig
from tests.unit.ledger.small_domain import history, told

TOO_LARGE = 2**63


@pytest.fixture
def rig() -> Rig:
    return Rig()


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


async def test_the_items_of_a_request_of_a_quarter_of_the_slots_are_leased_in_one_write(rig: Rig) -> None:
    await rig.ledger.apply([told(f"p{n}", f"q{n}", "plan", items=[f"{letter}{n}" for letter in "abcde"]) for n in range(6)])
    first: dict[str, int] = {}
    healthy = rig.store.write

    async def counted(changes: Sequence[Change]) -> list[Any]:
        for change in changes:
            if leased := sum(item.status == "leased" for item in change.document.items):
                first.setdefault(change.document.subject, leased)
        return await healthy(changes)

    rig.store.write = counted  # type: ignore[method-assign]
    async with working(rig, Effect(*[Done()] * 30), slots=20):
        await until(lambda: all(item.status == "done" for n in range(6) for item in rig.store.documents[f"q{n}"].items))
    assert first == {f"q{n}": 5 for n in range(6)}


async def test_a_request_with_more_items_than_there_are_slots_has_as_many_leased_as_fit(rig: Rig) -> None:
    await rig.plan(*"abcdef")
    effect = Effect(*[Done()] * 6)
    async with working(rig, effect, slots=4):
        await until(lambda: all(status(rig, name) == "done" for name in "abcdef"))
    assert sorted(effect.attempts) == [(name, 1) for name in "abcdef"]


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
        if len(calls) < 3:
            raise ConnectionError("away")
        return events

    await rig.hear(events[1])
    worker = Worker(rig.ledger, Desk(rig.ledger), effects={}, ask=answer, slots=1, sweep_seconds=0)
    heard: list[Mapping[str, int]] = []
    for _ in range(4):  # one question at a time, and only then does the clock move: it moves past the longest wait
        rig.clock.forward(61)
        await worker._turn()
        await worker._gaps.finish()
        heard.append(rig.store.documents["r1"].heard)
    assert (calls, heard) == ([0, 0, 0], [{}, {}, {"intake": 2}, {"intake": 2}])


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


async def test_a_stopped_worker_leases_nothing_more(rig: Rig) -> None:
    effect = Effect(Done())
    async with working(rig, effect) as worker:
        await worker.drain(1)
        await rig.plan("a")
        rig.clock.forward(600)
        await worker._turn()
    assert (status(rig), effect.attempts) == ("planned", [])


async def test_of_a_long_backlog_no_more_requests_are_read_for_leasing_than_there_are_slots(rig: Rig) -> None:
    subjects = [f"q{n:02}" for n in range(40)]
    await rig.ledger.apply([told(f"p-{subject}", subject, "plan", items=[f"i-{subject}"]) for subject in subjects])
    asked: list[int] = []
    healthy = rig.ledger.lease

    async def counted(subjects: Sequence[str], *rest: Any) -> list[Item]:
        asked.append(len(subjects))
        return await healthy(subjects, *rest)

    rig.ledger.lease = counted  # type: ignore[method-assign,assignment]
    async with working(rig, Effect(*(Done() for _ in subjects)), slots=4):
        await until(lambda: all(rig.store.documents[subject].items[0].status == "done" for subject in subjects))
    assert max(asked) <= 4
    assert sum(asked) <= 4 * len(subjects)


async def test_a_source_that_does_not_answer_is_asked_once_a_sweep_and_holds_nothing_up(rig: Rig) -> None:
    asked: list[str] = []

    async def silence(source: str, subject: str, after: int) -> Sequence[Event]:
        asked.append(subject)
        raise ConnectionError("away")

    for subject in ("r1", "r2", "r3"):
        await rig.hear(history(subject, 2)[1])
    rig.clock.forward(4)
    worker = Worker(rig.ledger, Desk(rig.ledger), effects={}, ask=silence, slots=1)
    await worker._turn()
    await worker._gaps.finish()
    assert len(asked) == 1


async def test_a_request_that_can_neither_be_worked_on_nor_set_aside_makes_room_in_the_sweep(rig: Rig) -> None:
    await rig.tell(told("c1", name="alarm", at=rig.clock.now().isoformat()))
    rig.store.documents["r1"].state = {"heard": TOO_LARGE}
    restarted = rig.process()  # one that was running would remember the state of before
    worker = Worker(restarted, Desk(restarted), effects={}, ask=nobody_answers, slots=1)
    await worker._turn()
    assert (await rig.document()).wake_at == rig.clock.now() + timedelta(seconds=30)


async def test_a_source_that_is_slow_holds_no_effect_up(rig: Rig) -> None:
    answers = asyncio.Event()

    async def slow(source: str, subject: str, after: int) -> Sequence[Event]:
        await answers.wait()
        return []

    await rig.hear(history("r2", 2)[1])
    rig.clock.forward(4)
    await rig.plan("a")
    async with working(rig, Effect(Done()), ask=slow):
        await until(lambda: status(rig) == "done")
        assert not answers.is_set()


async def test_a_lease_that_is_written_while_the_worker_stops_is_given_back(rig: Rig) -> None:
    await rig.plan("a")
    effect, healthy = Effect(Done(), passing=True), rig.store.write
    written, go_on = asyncio.Event(), asyncio.Event()

    async def slow(changes: Sequence[Change]) -> list[Any]:
        if any(item.status == "leased" for change in changes for item in change.document.items):
            written.set()
            await go_on.wait()
        return await healthy(changes)

    rig.store.write = slow  # type: ignore[method-assign]
    async with working(rig, effect) as worker:
        await written.wait()
        draining = asyncio.create_task(worker.drain(5))
        await asyncio.sleep(0)
        go_on.set()
        await draining
    assert (status(rig), effect.attempts) == ("planned", [])


async def test_those_whom_another_process_has_served_hold_nobody_up(rig: Rig) -> None:
    served = [f"q{n:02}" for n in range(20)]
    await rig.ledger.apply([told(f"p-{subject}", subject, "plan", items=[f"i-{subject}"]) for subject in [*served, "r1"]])
    await rig.process().lease(served, "other", 20, timedelta(seconds=60))
    async with working(rig, Effect(Done()), slots=4, sweep_seconds=30) as worker:
        worker.nudge(dict.fromkeys([*served, "r1"], 1))
        await until(lambda: rig.store.documents["r1"].items[0].status == "done")
