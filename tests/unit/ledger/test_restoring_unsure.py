"""What a restore cannot make whole is set aside with its numbers taken, obeys nobody until a person says so, and harms no other."""

from dataclasses import replace
from typing import Any

import pytest

from shared.ledger.document import UNSURE
from shared.ledger.proving import Outside
from shared.messaging.wire import decode, record_of
from shared.schemas.envelope import Event
from shared.schemas.model import Frozen
from tests.unit.ledger.disaster import Disaster, kept, lived
from tests.unit.ledger.small_domain import Diary, SmallDomain, history, told


def _with_a_hole(topic: list[Event]) -> list[Event]:
    return [event for event in topic if event.sequence != 3]


def _said_twice(topic: list[Event]) -> list[Event]:
    return [*topic, Event.say(**{**topic[-1].model_dump(exclude={"id"}), "causationid": "another"})]


def _not_following(topic: list[Event]) -> list[Event]:
    return [*topic[:-1], Event.say(**{**topic[-1].model_dump(exclude={"id"}), "previous": "f" * 24})]


def _otherwise_than_known(topic: list[Event]) -> list[Event]:
    return [*topic, Event.say(**{**topic[1].model_dump(exclude={"id"}), "causationid": "another"})]


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (_with_a_hole, "history lost: of its numbers 3 to 3 nothing is left"),
        (_said_twice, "fork: its number 4 was said in 2 ways"),
        (_not_following, "fork: its number 4 does not follow the number before it"),
        (_otherwise_than_known, "fork: its number 2 was said otherwise than the database has it"),
    ],
)
async def test_what_is_no_whole_is_set_aside_with_its_numbers_taken_and_obeys_nobody_until_its_redrive(
    spoil: Any, why: str
) -> None:
    rig = Disaster()
    await rig.intake(count=2)
    rig.back_up()
    await rig.intake(count=2)
    rig.put_back()
    state = (await rig.document()).state
    topic = spoil(list(rig.topic))
    (found,) = (await rig.restore(topic)).values()
    assert (found.end, found.why, set(found.doubts)) == ("set aside", why, {"item-1", "item-2"})
    document = await rig.document()
    assert (document.parked, document.state, document.head, document.heard) == (UNSURE + why, state, 4, {"intake": 4})
    assert (await rig.tell(told("c1"))).problem == UNSURE + why
    assert await rig.lease() == []
    again = (await rig.restore(topic))["r1"]
    assert (again.end, again.why, again.events) == ("set aside", why, 0)
    assert await rig.ledger.redrive(["r1"]) == {"r1": None}
    assert (await rig.tell(told("c2"))).events[0].sequence > 4


async def test_one_that_is_set_aside_harms_no_other() -> None:
    rig = Disaster()
    await lived(rig)
    rig.put_back()
    found = await rig.restore([event for event in rig.topic if (event.subject, event.sequence) != ("r2", 2)])
    assert (found["r1"].end, found["r2"].end) == ("restored", "set aside")


async def test_whose_sources_are_away_stays_as_it_is_and_is_restored_the_next_time() -> None:
    rig = Disaster()
    await lived(rig)
    rig.put_back()
    before = await kept(rig, "r1")
    rig.away.add("intake")
    found = await rig.restore()
    assert (found["r1"].end, found["r1"].why) == ("unasked", "intake could not be asked (ConnectionError)")
    assert await kept(rig, "r1") == before
    rig.away.clear()
    assert {one.end for one in (await rig.restore()).values()} == {"restored"}


async def test_facts_that_make_no_state_set_their_request_aside() -> None:
    rig = Disaster()
    await lived(rig)
    rig.put_back()
    rig.sources["r2"].events = history("r2", 2)[:1]
    found = await rig.restore()
    assert (found["r1"].end, found["r2"].end) == ("restored", "set aside")
    assert "of intake there are 1 events and should be 2" in found["r2"].why


@pytest.mark.parametrize("hole", [(3,), (3, 4)])
async def test_where_the_topic_was_read_too_late_nothing_is_written_and_the_whole_of_it_mends_all(hole: tuple[int, ...]) -> None:
    rig = Disaster()
    await rig.intake(count=2)
    rig.back_up()
    await rig.intake(count=3)
    lost = await kept(rig, "r1")
    rig.put_back()
    before = await kept(rig, "r1")
    late = [event for event in rig.topic if event.sequence not in hole]
    (found,) = (await rig.restore(late, in_part=True)).values()
    assert (found.end, found.events) == ("not all read", 0)
    assert found.why.endswith("nothing is left: read the topic from its beginning, without a moment to begin at")
    assert await kept(rig, "r1") == before
    assert [one.end for one in (await rig.restore()).values()] == ["restored"]
    assert await kept(rig, "r1") == lost


