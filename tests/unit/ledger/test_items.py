"""Items are performed once: planned once, leased by one owner at a time, in doubt once their point of no return is passed."""

from datetime import timedelta

import pytest

from shared.ledger.items import KEPT_ITEMS
from tests.unit.ledger.rig import TERM, Rig
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
    assert rig.nudged == ["r1"]


async def test_a_leased_item_is_not_leased_to_another(rig: Rig) -> None:
    await rig.plan("a")
    (item,) = await rig.lease("me")
    assert (item.id, item.subject, item.attempt) == ("a", "r1", 1)
    assert await rig.lease("other") == []
    assert (await rig.document()).wake_at == rig.clock.now() + TERM


async def test_no_more_items_are_leased_than_asked_for(rig: Rig) -> None:
    await rig.plan("a", "b", "c")
    await rig.ledger.apply([told("p", "r2", "plan", items=["d", "e"])])
    leased = await rig.ledger.lease(["r1", "r2"], "me", 4, TERM)
    assert len(leased) == 4


async def test_a_lease_that_ran_out_is_leased_again_as_a_further_attempt(rig: Rig) -> None:
    await rig.plan("a")
    (first,) = await rig.lease("me")
    rig.clock.forward(61)
    (second,) = await rig.lease("other")
    assert second.attempt == 2
    assert not await rig.ledger.pass_point(first, "me")
    assert await rig.ledger.pass_point(second, "other")


async def test_the_point_cannot_be_passed_after_the_lease_ran_out(rig: Rig) -> None:
    await rig.plan("a")
    (item,) = await rig.lease()
    rig.clock.forward(60)
    assert not await rig.ledger.pass_point(item, "me")


async def test_the_point_cannot_be_passed_twice(rig: Rig) -> None:
    await rig.plan("a")
    (item,) = await rig.lease()
    assert await rig.ledger.pass_point(item, "me")
    assert not await rig.ledger.pass_point(item, "me")


async def test_the_point_is_on_record_before_the_effect_goes_on(rig: Rig) -> None:
    await rig.plan("a")
    (item,) = await rig.lease()
    assert await rig.ledger.pass_point(item, "me")
    assert (await rig.item("a")).status == "data"


async def test_an_item_found_past_its_point_is_never_leased_but_ends_in_doubt(rig: Rig) -> None:
    await rig.plan("a")
    (item,) = await rig.lease()
    await rig.ledger.pass_point(item, "me")
    assert await rig.lease("other") == []
    rig.clock.forward(61)
    assert await rig.lease("other") == []
    assert (await rig.item("a")).status == "unknown"
    (fact,) = await rig.store.events("r1")
    assert (fact.data["role"], fact.data["reason"]) == ("unknown", "the process stopped after the point of no return")


async def test_one_doubt_whose_decision_fails_takes_no_lease_from_the_others(rig: Rig) -> None:
    await rig.plan("a", "b")
    (item, _) = await rig.lease()
    await rig.ledger.pass_point(item, "me")
    rig.clock.forward(61)
    rig.failing.add("a")
    assert [leased.id for leased in await rig.lease("other")] == ["b"]
    assert (await rig.item("b")).status == "leased"
    assert (await rig.item("a")).status == "ended"
    assert await rig.lease("third") == []


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


async def test_an_end_the_domain_cannot_take_is_told_again_later(rig: Rig) -> None:
    await rig.plan("a")
    (item,) = await rig.lease()
    rig.failing.add("a")
    outcome = await rig.settle(item, problem="p")
    assert outcome.problem
    assert (await rig.item("a")).status == "ended"
    assert (await rig.document()).wake_at == rig.clock.now() + timedelta(seconds=30)
    rig.failing.clear()
    rig.clock.forward(30)
    await rig.wake()
    assert (await rig.item("a")).status == "done"
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


async def test_only_the_owner_may_postpone(rig: Rig) -> None:
    await rig.plan("a")
    (item,) = await rig.lease("me")
    await rig.ledger.postpone(item, "other", rig.clock.now(), "busy")
    assert (await rig.item("a")).owner == "me"


async def test_a_cancelled_item_is_never_leased(rig: Rig) -> None:
    await rig.plan("a", "b")
    await rig.tell(told("c", name="cancel", items=["a"]))
    assert [item.id for item in await rig.lease()] == ["b"]
    assert (await rig.item("a")).data == {}


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


async def test_a_late_failure_of_a_lost_lease_does_not_hide_how_the_next_ends(rig: Rig) -> None:
    await rig.plan("a")
    (lost,) = await rig.lease("me")
    rig.clock.forward(61)
    (held,) = await rig.lease("other")
    assert (await rig.settle(lost, "failed")).repeated
    assert (await rig.item("a")).owner == "other"
    await rig.settle(held, "done", owner="other")
    assert (await rig.item("a")).status == "done"


async def test_a_late_failure_of_the_attempt_before_it_was_planned_again_is_not_the_new_attempts(rig: Rig) -> None:
    await rig.plan("a")
    (first,) = await rig.lease()
    await rig.settle(first, "failed")
    await rig.tell(told("c", name="again", items=["a"]))
    await rig.lease()
    assert (await rig.settle(first, "failed")).repeated
    assert (await rig.item("a")).status == "leased"


async def test_what_was_done_under_a_lost_lease_is_done_and_not_tried_again(rig: Rig) -> None:
    await rig.plan("a")
    (lost,) = await rig.lease("me")
    rig.clock.forward(61)
    (held,) = await rig.lease("other")
    await rig.settle(lost, "done")
    assert (await rig.item("a")).status == "done"
    assert not await rig.ledger.pass_point(held, "other")


async def test_a_doubt_is_settled_by_the_late_word_that_it_is_done(rig: Rig) -> None:
    await rig.plan("a")
    (item,) = await rig.lease()
    await rig.ledger.pass_point(item, "me")
    rig.clock.forward(61)
    await rig.lease("other")
    await rig.settle(item, "done")
    assert (await rig.item("a")).status == "done"


async def test_an_item_nobody_ever_comes_back_from_is_given_up(rig: Rig) -> None:
    await rig.plan("a")
    for owner in "123":
        assert len(await rig.ledger.lease(["r1"], owner, 1, TERM, 3)) == 1
        rig.clock.forward(61)
    assert await rig.ledger.lease(["r1"], "4", 1, TERM, 3) == []
    (fact,) = await rig.store.events("r1")
    assert fact.data["reason"] == "given up after 3 attempts, the last of which nobody came back from"


async def test_what_waits_for_a_slot_makes_room_in_the_sweep_for_what_was_not_seen_yet(rig: Rig) -> None:
    await rig.plan("a")
    await rig.wake()
    assert (await rig.document()).wake_at == rig.clock.now() + timedelta(seconds=5)
    assert [item.id for item in await rig.lease()] == ["a"]
