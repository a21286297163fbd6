"""Around the decisions: what they read, which places are secured and given back, and who is woken."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from services.routing.domain import OpenLoad
from shared.ledger.messages import Decision, Heard, Item, Reservation, Settled, Told, Woken
from shared.schemas.intake import RequestSubmitted
from tests.unit.routing.routing_build import (
    ACCEPTED,
    AWAY,
    MANAGER,
    NOW,
    PACK,
    Journey,
    a_context,
    a_directory,
    a_request,
    an_assigned,
    an_engineer,
)
from tests.unit.routing.routing_fakes import FakePeople, busy
from tests.unit.routing.routing_room import ANNA, Room, a_survey, a_waiting, an_event

# -- what decisions read


async def test_the_context_holds_everybodys_load_and_who_knows_the_opportunity():
    room = Room()
    await room.keeps(a_survey("R0", ANNA))
    heard = Heard(event=an_event(RequestSubmitted(request=a_request(), verdict=ACCEPTED, policy=PACK.pin)))
    context = await room.surroundings.context([heard])
    assert busy(context.loads) == {"anna": OpenLoad(count=1, weight=2.0), "manager": OpenLoad(count=1, weight=0.5)}
    assert context.familiar == {"O1": frozenset({"anna", "manager"})}
    assert context.now == NOW


@pytest.mark.parametrize(
    "message",
    [Woken(subject="R0"), Told(id="1", subject="R0", name="decline", data={}, at=NOW)],
    ids=["a wake-up", "a command"],
)
async def test_continuity_is_known_for_requests_that_are_only_named_too(message: Woken | Told):
    room = Room()
    await room.keeps(a_survey("R0", ANNA))
    assert (await room.surroundings.context([message])).familiar == {"O1": frozenset({"anna", "manager"})}


async def test_the_ends_of_items_alone_are_decided_on_the_loads_that_were_read_last():
    room = Room()
    ended = Settled(subject="R1", item=Item(id="i1", kind="open_child", data={}), end="done")
    assert (await room.surroundings.context([ended])).loads == {}, "nothing was read yet, so it is now"
    await room.seats.reserve([("R2", Reservation(holder="anna", capacity=2, weight=2.0))], NOW)
    assert (await room.surroundings.context([ended, ended])).loads == {}
    both = await room.surroundings.context([ended, Woken(subject="R3")])
    assert busy(both.loads) == {"anna": OpenLoad(count=1, weight=2.0)} == busy((await room.surroundings.context([])).loads)


def test_within_a_batch_the_next_request_finds_the_load_of_those_before_it():
    room = Room()
    context = a_context(MANAGER, ANNA)
    rosters = context.rosters
    later = room.surroundings.after(context, [Decision(reservations=(Reservation(holder="anna", capacity=8, weight=2.0),))])
    assert (context.load("anna"), later.load("anna")) == (OpenLoad(), OpenLoad(count=1, weight=2.0, recent=2.0))
    assert later.rosters is rosters, "the same people at the same time"


async def test_who_may_have_a_seat_is_worked_out_again_when_people_change_or_a_quarter_of_an_hour_is_over():
    room = Room()
    first = (await room.surroundings.context([])).rosters
    assert (await room.surroundings.context([])).rosters is first
    room.clock.at += timedelta(minutes=16)
    second = (await room.surroundings.context([])).rosters
    assert second is not first
    room.surroundings._people = FakePeople(a_directory(MANAGER))
    assert (await room.surroundings.context([])).rosters is not second


# -- places


async def test_the_requests_of_a_batch_that_find_no_place_are_refused():
    room = Room()
    one = Decision(reservations=(Reservation(holder="anna", capacity=1),))
    assert await room.surroundings.reserve([("R1", one), ("R2", one)]) == {"R2"}


async def test_completing_gives_back_every_place():
    room = Room()
    journey = a_survey("R1", ANNA)
    await room.keeps(journey)
    journey.tells("accept", "anna")
    await room.applies(journey, journey.tells("complete", "anna"))
    assert busy(await room.seats.loads(NOW)) == {}


async def test_withdrawing_gives_back_every_place():
    room = Room()
    journey = a_survey("R1", ANNA)
    await room.keeps(journey)
    await room.applies(journey, journey.withdrawn())
    assert busy(await room.seats.loads(NOW)) == {}


async def test_declining_gives_back_the_place_of_who_declined_alone():
    room = Room()
    journey = a_survey("R1", ANNA)
    await room.keeps(journey)
    await room.applies(journey, journey.tells("decline", "anna", reason="出差"))
    assert set(busy(await room.seats.loads(NOW))) == {"manager"}


async def test_who_stays_coordinator_keeps_the_place_when_they_decline_supporting():
    both = an_engineer("both", roles=("presales_manager", "presales_engineer"))
    room = Room(people=[both])
    journey = Journey(a_context(both))
    journey.submitted()
    await room.keeps(journey)
    await room.applies(journey, journey.tells("decline", "both", reason="太忙"))
    assert set(busy(await room.seats.loads(NOW))) == {"both"}


async def test_declined_on_somebodys_behalf_it_is_the_holders_place_that_is_free():
    room = Room()
    journey = a_survey("R1", ANNA)
    await room.keeps(journey)
    journey.changes(
        people=[MANAGER, an_engineer("anna", leave=AWAY, delegate="deputy"), an_engineer("deputy", roles=("sales_manager",))]
    )
    await room.applies(journey, journey.tells("decline", "deputy", reason="休假"))
    assert set(busy(await room.seats.loads(NOW))) == {"manager"}


async def test_being_told_of_the_same_write_again_changes_nothing():
    room = Room()
    journey, other = a_survey("R1", ANNA), a_survey("R2", ANNA)
    await room.keeps(journey, other)
    decision = journey.withdrawn()
    await room.applies(journey, decision)
    await room.applies(journey, decision)
    assert (busy(await room.seats.loads(NOW)))["anna"].count == 1


# -- waking


async def test_a_freed_seat_wakes_the_requests_that_wait_for_one_like_it():
    room = Room()
    journey = a_survey("R1", ANNA)
    await room.keeps(journey, a_waiting("R2"), a_survey("R3", an_engineer("anna", leave=AWAY)))
    await room.applies(journey, journey.withdrawn())
    assert room.woken == [(("R2",), "seat_freed")]


async def test_a_freed_seat_of_a_stand_in_wakes_those_who_wait_for_the_absent_persons_role():
    deputy = an_engineer("deputy", roles=("sales_manager",))
    room = Room(people=[MANAGER, an_engineer("anna", leave=AWAY, delegate="deputy"), deputy])
    journey = a_survey("R1", an_engineer("anna", leave=AWAY, delegate="deputy"), deputy)
    assert journey.supporters == ["deputy"]
    await room.keeps(journey, a_waiting("R2"))
    await room.applies(journey, journey.withdrawn())
    assert room.woken == [(("R2",), "seat_freed")]


async def test_nobody_is_woken_when_nothing_was_freed():
    room = Room()
    journey = a_survey("R1", ANNA)
    await room.keeps(a_waiting("R2"))
    await room.applies(journey, journey.tells("accept", "anna"))
    assert room.woken == []


async def test_a_change_of_people_wakes_everybody_however_many_wait():
    room = Room()
    await room.keeps(*(a_waiting(f"R{number:03}") for number in range(250)))
    await room.surroundings.people_changed()
    await room.surroundings.quiet()
    assert [len(subjects) for subjects, _ in room.woken] == [100, 100, 50]
    assert {subject for subjects, _ in room.woken for subject in subjects} == set(room.requests.states)
    assert {reason for _, reason in room.woken} == {"people_changed"}


async def test_changes_that_come_while_others_are_woken_make_one_more_run():
    room = Room()
    await room.keeps(a_waiting("R1"))
    for _ in range(50):
        await room.surroundings.people_changed()
    await room.surroundings.quiet()
    assert len(room.woken) == 1


async def test_a_failed_waking_leaves_the_next_change_to_wake():
    room = Room()
    await room.keeps(a_waiting("R1"))
    room.surroundings.wake = _broken
    await room.surroundings.people_changed()
    await room.surroundings.quiet()
    room.surroundings.wake = room._wake
    await room.surroundings.people_changed()
    await room.surroundings.quiet()
    assert room.woken == [(("R1",), "people_changed")]


async def _broken(_subjects: Sequence[str], _reason: str) -> None:
    raise ConnectionError("the database is away")


# -- the sweep


async def test_a_place_that_no_request_knows_is_given_back_after_a_minute_and_wakes_who_waits():
    room = Room()
    await room.keeps(a_waiting("R2"))
    await room.seats.reserve([("lost", Reservation(holder="anna", capacity=8))], room.clock.now())
    room.clock.passes(seconds=30)
    assert await room.surroundings.reconcile() == 0
    room.clock.passes(seconds=31)
    assert await room.surroundings.reconcile() == 1
    await room.surroundings.quiet()
    assert "anna" not in busy(await room.seats.loads(NOW))
    assert room.woken == [(("R2",), "seat_freed")]


async def test_places_that_requests_know_stay():
    room = Room()
    await room.keeps(a_survey("R1", ANNA))
    room.clock.passes(hours=5)
    assert await room.surroundings.reconcile() == 0
    assert set(busy(await room.seats.loads(NOW))) == {"anna", "manager"}


async def test_places_of_requests_that_have_ended_are_given_back():
    room = Room()
    journey = a_survey("R1", ANNA)
    await room.keeps(journey)
    journey.withdrawn()
    room.requests.states["R1"] = journey.state
    room.clock.passes(hours=1)
    assert await room.surroundings.reconcile(timedelta(0)) == 2


async def test_places_that_are_lacking_are_added_with_their_weight_once():
    room = Room()
    journey = a_survey("R1", ANNA)
    room.requests.states["R1"] = journey.state
    assert await room.surroundings.restore() == 2
    assert await room.surroundings.restore() == 0
    assert busy(await room.seats.loads(NOW)) == {"anna": OpenLoad(count=1, weight=2.0), "manager": OpenLoad(count=1, weight=0.5)}


async def test_requests_that_wait_or_have_ended_need_no_places():
    room = Room()
    ended = an_assigned(ANNA)
    ended.withdrawn()
    room.requests.states |= {"R1": ended.state, "R2": a_survey("R2").state.model_copy(update={"coordinator": None})}
    assert await room.surroundings.restore() == 0


async def test_completed_and_reopened_at_once_everybody_keeps_their_place():
    room = Room()
    journey = a_survey("R1", ANNA)
    journey.tells("accept", "anna")
    await room.keeps(journey)
    done = journey.tells("complete", "anna")
    again = journey.tells("reopen", "asker", reason="缺少拓扑图")
    await room.seats.reserve([("R1", reservation) for reservation in again.reservations], room.clock.now())
    facts = (*done.facts, *again.facts)
    await room.surroundings.applied([("R1", journey.state, tuple(an_event(fact) for fact in facts))])
    assert {person for person, places in room.seats.open.items() if "R1" in places} == {"anna", "manager"}
