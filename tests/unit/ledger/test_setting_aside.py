"""What cannot be stored or read harms its own message alone: the rest of its request goes on or waits, and nothing repeats for ever."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from shared.ledger.messages import Decision, Reservation, Settled, Told, Woken
from shared.schemas.envelope import Event
from tests.unit.ledger.rig import Rig
from tests.unit.ledger.small_domain import Diary, Quiet, SmallDomain, held, history, told

TOO_LARGE = 2**63


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_of_one_requests_messages_only_the_one_that_cannot_be_stored_fails(rig: Rig) -> None:
    good, bad, better = await rig.ledger.apply([told("c1"), told("c2", keep={"n": TOO_LARGE}), told("c3")])
    assert (good.problem, better.problem) == ("", "")
    assert bad.problem
    assert bad.unstorable
    assert await rig.said() == ["c1", "c3"]
    assert (await rig.document()).parked is None


async def test_a_command_that_cannot_be_stored_does_not_park_what_was_heard_with_it(rig: Rig) -> None:
    (event,) = history("r1", 1)
    await rig.ledger.apply([told("c1", keep={"n": TOO_LARGE}), held(event)])
    document = await rig.document()
    assert (document.parked, document.heard) == (None, {"intake": 1})


async def test_an_end_whose_result_cannot_be_stored_is_noted_and_its_effect_not_repeated(rig: Rig) -> None:
    await rig.plan("a")
    (item,) = await rig.lease()
    rig.failing.add("a")
    assert (await rig.settle(item, data={"n": TOO_LARGE})).problem
    document = await rig.document()
    assert (document.items[0].status, document.items[0].end) == ("ended", "done")
    assert document.parked
    rig.clock.forward(600)
    assert await rig.lease("other") == []


async def test_an_end_whose_fact_cannot_be_stored_wakes_nobody_until_its_redrive(rig: Rig) -> None:
    await rig.plan("a")
    (item,) = await rig.lease()
    await rig.settle(item, "failed", problem="\ud800")
    assert (await rig.document()).wake_at is None
    assert await rig.ledger.redrive(["r1"]) == {"r1": None}
    assert (await rig.item("a")).status == "failed"


async def test_a_request_whose_state_cannot_be_read_holds_what_it_hears_and_leaves_the_sweep(rig: Rig) -> None:
    one, two = history("r1", 2)
    await rig.hear(one)
    rig.store.documents["r1"].state = {"heard": 5}
    rig.ledger = rig.process()
    rig.store.documents["r1"].wake_at = rig.clock.now()
    await rig.wake()
    (outcome,) = await rig.hear(two)
    assert "cannot be read" in outcome.problem
    assert not outcome.unstorable
    assert outcome.stored
    document = await rig.document()
    assert document.state == {"heard": 5}
    assert [entry.sequence for entry in document.early] == [2]
    assert await rig.store.due(rig.clock.now() + timedelta(days=1), 9) == []


async def test_a_request_whose_state_cannot_be_read_leaves_the_sweep_also_with_an_item_that_is_due(rig: Rig) -> None:
    await rig.plan("a")
    rig.store.documents["r1"].state = {"heard": 5}
    rig.ledger = rig.process()
    await rig.wake()
    revision = (await rig.document()).revision
    assert await rig.store.due(rig.clock.now() + timedelta(days=1), 9) == []
    await rig.wake()
    assert (await rig.document()).revision == revision


async def test_what_waited_for_its_state_to_be_readable_flows_at_redrive(rig: Rig) -> None:
    one, two = history("r1", 2)
    await rig.hear(one)
    readable = rig.store.documents["r1"].state
    rig.store.documents["r1"].state = {"heard": 5}
    rig.ledger = rig.process()
    await rig.hear(two)
    assert "cannot be read" in str((await rig.ledger.redrive(["r1"]))["r1"])
    rig.store.documents["r1"].state = readable
    rig.ledger = rig.process()
    assert await rig.ledger.redrive(["r1"]) == {"r1": None}
    assert (await rig.diary()).heard == ("intake:1", "intake:2")


class Scribbler(SmallDomain):
    """Keeps in its state what cannot be written down, for the request r1 alone."""

    def evolve(self, state: Diary, event: Event) -> Diary:
        evolved = super().evolve(state, event)
        return evolved.model_copy(update={"kept": {"o": object()}}) if event.subject == "r1" else evolved


async def test_a_state_that_cannot_be_written_down_harms_no_other_request(rig: Rig) -> None:
    rig.ledger = rig.process(domain=Scribbler())
    bad, good = await rig.hear(*history("r1", 1), *history("r2", 1))
    assert ("cannot be written" in bad.problem, good.problem) == (True, "")
    assert (await rig.document()).parked == bad.problem
    assert await rig.said("r2") == ["intake:1"]


class Greedy(SmallDomain):
    """Reserves for every command."""

    def _told(self, message: Told) -> Decision:
        return replace(super()._told(message), reservations=(Reservation(holder=message.id, capacity=1),))


class Unwritable(Quiet):
    """Cannot ask for what c1 wants; `asked` is what was asked for since."""

    asked: tuple[str, ...] = ()

    async def reserve(self, wanted: Sequence[tuple[str, Decision]]) -> frozenset[str]:
        holders = [reservation.holder for _, decision in wanted for reservation in decision.reservations]
        if "c1" in holders:
            raise OverflowError("date value out of range")
        self.asked += tuple(holders)
        return frozenset()


async def test_a_place_that_cannot_be_asked_for_harms_no_other_request(rig: Rig) -> None:
    rig.surroundings = Unwritable(rig.surroundings.setting)
    rig.ledger = rig.process(domain=Greedy())
    bad, good = await rig.ledger.apply([told("c1"), told("c2", "r2")])
    assert ("cannot be asked for" in bad.problem, good.problem) == (True, "")
    assert (rig.surroundings.asked, await rig.said("r2"), await rig.said()) == (("c2",), ["c2"], [])
    assert (await rig.ledger.apply([told("c3")]))[0].problem == "", "the request goes on"


class Timeless(SmallDomain):
    """Cannot say when r1 wants to be woken."""

    def wake_at(self, state: Diary) -> None:
        if "c1" in str(state):
            raise ArithmeticError


async def test_a_timer_that_cannot_be_told_harms_no_other_request(rig: Rig) -> None:
    rig.ledger = rig.process(domain=Timeless())
    await rig.ledger.apply([told("c1", keep={"c1": 1}), told("c2", "r2")])
    assert (await rig.document()).wake_at == rig.clock.now() + timedelta(seconds=30)
    assert (await rig.document("r2")).wake_at is None


async def test_an_end_noted_twice_is_noted_once(rig: Rig) -> None:
    await rig.plan("a")
    (item,) = await rig.lease()
    rig.failing.add("a")
    ends = [Settled(subject="r1", item=item, end="done", owner="me", data={"n": TOO_LARGE})] * 2
    await rig.ledger.apply(ends)
    await rig.ledger.apply([*ends, Woken(subject="r1")])
    assert [one.status for one in (await rig.document()).items] == ["ended"]
