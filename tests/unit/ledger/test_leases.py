"""A lease has one owner: only its word counts for failure and doubt, and what is done is done whoever says so."""

from datetime import timedelta

import pytest

from tests.unit.ledger.rig import TERM, Rig
from tests.unit.ledger.small_domain import told


@pytest.fixture
def rig() -> Rig:
    return Rig()


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


async def test_what_was_given_up_is_done_by_the_late_word_that_it_is(rig: Rig) -> None:
    await rig.plan("a")
    (item,) = await rig.lease()
    rig.clock.forward(61)
    assert await rig.ledger.lease(["r1"], "other", 1, TERM, 1) == []
    assert (await rig.item("a")).status == "failed"
    await rig.settle(item, "done")
    assert (await rig.item("a")).status == "done"


async def test_a_doubt_not_told_yet_gives_way_to_the_late_word_that_it_is_done(rig: Rig) -> None:
    await rig.plan("a")
    (item,) = await rig.lease()
    rig.failing.add("a")
    await rig.settle(item, "unknown")
    rig.failing.clear()
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
