"""Items are performed once: planned once, leased by one owner at a time, in doubt once their point of no return is passed."""

from datetime import timedelta

import pytest

from shared.ledger.items import KEPT_ITEMS
from shared.ledger.messages import Postponing
from tests.unit.ledger.rig import Rig
from tests.unit.ledger.small_domain import history, told


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_an_item_is_planned_once_however_often_it_is_wanted(rig: Rig) -> None:
    await rig.plan("a", "b")
    await rig.plan("a")
    assert [item.id for item in (await rig.document()).items] == ["a", "b"]


async def test_planning_nudges_the_worker(rig: Rig) -> None:
    await rig.plan("a")
    assert rig.nudged == {"r1": 1}


async def test_the_point_is_on_record_before_the_effect_goes_on(rig: Rig) -> None:
    await rig.plan("a")
    (item,) = await rig.lease()
    assert await rig.ledger.pass_point(item, "me")
    assert (await rig.item("a")).status == "data"


async def test_a_settled_item_is_told_to_the_domain_and_keeps_no_data(rig: Rig) -> None:
    await rig.hear(*history("r1", 1))
    await rig.plan("a")
    (item,) = await rig.lease()
    outcome = await rig.settle(item)
    assert outcome.events[0].data["role"] == "done"
    stored = await rig.item("a")
    assert (stored.status, stored.data, stored.owner, stored.until) == ("done", {}, None, None)
    assert (await rig.document()).wake_at is None


async def test_an_item_settled_twice_is_told_once(rig: Rig) -> None:
    await rig.plan("a")
    (item,) = await rig.lease()
    await rig.settle(item)
    assert (await rig.settle(item, "failed")).repeated
    assert await rig.said() == ["a"]


async def test_an_end_not_told_yet_keeps_its_wake_up_whatever_else_happens(rig: Rig) -> None:
    await rig.plan("a")
    (item,) = await rig.lease()
    rig.failing.add("a")
    await rig.settle(item)
    told_again = rig.clock.now() + timedelta(seconds=30)
    rig.clock.forward(9)
    await rig.tell(told("c1"))
    await rig.hear(*history("r1", 1))
    assert (await rig.document()).wake_at == told_again


async def test_one_end_that_cannot_be_told_does_not_hold_up_the_next(rig: Rig) -> None:
    await rig.plan("a", "b")
    first, second = await rig.lease()
    rig.failing.update({"a", "b"})
    await rig.settle(first)
    await rig.settle(second)
    rig.failing.discard("b")
    rig.clock.forward(30)
    await rig.wake()
    assert [(await rig.item(name)).status for name in "ab"] == ["ended", "done"]


async def test_a_postponed_item_is_due_at_its_time(rig: Rig) -> None:
    await rig.plan("a")
    (item,) = await rig.lease()
    due = rig.clock.now() + timedelta(seconds=7)
    await rig.ledger.postpone(item, "me", due, "busy")
    assert await rig.lease() == []
    assert (await rig.document()).wake_at == due
    rig.clock.forward(7)
    (again,) = await rig.lease("other")
    assert again.attempt == 2


async def test_a_lease_that_was_no_try_is_not_counted_as_one_and_stays_apart_from_the_next(rig: Rig) -> None:
    await rig.plan("a")
    for _ in range(3):
        (item,) = await rig.lease()
        given_back = Postponing(subject="r1", item=item, owner="me", due=rig.clock.now(), problem="no place", counted=False)
        await rig.ledger.apply([given_back])
    (item,) = await rig.lease()
    assert (item.attempt, item.tries) == (4, 1)
    await rig.ledger.postpone(item, "me", rig.clock.now(), "busy")
    (item,) = await rig.lease()
    assert (item.attempt, item.tries) == (5, 2)


async def test_an_item_cancelled_while_under_way_does_not_pass_its_point(rig: Rig) -> None:
    await rig.plan("a")
    (item,) = await rig.lease()
    await rig.tell(told("c", name="cancel", items=["a"]))
    assert not await rig.ledger.pass_point(item, "me")


async def test_an_item_cancelled_while_under_way_is_not_tried_again(rig: Rig) -> None:
    await rig.plan("a", "b", "c")
    postponed, failed, _ = await rig.lease()
    await rig.tell(told("c", name="cancel", items=["a", "b", "c"]))
    await rig.ledger.postpone(postponed, "me", rig.clock.now(), "busy")
    await rig.settle(failed, "failed")
    rig.clock.forward(61)
    assert await rig.lease("other") == []
    assert [(await rig.item(name)).status for name in "abc"] == ["cancelled"] * 3
    assert await rig.said() == []


async def test_an_item_cancelled_past_its_point_of_no_return_is_told_as_it_ends(rig: Rig) -> None:
    await rig.plan("a")
    (item,) = await rig.lease()
    await rig.ledger.pass_point(item, "me")
    await rig.tell(told("c", name="cancel", items=["a"]))
    await rig.settle(item)
    assert await rig.said() == ["a"]


async def test_a_cancelled_item_is_not_planned_anew(rig: Rig) -> None:
    await rig.plan("a")
    await rig.tell(told("c", name="cancel", items=["a"]))
    await rig.tell(told("again", name="plan", items=["a"]))
    assert await rig.lease() == []


async def test_of_very_many_items_those_longest_over_are_forgotten_and_none_that_is_open(rig: Rig) -> None:
    await rig.plan("first", *(f"early-{n}" for n in range(KEPT_ITEMS)))
    for item in await rig.lease(limit=KEPT_ITEMS):
        await rig.settle(item)
    assert len((await rig.document()).items) == KEPT_ITEMS
    await rig.plan(*(f"late-{n}" for n in range(9)))
    kept = [item.id for item in (await rig.document()).items]
    assert len(kept) == KEPT_ITEMS
    assert kept[0] == "early-9"
    assert [item for item in (await rig.document()).items if item.open and not item.id.startswith("late")] == [
        await rig.item(f"early-{KEPT_ITEMS - 1}")
    ]


async def test_a_doubtful_item_is_planned_again_only_by_a_decision(rig: Rig) -> None:
    await rig.plan("a")
    (item,) = await rig.lease()
    await rig.settle(item, "unknown")
    assert await rig.lease() == []
    await rig.tell(told("c", name="again", items=["a"]))
    (again,) = await rig.lease()
    assert (again.attempt, again.tries) == (2, 1)


async def test_what_waits_for_a_slot_makes_room_in_the_sweep_for_what_was_not_seen_yet(rig: Rig) -> None:
    await rig.plan("a")
    await rig.wake()
    assert (await rig.document()).wake_at == rig.clock.now() + timedelta(seconds=15)
    assert [item.id for item in await rig.lease()] == ["a"]
