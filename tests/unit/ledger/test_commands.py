"""A command takes effect once, and is answered with what it caused however often it is told."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.ledger.messages import Woken
from shared.schemas.envelope import Event
from shared.telemetry import metrics
from tests.unit.ledger.memory_store import AwayPublisher, Faults, FaultyStore, StoreTimeoutError
from tests.unit.ledger.rig import Rig
from tests.unit.ledger.small_domain import history, told


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_a_command_is_answered_with_the_events_it_caused(rig: Rig) -> None:
    outcome = await rig.tell(told("c1"))
    assert [(event.data["by"], event.causationid) for event in outcome.events] == [("c1", "c1")]


async def test_a_repeated_command_is_answered_with_the_same_events(rig: Rig) -> None:
    first = await rig.tell(told("c1"))
    again = await rig.tell(told("c1"))
    assert (again.repeated, again.events) == (True, first.events)
    assert await rig.said() == ["c1"]


async def test_a_command_twice_in_one_batch_is_applied_once_and_answered_twice(rig: Rig) -> None:
    one, two = await rig.ledger.apply([told("c1"), told("c1")])
    assert one.events == two.events
    assert await rig.said() == ["c1"]


async def test_the_outcomes_come_in_the_order_of_the_messages(rig: Rig) -> None:
    outcomes = await rig.ledger.apply([told("a", "r2"), told("b", "r1"), told("c", "r2")])
    assert [outcome.events[0].data["by"] for outcome in outcomes] == ["a", "b", "c"]


async def test_a_refused_command_changes_nothing_and_may_be_told_again(rig: Rig) -> None:
    outcome = await rig.tell(told("c1", name="refuse"))
    assert outcome.refusal is not None
    assert rig.store.documents == {}
    assert not (await rig.tell(told("c1"))).repeated


async def test_a_command_whose_decision_raises_changes_nothing_else_in_the_batch(rig: Rig) -> None:
    rig.failing.add("bad")
    bad, good, other = await rig.ledger.apply([told("bad"), told("good"), told("other", "r2")])
    assert "ArithmeticError" in bad.problem
    assert await rig.said() == ["good"]
    assert await rig.said("r2") == ["other"]
    assert (await rig.document()).parked is None
    assert not good.problem + other.problem


async def test_a_fact_too_large_for_a_record_is_refused_before_it_is_stored(rig: Rig) -> None:
    outcome = await rig.tell(told("c1", name="shout"))
    assert "EventTooLargeError" in outcome.problem
    assert await rig.store.events("r1") == []


async def test_a_command_whose_acknowledgement_was_lost_is_not_applied_twice(rig: Rig) -> None:
    faults = Faults(dice=rig.faults.dice, unanswered=1.0)
    rig.ledger = rig.process(store=FaultyStore(rig.store, faults))
    with pytest.raises(StoreTimeoutError):
        await rig.tell(told("c1"))
    faults.quiet()
    outcome = await rig.tell(told("c1"))
    assert outcome.repeated
    assert await rig.said() == ["c1"]
    assert [event.data["by"] for event in rig.published.topic] == ["c1"]


async def test_what_could_not_be_published_waits_for_the_sweep(rig: Rig) -> None:
    away = Rig(publisher=AwayPublisher())
    await away.tell(told("c1"))
    document = await away.document()
    assert (document.published, document.wake_at) == (0, away.clock.now().replace(second=5))


async def test_a_wake_up_says_again_what_was_not_acknowledged(rig: Rig) -> None:
    rig.faults.unpublished = 1.0
    await rig.ledger.apply([told("c1"), told("c2")])
    rig.faults.quiet()
    await rig.wake()
    assert {event.data["by"] for event in rig.published.topic} == {"c1", "c2"}
    assert (await rig.document()).published == 2
    assert (await rig.document()).wake_at is None


async def test_only_the_longest_acknowledged_prefix_counts_as_published(rig: Rig) -> None:
    class SecondOnly:
        async def publish(self, events: Sequence[Event]) -> list[bool]:
            return [event.sequence == 2 for event in events]

    partial = Rig(publisher=SecondOnly())
    await partial.ledger.apply([told("c1"), told("c2")])
    assert (await partial.document()).published == 0


async def test_an_event_that_was_not_written_is_not_published(rig: Rig) -> None:
    rig.ledger = rig.process(store=FaultyStore(rig.store, Faults(dice=rig.faults.dice, timeout=1.0)))
    with pytest.raises(StoreTimeoutError):
        await rig.tell(told("c1"))
    assert rig.published.topic == []


async def writing_together(rig: Rig) -> None:
    """Two processes that have both read the request before either writes it."""
    turns = asyncio.Barrier(2)

    async def together() -> None:
        if turns.n_waiting or not rig.store.documents:
            await turns.wait()

    rig.ledger = rig.process(store=FaultyStore(rig.store, Faults(dice=rig.faults.dice), together))
    async with asyncio.timeout(30):
        await asyncio.gather(rig.ledger.apply([told("c1")]), rig.ledger.apply([told("c2")]))


async def test_two_processes_writing_one_request_both_stand(rig: Rig) -> None:
    await writing_together(rig)
    assert sorted(await rig.said()) == ["c1", "c2"]


async def test_without_the_guard_one_of_two_writers_is_lost(rig: Rig) -> None:
    rig.store._guarded = False
    await writing_together(rig)
    assert len(set((await rig.document()).applied)) == 1


async def test_a_stale_write_is_counted(rig: Rig) -> None:
    stale = metrics.STALE_WRITES.labels("routing")
    before = stale._value.get()
    await writing_together(rig)
    assert stale._value.get() == before + 1


async def test_replay_says_every_event_again(rig: Rig) -> None:
    await rig.hear(*history("r1", 3), *history("r2", 1))
    rig.published.topic.clear()
    assert await rig.ledger.replay(["r1", "r2", "nobody"]) == (4, 0)
    assert len(rig.published.topic) == 4


async def test_waking_what_does_not_exist_makes_nothing(rig: Rig) -> None:
    await rig.ledger.apply([Woken(subject="ghost")])
    assert rig.store.documents == {}


async def test_a_timer_wakes_its_request(rig: Rig) -> None:
    at = rig.clock.now().replace(hour=9)
    await rig.tell(told("c1", name="alarm", at=at.isoformat()))
    assert (await rig.document()).wake_at == at


async def test_a_timer_that_stays_in_the_past_wakes_after_a_pause_and_not_at_once(rig: Rig) -> None:
    await rig.tell(told("c1", name="alarm", at="2020-01-01T00:00:00+00:00"))
    await rig.wake()
    assert (await rig.document()).wake_at == rig.clock.now().replace(second=1)


async def test_what_comes_in_between_puts_no_timer_off(rig: Rig) -> None:
    at = rig.clock.now().replace(second=4)
    await rig.tell(told("c1", name="alarm", at=at.isoformat()))
    rig.clock.forward(9)
    await rig.tell(told("c2"))
    assert (await rig.document()).wake_at == at


async def test_a_command_that_fails_leaves_the_timer_as_it_is(rig: Rig) -> None:
    at = rig.clock.now().replace(second=4)
    await rig.tell(told("c1", name="alarm", at=at.isoformat()))
    rig.failing.add("c2")
    await rig.ledger.apply([told("c2"), told("c3")])
    assert (await rig.document()).wake_at == at


async def test_a_wake_up_the_domain_cannot_take_comes_again_after_a_while(rig: Rig) -> None:
    await rig.tell(told("c1", name="alarm", at=rig.clock.now().isoformat()))
    rig.failing.add("woken")
    await rig.wake()
    assert (await rig.document()).wake_at == rig.clock.now().replace(second=30)