def _damaged(event: Event) -> Any:
    record = record_of(event)
    return decode(replace(record, value=(record.value or b"")[:-1]))


@pytest.mark.parametrize("number", [3, 4])
async def test_a_number_whose_record_cannot_be_read_is_taken_and_its_request_set_aside(number: int) -> None:
    rig = Disaster()
    await rig.intake(count=2)
    rig.back_up()
    await rig.intake(count=2)
    rig.put_back()
    topic = [_damaged(event) if event.sequence == number else event for event in rig.topic]
    (found,) = (await rig.restore(topic)).values()
    assert (found.end, found.why) == ("set aside", f"history lost: its number {number} cannot be read")
    document = await rig.document()
    assert (document.head, document.head_id, document.published) == (4, rig.topic[-1].id, 4)
    assert (await rig.restore(topic))["r1"].end == "set aside", "and again there is nothing new"
    await rig.ledger.redrive(["r1"])
    (first, *_) = [event for event in await rig.store.events("r1") if event.sequence > number]
    assert (first.sequence, first.previous) == ((4, rig.topic[2].id) if number == 3 else (5, rig.topic[3].id))
    assert len({event.sequence for event in rig.topic}) == len(rig.topic), "no number was said twice"


async def test_a_damaged_record_of_what_is_known_or_of_what_can_be_read_elsewhere_harms_nothing() -> None:
    rig = Disaster()
    await rig.intake()
    rig.back_up()
    await rig.intake()
    rig.put_back()
    found = await rig.restore([*map(_damaged, rig.topic), *rig.topic])
    assert [one.end for one in found.values()] == ["restored"]


async def test_what_may_be_repeated_waits_while_its_request_is_unsure_and_is_done_after_the_redrive() -> None:
    rig = Disaster()
    await rig.intake(count=2)
    rig.back_up()
    await rig.intake(count=2)
    rig.put_back()
    outside = Outside(repeatable=frozenset({"print"}))
    found = (await rig.restore(_with_a_hole(list(rig.topic)), outside=outside))["r1"]
    assert (found.end, found.doubts) == ("set aside", ())
    rig.nudged.clear()
    await rig.wake()
    assert (await rig.lease(), rig.nudged, (await rig.document()).wake_at) == ([], {}, None)
    await rig.ledger.redrive(["r1"])
    assert rig.nudged == {"r1": 2}
    assert [item.id for item in await rig.lease()] == ["item-1", "item-2"]


class Part(Frozen):
    """What no event says; `whose` never changes."""

    whose: str = ""
    secret: str = ""

    def doubted(self) -> "Part":
        return Part(whose=self.whose)


class Secret(Diary):
    private: Part = Part()


class Secretive(SmallDomain):
    state = Secret


async def test_a_private_part_cannot_come_back_and_its_request_is_set_aside() -> None:
    rig = Disaster()
    await lived(rig)
    rig.put_back()
    found = await rig.restore(domain=Secretive())
    assert {one.end for one in found.values()} == {"set aside"}
    assert "its unit send it again" in found["r2"].why
    state = (await rig.document("r2")).state
    assert state is not None
    assert state["heard"] == ["intake:1", "intake:2"]


@pytest.mark.parametrize("spoil", [list, _with_a_hole], ids=["whole", "with a hole"])
async def test_of_a_private_part_that_decisions_may_have_changed_since_no_more_is_kept_than_they_cannot_change(
    spoil: Any,
) -> None:
    rig = Disaster()
    await rig.intake("r1", 2)
    await rig.intake("r2")
    for document in rig.store.documents.values():
        document.state = {**(document.state or {}), "private": {"whose": "harbour", "secret": "old"}}
    rig.back_up()
    await rig.intake("r1", 2)
    rig.put_back()
    await rig.restore(spoil(list(rig.topic)), domain=Secretive())
    states = [(await rig.document(subject)).state or {} for subject in ("r1", "r2")]
    assert [state["private"] for state in states] == [{"whose": "harbour", "secret": ""}, {"whose": "harbour", "secret": "old"}]
