"""A database that was put back from a backup takes up what was said since, says no number twice, and performs nothing twice."""

from typing import Any

import pytest

from shared.ledger.messages import Heard
from shared.ledger.proving import DOUBT, Outside
from shared.schemas.envelope import Event
from tests.unit.ledger.disaster import Died, Disaster, MortalStore, kept, lived
from tests.unit.ledger.rig import TERM
from tests.unit.ledger.small_domain import Diary, SmallDomain, history, told


def ids(events: list[Event]) -> list[tuple[str, int, str]]:
    return [(event.subject, event.sequence, event.id) for event in events]


def forked(events: list[Event]) -> set[tuple[str, int]]:
    """Numbers that were said in more than one way."""
    ways: dict[tuple[str, int], set[str]] = {}
    for event in events:
        ways.setdefault((event.subject, event.sequence), set()).add(event.id)
    return {place for place, said in ways.items() if len(said) > 1}


async def test_what_was_said_since_is_taken_up_and_the_state_is_what_it_was() -> None:
    rig = Disaster()
    await lived(rig)
    lost = {subject: await kept(rig, subject) for subject in ("r1", "r2")}
    said = {subject: ids(await rig.store.events(subject)) for subject in ("r1", "r2")}
    rig.put_back()
    restored = await rig.restore()
    assert {subject: one.end for subject, one in restored.items()} == {"r1": "restored", "r2": "restored"}
    assert {subject: await kept(rig, subject) for subject in ("r1", "r2")} == lost
    assert {subject: ids(await rig.store.events(subject)) for subject in ("r1", "r2")} == said
    assert await rig.restore() == {}, "a second time there is nothing left to do"


async def test_life_goes_on_with_new_numbers_and_what_comes_again_is_known() -> None:
    rig = Disaster()
    await lived(rig)
    before = len(rig.topic)
    rig.put_back()
    await rig.restore()
    outcomes = await rig.hear(*(event for history_ in rig.sources.values() for event in history_.events))
    assert all(outcome.repeated for outcome in outcomes)
    repeated = await rig.tell(told("c2", "r1"))
    assert (repeated.repeated, len(repeated.events)) == (True, 1)
    await rig.wake("r1")
    await rig.wake("r2")
    assert len(rig.topic) == before, "nothing was said"
    await rig.tell(told("c4", "r1"))
    await rig.intake("r2")
    assert len(rig.topic) == before + 2
    assert forked(rig.topic) == set()


async def test_a_database_that_is_just_put_back_forks_and_does_everything_again() -> None:
    """The negative control."""
    rig = Disaster()
    await lived(rig)
    rig.put_back()
    rig.clock.forward(60)
    await rig.hear(*(event for history_ in rig.sources.values() for event in history_.events))
    assert forked(rig.topic) == {("r1", 3), ("r2", 1), ("r2", 2)}
    assert len(await rig.ledger.lease(["r1", "r2"], "me", 10, TERM)) == 4


async def test_what_is_proven_to_be_done_is_over_and_what_is_not_ends_in_doubt_and_is_never_leased() -> None:
    rig = Disaster()
    await rig.intake(count=2)
    rig.back_up()
    (done,) = await rig.lease(limit=1)
    await rig.settle(done)
    await rig.intake(count=2)
    (younger,) = [item for item in await rig.lease() if item.id == "item-3"]
    await rig.settle(younger, "failed", problem="p")
    rig.put_back()
    restored = await rig.restore()
    assert restored["r1"].doubts == ("item-2", "item-4")
    statuses = {item.id: item.status for item in (await rig.document()).items}
    assert statuses == {"item-1": "done", "item-2": "ended", "item-3": "failed", "item-4": "ended"}
    assert (await rig.item("item-4")).data == {"n": 4}, "a person may want it again, so what it needs is kept"
    rig.clock.forward(3600)
    assert await rig.lease() == []
    await rig.wake()
    assert [(await rig.item(name)).status for name in ("item-2", "item-4")] == ["unknown", "unknown"]
    assert (await rig.said())[-2:] == ["item-2", "item-4"], "the domain was told of the doubts"
    await rig.wake()
    assert [event.data.get("reason") for event in rig.topic].count(DOUBT) == 2, "and once"


