"""Three routing processes in a burst: nobody is ever over the cap, and seats and requests agree when it is over."""

import asyncio
import random
import uuid
from collections.abc import AsyncIterator, Sequence
from datetime import datetime

import pytest

from services.routing.projection import Projection
from services.routing.seats import MongoSeats
from shared.ledger.messages import Reservation, Told
from shared.schemas.people import Person
from shared.storage import Client, Database, MongoLedgerStore, connect
from tests.component.routing.burst_site import a_process, statuses, submitted
from tests.unit.routing.routing_build import (
    AWAY,
    NOW,
    a_directory,
    a_person,
    an_engineer,
)
from tests.unit.routing.routing_fakes import FakePeople

pytestmark = pytest.mark.stack
PROCESSES = 3


@pytest.fixture
async def clients(mongo_uri: str) -> AsyncIterator[list[Client]]:
    made = [connect(mongo_uri) for _ in range(PROCESSES)]
    yield made
    for client in made:
        client.close()


# -- the seats alone


async def test_concurrent_reservations_of_three_clients_never_pass_the_cap(mongo_database: Database, clients: list[Client]):
    processes = [MongoSeats(client[mongo_database.name]["seats"]) for client in clients]
    people = {f"p{number}": number % 4 + 1 for number in range(10)}
    dice = random.Random(20270301)
    most: dict[str, int] = dict.fromkeys(people, 0)
    done = asyncio.Event()

    async def watch() -> None:
        while not done.is_set():
            async for document in mongo_database["seats"].find():
                assert document["count"] == len(document["open"]) == len({seat["request"] for seat in document["open"]})
                most[document["_id"]] = max(most[document["_id"]], document["count"])
            await asyncio.sleep(0)

    async def work(seats: MongoSeats, number: int) -> set[tuple[str, str]]:
        """Reserve for several requests at once, two people each; sometimes give back; what is held at the end."""
        held: set[tuple[str, str]] = set()
        for turn in range(12):
            wanted = [
                (f"R{number}-{turn}-{place}", Reservation(holder=person, capacity=people[person]))
                for place in range(4)
                for person in dice.sample(sorted(people), 2)
            ]
            refused = await seats.reserve(wanted, NOW)
            held |= {(request, reservation.holder) for request, reservation in wanted if request not in refused}
            if held and dice.random() < 0.5:
                given = dice.sample(sorted(held), len(held) // 2)
                assert await seats.release(given) == len(given)
                held -= set(given)
        return held

    watching = asyncio.create_task(watch())
    held = await asyncio.gather(*(work(seats, number) for number, seats in enumerate([*processes, *processes])))
    done.set()
    await watching
    stored = {
        (seat["request"], document["_id"]) async for document in mongo_database["seats"].find() for seat in document["open"]
    }
    assert stored == set().union(*held)
    assert all(most[person] <= people[person] for person in people), most
    assert any(most[person] == people[person] for person in people)


class Careless(MongoSeats):
    """Looks first and writes then, as a reservation must not."""

    async def reserve(self, wanted: Sequence[tuple[str, Reservation]], at: datetime) -> frozenset[str]:
        loads = await self.loads(NOW)
        free = [(r, place) for r, place in wanted if place.holder not in loads or loads[place.holder].count < place.capacity]
        await self.restore([(request, place.holder, place.weight, ()) for request, place in free], at)
        return frozenset(request for request, _ in wanted) - {request for request, _ in free}


async def test_control_looking_first_and_writing_then_does_pass_the_cap(mongo_database: Database, clients: list[Client]):
    processes = [Careless(client[mongo_database.name]["seats"]) for client in clients]
    over = 0
    for round_ in range(20):
        wanted = Reservation(holder=f"p{round_}", capacity=1)
        refused = await asyncio.gather(*(seats.reserve([(f"R{n}", wanted)], NOW) for n, seats in enumerate(processes)))
        over += sum(len(one) for one in refused) < PROCESSES - 1
    assert over > 0


async def test_the_last_seat_goes_to_exactly_one_of_many(mongo_database: Database, clients: list[Client]):
    processes = [MongoSeats(client[mongo_database.name]["seats"]) for client in clients]
    for round_ in range(20):
        wanted = Reservation(holder=f"p{round_}", capacity=1)
        refused = await asyncio.gather(*(seats.reserve([(f"R{n}", wanted)], NOW) for n, seats in enumerate(processes)))
        assert sum(len(one) for one in refused) == PROCESSES - 1


async def test_the_same_request_reserved_in_three_processes_at_once_has_one_place(
    mongo_database: Database, clients: list[Client]
):
    processes = [MongoSeats(client[mongo_database.name]["seats"]) for client in clients]
    for round_ in range(20):
        wanted = [(f"R{round_}", Reservation(holder="anna", capacity=50))]
        assert await asyncio.gather(*(seats.reserve(wanted, NOW) for seats in processes)) == [frozenset()] * PROCESSES
    document = await mongo_database["seats"].find_one({"_id": "anna"})
    assert document is not None
    assert (document["count"], len(document["open"])) == (20, 20)


# -- whole ledgers


def people() -> list[Person]:
    engineers = [an_engineer(f"e{number}", seats=3) for number in range(8)]
    pool = [an_engineer(f"hq{number}", unit="headquarters", seats=2) for number in range(2)]
    return [a_person("manager", "presales_manager", seats=60), *engineers, *pool]


async def seats_by_person(database: Database) -> dict[str, set[str]]:
    return {document["_id"]: {seat["request"] for seat in document["open"]} async for document in database["seats"].find()}


async def work_by_person(database: Database) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    async for document in database["requests"].find({"state.status": {"$nin": ["completed", "withdrawn"]}}):
        state = document["state"]
        seats = [*([state["coordinator"]] if state["coordinator"] else []), *state["supporters"]]
        for seat in seats:
            found.setdefault(seat["person"], set()).add(document["_id"])
    return found


async def test_three_ledgers_in_a_burst_fill_every_seat_and_none_twice(mongo_database: Database, clients: list[Client]):
    directory = a_directory(*people())
    processes = [a_process(client, mongo_database.name, directory) for client in clients]
    await MongoLedgerStore(mongo_database["requests"]).prepare()
    await Projection(mongo_database["requests"]).prepare()
    requests = [str(uuid.uuid4()) for _ in range(45)]
    await asyncio.gather(
        *(one.ledger.apply([submitted(r) for r in requests[place::PROCESSES]]) for place, one in enumerate(processes))
    )

    capacity = {person.id: person.seats for person in people()}
    held = await seats_by_person(mongo_database)
    assert all(len(held.get(person, ())) <= seats for person, seats in capacity.items())
    assert await statuses(mongo_database) == {"assigned": 28, "waiting": 17}, "8 × 3 places in the unit and 2 × 2 in the pool"
    assert {person: work for person, work in held.items() if work} == await work_by_person(mongo_database)


async def test_the_same_submissions_in_three_processes_at_once_assign_once_each(mongo_database: Database, clients: list[Client]):
    directory = a_directory(*people())
    processes = [a_process(client, mongo_database.name, directory) for client in clients]
    await MongoLedgerStore(mongo_database["requests"]).prepare()
    requests = [str(uuid.uuid4()) for _ in range(10)]
    await asyncio.gather(*(one.ledger.apply([submitted(request) for request in requests]) for one in processes))

    work = await work_by_person(mongo_database)
    held = await seats_by_person(mongo_database)
    assert await statuses(mongo_database) == {"assigned": 10}
    assert all(requests_ <= held[person] for person, requests_ in work.items()), "whoever works has the place"
    for one in processes:
        one.clock.passes(minutes=5)
    await processes[0].surroundings.reconcile()
    await processes[0].surroundings.quiet()
    held = await seats_by_person(mongo_database)
    assert {person: places for person, places in held.items() if places} == work, (
        "the sweep gave back what the losers had reserved"
    )


async def test_a_leave_entered_later_moves_the_seat_to_whoever_stands_in_and_says_it_once(
    mongo_database: Database, clients: list[Client]
):
    anna, manager = an_engineer("anna"), a_person("manager", "presales_manager", seats=60)
    process = a_process(clients[0], mongo_database.name, a_directory(manager, anna))
    await MongoLedgerStore(mongo_database["requests"]).prepare()
    await Projection(mongo_database["requests"]).prepare()
    request, other = str(uuid.uuid4()), str(uuid.uuid4())
    await process.ledger.apply([submitted(request), submitted(other)])
    told = Told(id="accept-1", subject=other, name="accept", data={"by": "anna"}, at=NOW)
    assert (await process.ledger.apply([told]))[0].refusal is None

    away = anna.model_copy(update={"leave": AWAY, "delegate": "ben"})
    process.surroundings._people = FakePeople(a_directory(manager, away, an_engineer("ben")))
    for _ in range(2):
        await process.surroundings.people_changed()
        await process.surroundings.quiet()
    assert await seats_by_person(mongo_database) == {"anna": {other}, "ben": {request}, "manager": {request, other}}
    documents = {document["_id"]: document async for document in mongo_database["requests"].find()}
    last = {name: document["events"][-1]["type"].split(".")[-1] for name, document in documents.items()}
    assert last == {request: "support_handed_over", other: "absence_noticed"}
    assert [len(documents[one]["events"]) for one in (request, other)] == [3, 4], "each was said once"


async def test_work_that_ends_gives_its_seat_to_the_longest_waiting(mongo_database: Database, clients: list[Client]):
    directory = a_directory(a_person("manager", "presales_manager", seats=60), an_engineer("anna", seats=1))
    processes = [a_process(client, mongo_database.name, directory) for client in clients]
    await MongoLedgerStore(mongo_database["requests"]).prepare()
    await Projection(mongo_database["requests"]).prepare()
    requests = [str(uuid.uuid4()) for _ in range(6)]
    for request in requests:
        await processes[0].ledger.apply([submitted(request)])
    for number in range(len(requests)):
        working = await mongo_database["requests"].find_one({"state.status": "assigned"})
        assert working is not None
        process = processes[number % PROCESSES]
        for name in ("accept", "complete"):
            told = Told(id=uuid.uuid4().hex, subject=working["_id"], name=name, data={"by": "anna"}, at=NOW)
            (outcome,) = await process.ledger.apply([told])
            assert outcome.refusal is None
        await process.surroundings.quiet()
        held = await seats_by_person(mongo_database)
        assert len(held["anna"]) <= 1
    assert await statuses(mongo_database) == {"completed": 6}
