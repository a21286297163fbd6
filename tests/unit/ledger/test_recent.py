"""A request in use is read once; what is kept of it is lent to one round at a time and never trusted without a write."""

from collections.abc import Sequence

import pytest

from shared.ledger.apply import Ledger
from shared.ledger.document import Document, Mark
from shared.ledger.draft import Draft
from shared.ledger.messages import Woken
from shared.ledger.recent import BARE, LIMIT, Recent
from shared.schemas.intake import WithdrawalRequested
from tests.unit.ledger import memory_store
from tests.unit.ledger.rig import TERM, Rig
from tests.unit.ledger.small_domain import Diary, Setting, SmallDomain, held, history, told


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_a_request_in_use_is_read_once(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    read = counting(rig, monkeypatch)
    for number in range(5):
        await rig.tell(told(f"c{number}"))
    assert read == ["r1"]
    assert await rig.said() == [f"c{number}" for number in range(5)]


def counting(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The subjects whose documents are read from now on, in turn."""
    read: list[str] = []
    load = rig.store.load

    async def counted(subjects: Sequence[str]) -> dict[str, Document]:
        read.extend(subjects)
        return await load(subjects)

    monkeypatch.setattr(rig.store, "load", counted)
    return read


async def test_what_would_write_nothing_is_read_again_only_if_others_wrote(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    mine, other = rig.process(), rig.process()
    await mine.apply([told("c1")])
    read = counting(rig, monkeypatch)
    (again,) = await mine.apply([told("c1")])
    assert (again.repeated, read) == (True, [])
    await other.apply([told("c2")])
    read.clear()
    (again,) = await mine.apply([told("c2")])
    assert (again.repeated, read) == (True, ["r1"])


async def test_what_another_process_wrote_meanwhile_is_read_again(rig: Rig) -> None:
    mine, other = rig.process(), rig.process()
    await mine.apply([told("c1")])
    await other.apply([told("c2")])
    await mine.apply([told("c3")])
    assert await rig.said() == ["c1", "c2", "c3"]


async def lease_unknown_to(ledger: Ledger[Diary, Setting], rig: Rig) -> bool:
    """Whether `ledger`, which remembers the request as it was before, lets an item pass that another process has leased since."""
    other = rig.process()
    await ledger.apply([told("c1")])
    await other.apply([told("c2", name="plan", items=["a"])])
    (item,) = await other.lease(["r1"], "other", 10, TERM)
    return await ledger.pass_point(item, "other")


async def test_an_answer_without_a_write_rests_on_what_is_stored(rig: Rig) -> None:
    assert await lease_unknown_to(rig.process(), rig)


async def test_trusting_what_was_kept_would_answer_wrongly(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Draft, "unsure", False)
    assert not await lease_unknown_to(rig.process(), rig)


async def test_a_wake_up_that_others_marked_is_answered_and_does_not_come_for_ever(rig: Rig) -> None:
    await rig.process().apply([told("c1")])
    mine = rig.process()
    await mine.apply([told("c1")])  # which is repeated: it remembers the document as it was read, with nothing to wake for
    document = await rig.document()
    assert document.wake_at is None
    await rig.store.mark([Mark(subject="r1", revision=document.revision, published=1, wake_at=rig.clock.now())])
    await mine.apply([Woken(subject="r1")])
    assert (await rig.document()).wake_at is None


async def test_the_request_used_longest_ago_makes_room() -> None:
    recent: Recent[Diary] = Recent(limit=4 * BARE + 1000)
    for subject in ("r1", "r2", "r3", "r4", "r1", "r5"):
        recent.keep(Document(subject=subject, revision=1), Diary())
    assert recent.lend(["r1", "r2", "r3", "r4", "r5"]).keys() == {"r1", "r3", "r4", "r5"}


async def test_for_a_very_large_request_the_others_need_not_go() -> None:
    recent: Recent[Diary] = Recent()
    recent.keep(Document(subject="r1", revision=1), Diary())
    recent.keep(Document(subject="r2", revision=1, state={"text": "x" * LIMIT}), Diary())
    assert recent.lend(["r1", "r2"]).keys() == {"r1"}


async def test_what_is_lent_is_lent_to_nobody_else() -> None:
    recent: Recent[Diary] = Recent()
    recent.keep(Document(subject="r1", revision=1), Diary())
    assert recent.lend(["r1"]).keys() == {"r1"}
    assert recent.lend(["r1"]) == {}


async def test_what_was_heard_is_dropped_also_when_only_another_process_knows(rig: Rig) -> None:
    mine, other = rig.process(), rig.process()
    one, two = history("r1", 2)
    await rig.hear(one)
    rig.ledger = mine
    await rig.hear(two)
    rig.ledger = other
    await rig.hear(two)
    assert (await rig.diary()).heard == ("intake:1", "intake:2")


class Lifted(SmallDomain):
    """A later release, whose states say that they were lifted."""

    schema = 2

    def upcast(self, document: dict[str, object], schema: int) -> dict[str, object]:
        assert schema == 1
        return {**document, "kept": {"lifted": True}}


async def test_a_state_that_was_lifted_and_not_written_is_lifted_again(rig: Rig) -> None:
    (one, two) = history("r1", 2)
    await rig.hear(one)
    later = rig.process(domain=Lifted())
    await later.apply([held(one)])
    assert (await rig.document()).schema == 1, "hearing again what was heard writes nothing"
    await later.apply([held(two)])
    document = await rig.document()
    assert (document.schema, (await rig.diary()).kept) == (2, {"lifted": True})


async def test_what_cannot_be_stored_on_a_guess_is_tried_on_what_is_stored(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_store, "LIMIT", 75_000)
    half = "x" * 30_000
    mine, other = rig.process(), rig.process()
    await mine.apply([told("c1", keep={"k": half})])
    await other.apply([told("c2", keep={"k": ""})])
    (outcome,) = await mine.apply([told("c3", keep={"l": half})])
    assert (outcome.problem, await rig.said()) == ("", ["c1", "c2", "c3"])


def test_events_are_equal_whether_they_were_read_or_not() -> None:
    (event,) = history("r1", 1)
    other = event.model_copy()
    event.read_as(WithdrawalRequested)
    assert event == other
    changed = event.model_copy(update={"data": {"by": "x", "reason": "y"}})
    assert changed.read_as(WithdrawalRequested).by == "x"
    assert changed != event
