"""A season meets the rest: a burst in it, who stands in or goes on with work meanwhile; what is decided, the write grants."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from services.routing.domain import Context, OpenLoad, RoutingDomain
from services.routing.domain.bursts.planning import agreed
from services.routing.domain.reproducing import reproduced, same
from services.routing.surroundings import RoutingSurroundings
from shared.ledger.apply import Ledger
from shared.ledger.messages import Heard, Reservation
from shared.schemas.envelope import Event
from shared.schemas.intake import RequestSubmitted
from shared.schemas.people import Person
from shared.schemas.routing import DecisionRecord
from shared.schemas.seasons import SeasonFigures
from tests.unit.ledger.memory_store import MemoryStore
from tests.unit.routing.burst_build import Requests, a_burst, a_rivalry, a_state, compared, decided, supporters
from tests.unit.routing.routing_build import (
    ACCEPTED,
    AWAY,
    CALENDAR,
    MANAGER,
    NOW,
    PACK,
    POLICY,
    Journey,
    a_context,
    a_directory,
    a_request,
    an_engineer,
)
from tests.unit.routing.routing_fakes import FakeClock, FakePeople, FakeRequests, FakeSeats
from tests.unit.routing.routing_room import an_event
from tests.unit.routing.season_build import a_season
from tests.unit.routing.test_seasons_waking import InSeason

ANNA = an_engineer("anna", seats=2)
SVEN = an_engineer("sven", unit="south", seats=8)
AT_THE_KEPT = {"sven": OpenLoad(count=6)}
"""Of his eight places the last two are his own unit's, where he is lent."""


class Broker:
    """It acknowledges everything."""

    async def publish(self, events: Sequence[Event]) -> list[bool]:
        return [True] * len(events)


def granted(reservations: Sequence[Reservation], context: Context) -> bool:
    """Whether the write that reserves grants them: it asks nothing but this of each."""
    return all(context.load(one.holder).count < one.capacity for one in reservations)


def a_seasonal_burst(seed: int) -> tuple[Requests, Context]:
    """More requests than the unit has places for; another unit lends."""
    batch, context = a_burst(seed, requests=20, people=6, seats=3)
    lenders = [an_engineer(f"s{number}", unit="south", seats=4) for number in range(4)]
    return batch, replace(context, directory=context.directory.with_entries(lenders), seasons=(a_season(),))


def test_a_burst_in_a_season_is_explained_again_byte_for_byte_with_season_and_price():
    batch, context = a_rivalry()
    found = compared(decided(batch, replace(context, seasons=(a_season(),))))
    assert [subject for subject, _ in found] == ["R1", "R2"]
    for subject, record in found:
        assert record.season is not None
        assert record.together is not None
        assert record.together.kept == "together"
        assert all({"seats", "cap", "cap_factor"} <= one.inputs.keys() and "price" in one.parts for one in record.candidates)
        again = reproduced(subject, DecisionRecord.model_validate_json(record.model_dump_json()))
        assert again is not None
        assert same(record, again)
    assert any(one.inputs.get("price") for _, record in found for one in record.candidates)


@pytest.mark.parametrize("seed", range(8))
def test_a_burst_in_a_season_keeps_to_the_caps_and_every_record_gives_itself_again(seed: int):
    batch, context = a_seasonal_burst(seed)
    found = decided(batch, context)
    for subject, record in compared(found):
        again = reproduced(subject, record)
        assert again is not None
        assert same(record, again)
    for decision in found.values():
        assert granted(decision.reservations, context)
        context = context.after(decision.reservations)
    lent = {one.holder for decision in found.values() for one in decision.reservations if one.holder.startswith("s")}
    assert all(context.load(person).count <= 2 for person in lent), "two of four places are kept"
    assert any(context.load(person).count > context.directory.people[person].seats for person in context.loads)


def test_somebody_is_lent_in_some_burst():
    people = [person for seed in range(8) for seats in supporters(decided(*a_seasonal_burst(seed))).values() for person in seats]
    assert any(person.startswith("s") for person in people)


def away(person: Person) -> Person:
    return person.model_copy(update={"leave": AWAY, "delegate": "sven"})


def test_who_stands_in_from_another_unit_is_not_lent_and_is_granted_the_place_that_was_found():
    """Else the write would refuse what is decided again and again."""
    journey = Journey(a_context(MANAGER, away(ANNA), SVEN, loads=AT_THE_KEPT, seasons=(a_season(),)))
    journey.submitted()
    assert journey.supporters == ["sven"]
    (record,) = [one for one in journey.state.decisions if one.step == "supporter"]
    assert "borrowed" not in record.candidates[0].inputs
    assert granted(journey.reserved, journey.context)


def test_who_was_lent_goes_on_with_reopened_work_and_is_granted_the_place():
    journey = Journey(a_context(MANAGER, ANNA, SVEN, loads={"anna": OpenLoad(count=3)}, seasons=(a_season(),)))
    journey.submitted()
    assert journey.supporters == ["sven"]
    journey.tells("accept", "sven")
    journey.tells("complete", "sven")
    journey.changes(loads=AT_THE_KEPT)
    decision = journey.tells("reopen", "asker", reason="不全")
    assert decision.refusal is None
    assert journey.supporters == ["sven"]
    assert granted(decision.reservations, journey.context)


def test_a_burst_in_which_somebody_stands_in_from_another_unit_is_done_as_agreed():
    people = [away(ANNA), SVEN, an_engineer("ben", seats=1)]
    context = a_context(MANAGER, *people, loads=AT_THE_KEPT, seasons=(a_season(),))
    batch = [(f"R{number}", a_state()) for number in range(4)]
    context = replace(context, agreed=agreed(batch, context))
    people_of = supporters({subject: context.agreed[subject].decision for subject, _ in batch})
    assert sum(seats == ["sven"] for seats in people_of.values()) == 2
    for subject, state in batch:
        decision = context.agreement(subject, state)
        assert decision is not None
        context = context.after(decision.reservations)


def test_without_a_season_that_lends_nobody_keeps_anything():
    figures = SeasonFigures(cap_factor=1.5, borrowing=False, lenders_keep=2)
    context = a_context(MANAGER, away(ANNA), SVEN, loads=AT_THE_KEPT, seasons=(a_season(figures=figures),))
    journey = Journey(context)
    journey.submitted()
    assert granted(journey.reserved, context)


async def test_the_ledger_writes_a_batch_of_those_for_whom_somebody_stands_in_from_another_unit():
    """Refused in every round, all of the batch would fail with them."""
    people = (MANAGER, away(ANNA), SVEN)
    seats = FakeSeats(open={"sven": {f"before{number}": (1.0, NOW) for number in range(6)}})
    around = RoutingSurroundings(
        clock=FakeClock(),
        people=FakePeople(a_directory(*people)),
        packs={(PACK.name, PACK.version): PACK},
        policy=POLICY,
        calendar=CALENDAR,
        seats=seats,
        requests=FakeRequests(),
        seasons=InSeason(a_season()),
    )
    ledger = Ledger(domain=RoutingDomain(), surroundings=around, store=MemoryStore(), publisher=Broker(), clock=FakeClock())
    fact = RequestSubmitted(request=a_request(), verdict=ACCEPTED, policy=PACK.pin)
    outcomes = await ledger.apply([Heard(event=an_event(fact, subject)) for subject in ("R1", "R2")])
    assert [[seat.person for seat in outcome.state.supporters] for outcome in outcomes] == [["sven"], ["sven"]]
    assert len(seats.open["sven"]) == 8