async def test_what_may_be_repeated_is_left_to_be_done_also_where_the_backup_does_not_know_it() -> None:
    rig = Disaster()
    await rig.intake()
    rig.back_up()
    await rig.intake()
    rig.put_back()
    restored = await rig.restore(outside=Outside(repeatable=frozenset({"print"})))
    assert restored["r1"].doubts == ()
    assert [item.id for item in await rig.lease()] == ["item-1", "item-2"]


@pytest.mark.parametrize(
    ("awaited", "left"), [({}, {"item-1": "ended"}), ({"item-2": "print"}, {"item-1": "ended", "item-2": "ended"})]
)
async def test_where_the_state_tells_what_it_waits_for_nothing_else_is_made_up(
    awaited: dict[str, str], left: dict[str, str]
) -> None:
    rig = Disaster()
    await rig.intake()
    rig.back_up()
    await rig.intake()
    rig.put_back()
    await rig.restore(outside=Outside(awaited=lambda _state: awaited))
    assert {item.id: item.status for item in (await rig.document()).items} == left


async def test_what_the_state_waits_for_and_nobody_can_plan_again_is_listed_as_well() -> None:
    rig = Disaster()
    await rig.intake()
    rig.back_up()
    rig.put_back()
    restored = await rig.restore(outside=Outside(awaited=lambda _state: {"gone": "print"}))
    assert restored["r1"].doubts == ("item-1", "gone")


async def test_what_was_held_before_its_turn_and_heard_since_is_held_no_longer() -> None:
    rig = Disaster()
    (first, second) = (await rig.intake("r1", 0)) or history("r1", 2)
    rig.sources["r1"].events = [first, second]
    await rig.hear(second)
    rig.back_up()
    await rig.hear(first)
    rig.put_back()
    assert len((await rig.document()).early) == 1
    await rig.restore()
    document = await rig.document()
    assert (document.early, document.heard) == ([], {"intake": 2})


async def test_of_a_compacted_topic_the_last_event_is_enough() -> None:
    rig = Disaster(items=False)
    await rig.tell(told("c1", keep={"a": 1}))
    rig.back_up()
    for number in range(2, 5):
        await rig.tell(told(f"c{number}", keep={"a": number}))
    rig.put_back()
    assert (await rig.restore(rig.topic[-1:], compacted=True))["r1"].end == "restored"
    assert ((await rig.diary()).kept, (await rig.document()).head) == ({"a": 4}, 4)


@pytest.mark.parametrize("landed", [False, True], ids=["before the write", "after it"])
async def test_killed_at_any_write_and_run_again_it_ends_the_same(*, landed: bool) -> None:
    rig = Disaster()
    await lived(rig)
    await rig.intake("r1")
    await rig.intake("r3")
    rig.put_back()
    await rig.restore()
    whole = rig.store
    assert len(whole.documents) == 3
    deaths = 0
    for at in range(1, 10):
        rig.put_back(MortalStore(at, landed=landed))
        try:
            await rig.restore()
        except Died:
            deaths += 1
            await rig.restore()
        assert rig.store.documents == whole.documents
        assert rig.store.said == whole.said
    assert deaths == 3


async def test_what_somebody_else_wrote_into_its_topic_is_not_its_own() -> None:
    rig = Disaster()
    await rig.intake()
    rig.back_up()
    rig.put_back()
    assert {one.events for one in (await rig.restore([*rig.topic, *history("r1", 5), *history("r9", 2)])).values()} == {0}
    assert (await rig.document()).head == 1


async def test_nothing_that_a_cause_decides_anew_is_said() -> None:
    """Causes are decided on again to find what they planned; what they would say today is not said."""

    class Moody(SmallDomain):
        decided: list[str] = []

        def decide(self, state: Diary, message: Any, context: Any) -> Any:
            assert isinstance(message, Heard)
            self.decided.append(message.event.subject)
            return super().decide(state, message, context)

    rig, moody = Disaster(), Moody()
    await lived(rig)
    rig.put_back()
    before = len(rig.topic)
    await rig.restore(domain=moody)
    assert sorted(moody.decided) == ["r1", "r2", "r2"]
    assert len(rig.topic) == before
