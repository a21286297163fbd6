"""The contract of the port Seats, held by the fake of the unit tests and by the collection on a real mongod."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from services.routing.domain import OpenLoad
from services.routing.domain.policy import AssignmentRules
from services.routing.ports import Seats
from services.routing.seats import MARGIN, MongoSeats
from shared.ledger.messages import Booking, Reservation
from shared.storage import Database
from tests.unit.routing.routing_build import NOW
from tests.unit.routing.routing_fakes import FakeSeats, busy

LATER = NOW + timedelta(minutes=5)


@pytest.fixture(params=["fake", pytest.param("mongo", marks=pytest.mark.stack)])
def seats(request: pytest.FixtureRequest) -> Seats:
    if request.param == "fake":
        return FakeSeats()
    return MongoSeats(request.getfixturevalue("mongo_database")["seats"])


def a_place(person: str, capacity: int = 8, weight: float = 1.0) -> Reservation:
    return Reservation(holder=person, capacity=capacity, weight=weight)


async def places(seats: Seats) -> set[tuple[str, str]]:
    return set(await seats.held(LATER + timedelta(days=1)))


async def test_a_place_is_secured_and_counts_as_load(seats: Seats):
    assert await seats.reserve([("R1", a_place("anna", weight=2.5)), ("R2", a_place("anna", weight=1.0))], NOW) == frozenset()
    assert busy(await seats.loads(NOW)) == {"anna": OpenLoad(count=2, weight=3.5)}


async def test_reserving_nothing_is_no_question(seats: Seats):
    assert await seats.reserve([], NOW) == frozenset()
    assert (busy(await seats.loads(NOW)), await seats.held(LATER)) == ({}, [])


async def test_reserving_again_keeps_the_one_place(seats: Seats):
    for _ in range(3):
        assert await seats.reserve([("R1", a_place("anna", capacity=1))], NOW) == frozenset()
    assert await places(seats) == {("R1", "anna")}
    assert busy(await seats.loads(NOW))["anna"].count == 1


async def test_within_one_batch_the_last_places_go_to_as_many_as_there_are(seats: Seats):
    refused = await seats.reserve([(f"R{number}", a_place("anna", capacity=3)) for number in range(10)], NOW)
    assert len(refused) == 7
    assert busy(await seats.loads(NOW))["anna"].count == 3


async def test_a_request_that_misses_one_place_holds_none_that_it_wanted(seats: Seats):
    await seats.reserve([("R0", a_place("ben", capacity=1))], NOW)
    wanted: Sequence[tuple[str, Reservation]] = [
        ("R1", a_place("anna")),
        ("R1", a_place("ben", capacity=1)),
        ("R2", a_place("anna")),
    ]
    assert await seats.reserve(wanted, NOW) == {"R1"}
    assert await places(seats) == {("R0", "ben"), ("R2", "anna")}


async def test_a_refused_request_keeps_the_place_it_had_before(seats: Seats):
    await seats.reserve([("R0", a_place("ben", capacity=1)), ("R1", a_place("anna"))], NOW)
    assert await seats.reserve([("R1", a_place("anna")), ("R1", a_place("ben", capacity=1))], NOW) == {"R1"}
    assert await places(seats) == {("R0", "ben"), ("R1", "anna")}


async def test_released_places_can_be_had_again(seats: Seats):
    await seats.reserve([("R1", a_place("anna", capacity=1))], NOW)
    assert await seats.release([("R1", "anna")]) == 1
    assert await seats.reserve([("R2", a_place("anna", capacity=1))], NOW) == frozenset()


async def test_releasing_again_or_what_was_never_held_changes_nothing(seats: Seats):
    await seats.reserve([("R1", a_place("anna")), ("R2", a_place("anna"))], NOW)
    assert await seats.release([("R1", "anna")]) == 1
    assert await seats.release([("R1", "anna"), ("R9", "anna"), ("R1", "nobody")]) == 0
    assert await seats.release([]) == 0
    assert busy(await seats.loads(NOW))["anna"].count == 1


async def test_places_are_listed_from_a_certain_age(seats: Seats):
    await seats.reserve([("R1", a_place("anna"))], NOW)
    await seats.reserve([("R2", a_place("anna"))], LATER)
    assert list(await seats.held(NOW + timedelta(seconds=1))) == [("R1", "anna")]
    assert list(await seats.held(NOW)) == []


async def test_reserving_again_makes_a_place_young(seats: Seats):
    await seats.reserve([("R1", a_place("anna"))], NOW)
    await seats.reserve([("R1", a_place("anna"))], LATER)
    assert await seats.release_older([("R1", "anna")], NOW + timedelta(minutes=1)) == 0
    assert await seats.release_older([("R1", "anna")], LATER + timedelta(seconds=1)) == 1


async def test_lacking_places_are_restored_even_beyond_the_capacity_and_once(seats: Seats):
    await seats.reserve([("R1", a_place("anna", capacity=1))], NOW)
    assert await seats.restore([("R1", "anna", 1.0, ()), ("R2", "anna", 2.0, ()), ("R2", "ben", 3.0, ())], NOW) == 2
    assert await seats.restore([("R2", "anna", 2.0, ())], NOW) == 0
    assert await seats.restore([], NOW) == 0
    assert busy(await seats.loads(NOW)) == {"anna": OpenLoad(count=2, weight=3.0), "ben": OpenLoad(count=1, weight=3.0)}


# -- reading what changed


@pytest.mark.stack
async def test_what_others_take_and_give_back_is_seen_at_the_next_reading(mongo_database: Database):
    ours, others = (MongoSeats(mongo_database["seats"]) for _ in range(2))
    assert busy(await ours.loads(NOW)) == {}
    await others.reserve([("R1", a_place("anna", weight=2.0)), ("R2", a_place("ben"))], NOW)
    assert busy(await ours.loads(NOW)) == {"anna": OpenLoad(count=1, weight=2.0), "ben": OpenLoad(count=1, weight=1.0)}
    await others.release([("R2", "ben")])
    assert busy(await ours.loads(NOW)) == {"anna": OpenLoad(count=1, weight=2.0)}


@pytest.mark.stack
async def test_a_change_that_a_late_clock_hides_is_seen_when_everybody_is_read_again(mongo_database: Database):
    moment = 0.0
    collection = mongo_database["seats"]
    ours, others = MongoSeats(collection, monotonic=lambda: moment), MongoSeats(collection)
    await others.reserve([("R1", a_place("anna")), ("R2", a_place("ben"))], NOW)
    await ours.loads(NOW)
    await others.release([("R2", "ben")])
    await collection.update_one({"_id": "ben"}, {"$set": {"changed": datetime(2020, 1, 1, tzinfo=UTC)}})
    assert "ben" in busy(await ours.loads(NOW)), "a server whose clock is years behind: nothing tells of the change"
    moment = 31.0
    assert "ben" not in busy(await ours.loads(NOW))


@pytest.mark.stack
async def test_what_is_read_again_as_it_was_is_not_worked_out_again(mongo_database: Database):
    ours, others = (MongoSeats(mongo_database["seats"]) for _ in range(2))
    await others.reserve([("R1", a_place("anna")), ("R2", a_place("ben"))], NOW)
    first = await ours.loads(NOW)
    await others.reserve([("R3", a_place("ben"))], NOW)
    second = await ours.loads(NOW)
    assert second["anna"] is first["anna"]
    assert (first["ben"].count, second["ben"].count) == (1, 2)
    assert (await ours.loads(NOW + timedelta(days=30)))["anna"] == OpenLoad(count=1, weight=1.0), "given long ago by then"


@pytest.mark.stack
async def test_an_entry_that_cannot_be_read_hides_nobody_elses_change(mongo_database: Database):
    collection = mongo_database["seats"]
    ours, others = (MongoSeats(collection) for _ in range(2))
    await others.reserve([("R1", a_place("anna")), ("R2", a_place("zoe"))], NOW)
    await ours.loads(NOW)
    await others.release([("R1", "anna")])
    await collection.update_one({"_id": "zoe"}, {"$unset": {"count": 1}, "$currentDate": {"changed": True}})
    with pytest.raises(KeyError):
        await ours.loads(NOW)
    await collection.update_one({"_id": "zoe"}, {"$set": {"count": 1}})
    assert set(busy(await ours.loads(NOW))) == {"zoe"}


@pytest.mark.stack
async def test_reading_again_examines_only_what_changed(mongo_database: Database):
    collection = mongo_database["seats"]
    seats = MongoSeats(collection)
    await seats.prepare()
    old = datetime(2020, 1, 1, tzinfo=UTC)
    await collection.insert_many([{"_id": f"p{number}", "open": [], "count": 0, "changed": old} for number in range(500)])
    await seats.reserve([("R1", a_place("anna"))], NOW)
    await seats.loads(NOW)
    assert seats._latest is not None
    explained = await mongo_database.command(
        "explain", {"find": "seats", "filter": {"changed": {"$gte": seats._latest - MARGIN}}}, verbosity="executionStats"
    )
    assert explained["executionStats"]["totalDocsExamined"] == 1


# -- appointments


def a_visit(request: str, hour: int, place: str = "北京") -> Booking:
    day = NOW.replace(hour=0)
    return Booking(request=request, start=day + timedelta(hours=hour), end=day + timedelta(hours=hour + 2), place=place)


def a_busy_place(booking: Booking) -> Reservation:
    return Reservation(holder="anna", capacity=8, bookings=(booking,))


@pytest.fixture(params=["fake", pytest.param("mongo", marks=pytest.mark.stack)])
def travelling(request: pytest.FixtureRequest) -> Seats:
    rules = AssignmentRules(travel_minutes=180)
    if request.param == "fake":
        return FakeSeats(rules=rules)
    return MongoSeats(request.getfixturevalue("mongo_database")["seats"], rules)


@pytest.mark.parametrize(
    ("hour", "place", "refused"),
    [
        (11, "北京", True),
        (12, "北京", False),
        (8, "北京", False),
        (14, "上海", True),
        (15, "上海", False),
        (6, "上海", True),
        (5, "上海", False),
        (12, "", False),
        (11, "", True),
    ],
)
async def test_nobody_is_in_two_places_at_once_nor_on_the_way(travelling: Seats, hour: int, place: str, refused: bool):
    assert await travelling.reserve([("R1", a_busy_place(a_visit("R1", 10)))], NOW) == frozenset()
    answer = await travelling.reserve([("R2", a_busy_place(a_visit("R2", hour, place)))], NOW)
    assert answer == (frozenset({"R2"}) if refused else frozenset())


async def test_an_appointment_that_moved_is_in_the_way_where_it_is_now(travelling: Seats):
    await travelling.reserve([("R1", a_busy_place(a_visit("R1", 10)))], NOW)
    await travelling.book([("R1", "anna", (a_visit("R1", 16),)), ("R2", "anna", (a_visit("R2", 1),))])
    assert (await travelling.loads(NOW))["anna"].bookings == (a_visit("R1", 16),)
    assert await travelling.reserve([("R3", a_busy_place(a_visit("R3", 10)))], NOW) == frozenset()
    assert await travelling.reserve([("R4", a_busy_place(a_visit("R4", 17)))], NOW) == frozenset({"R4"})


async def test_work_that_was_given_counts_for_some_days_also_once_it_is_done(travelling: Seats):
    await travelling.reserve([("R1", a_place("anna", weight=3.0))], NOW)
    await travelling.release([("R1", "anna")])
    assert (await travelling.loads(NOW))["anna"] == OpenLoad(recent=3.0)
    assert await travelling.loads(NOW + timedelta(days=14)) == {}


async def test_what_was_refused_was_never_given(travelling: Seats):
    await travelling.reserve([("R0", a_place("ben", capacity=1))], NOW)
    await travelling.reserve([("R1", a_place("anna", weight=3.0)), ("R1", a_place("ben", capacity=1))], NOW)
    assert "anna" not in await travelling.loads(NOW)


async def test_what_nobody_took_on_was_not_given_and_is_taken_back_once(travelling: Seats):
    tomorrow = NOW + timedelta(days=1)
    await travelling.reserve([("R1", a_place("anna", weight=3.0)), ("R2", a_place("anna", weight=2.0))], NOW)
    await travelling.reserve([("R1", a_place("anna", weight=3.0))], tomorrow)
    assert await travelling.release_untouched([("R1", "anna"), ("R9", "anna"), ("R1", "nobody")]) == 1
    assert await travelling.release_untouched([("R1", "anna")]) == 0
    assert await travelling.release_untouched([]) == 0
    assert (await travelling.loads(tomorrow))["anna"] == OpenLoad(count=1, weight=2.0, recent=2.0)


async def test_a_place_that_was_restored_was_counted_before_and_takes_nothing_back(travelling: Seats):
    await travelling.reserve([("R1", a_place("anna", weight=3.0))], NOW)
    await travelling.restore([("R2", "anna", 2.0, ())], NOW)
    assert await travelling.release_untouched([("R2", "anna")]) == 1
    assert (await travelling.loads(NOW))["anna"] == OpenLoad(count=1, weight=3.0, recent=3.0)


async def test_what_counts_no_more_is_forgotten(travelling: Seats):
    await travelling.reserve([("R1", a_place("anna", weight=3.0))], NOW)
    await travelling.release([("R1", "anna")])
    await travelling.forget(NOW + timedelta(days=20))
    assert await travelling.loads(NOW) == {}


async def test_a_part_of_a_request_is_no_other_appointment_than_the_requests_own(travelling: Seats):
    """Who goes to a bid's pitch has the bid's part for the pitch too; the same time for another request is the control."""
    await travelling.reserve([("R1", a_busy_place(a_visit("R1", 10)))], NOW)
    part = replace(a_visit("R1-pitch", 10), within="R1")
    assert await travelling.reserve([("R1-pitch", a_busy_place(part))], NOW) == frozenset()
    other = replace(a_visit("R2-pitch", 10), within="R2")
    assert await travelling.reserve([("R2-pitch", a_busy_place(other))], NOW) == frozenset({"R2-pitch"})
