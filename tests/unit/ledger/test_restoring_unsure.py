"""What a restore cannot make whole is set aside with its numbers taken, obeys nobody until a person says so, and harms no other."""

from typing import Any

import pytest

from shared.ledger.document import UNSURE
from shared.schemas.envelope import Event
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


class Secret(Diary):
    private: dict[str, Any] = {}


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
