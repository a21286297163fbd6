"""Routing's reads of its ledger's collection give the same answers as the fake that the unit tests stand on."""

from typing import Any

import pytest

from services.routing.domain import OpenLoad, State
from services.routing.projection import Projection
from shared.storage import Database, Sight
from tests.unit.routing.linked import NAMED, PRICE
from tests.unit.routing.routing_build import CALENDAR, MANAGER, Journey, a_context, a_request, an_engineer, choosing_pack
from tests.unit.routing.routing_fakes import FakeRequests

pytestmark = pytest.mark.stack
ANNA = an_engineer("anna", seats=1)
SIGHTS = (
    Sight.of_our_services(),
    *(Sight(unit=unit) for unit in (None, "", "east", "south", "west")),
    *(Sight(unit="west", person=person) for person in ("anna", "manager", "asker", "nobody", "")),
    Sight(unit="west", person="nobody", stands_in_for=frozenset({"anna", "asker"})),
)


def journeys() -> list[Journey]:
    """A survey that is assigned, one completed, one withdrawn, one that waits, one to choose, one of a unit without people, a bid."""
    made = [Journey(a_context(MANAGER, ANNA), subject=f"R{number}") for number in range(5)]
    made[3].changes(loads={"anna": OpenLoad(count=1, weight=2.0)})
    made[4].context = a_context(MANAGER, ANNA, pack=choosing_pack("tech.survey"))
    made.append(Journey(a_context(MANAGER, ANNA), a_request(opportunity=None, unit="south"), subject="R5"))
    made.append(Journey(a_context(MANAGER, ANNA, an_engineer("ben")), a_request("tech.bid"), subject="R6"))
    named = a_request("tech.proposal", details={"price_request": NAMED}, opportunity=None)
    made.append(Journey(a_context(MANAGER, ANNA, an_engineer("ben")), named, subject="R7"))
    made.append(Journey(a_context(MANAGER, ANNA), named, subject="R8"))
    for journey in made:
        journey.submitted()
    made[8].withdrawn()
    made[1].tells("accept", "anna")
    made[1].tells("complete", "anna")
    made[2].withdrawn()
    return made


async def stored(database: Database) -> tuple[Projection, FakeRequests]:
    projection = Projection(database["requests"])
    await projection.prepare()
    fake = FakeRequests()
    for journey in journeys():
        fake.states[journey.subject] = journey.state
        document: dict[str, Any] = {"_id": journey.subject, "state": journey.state.model_dump(mode="json")}
        await database["requests"].insert_one(document)
    await database["requests"].insert_one({"_id": "parked", "state": None})
    return projection, fake


async def test_what_estimates_read_agrees_with_the_fake(mongo_database: Database):
    projection, fake = await stored(mongo_database)
    for kind in (None, "tech.survey", "tech.bid"):
        assert await projection.delivered(kind, 10) == await fake.delivered(kind, 10)
    assert len(await projection.delivered("tech.survey", 10)) == 1
    for roles in (None, ["presales_engineer"], ["test_engineer"]):
        assert await projection.queue(10, roles) == await fake.queue(10, roles)
    assert [one.request for one in await projection.queue(10)] == [one for _, one in await fake.waiting(10)]


async def test_every_read_agrees_with_the_fake(mongo_database: Database):
    projection, fake = await stored(mongo_database)
    everything = [*fake.states, "unknown", "parked"]
    assert {journey.state.status for journey in journeys()} == {"assigned", "completed", "withdrawn", "waiting", "choosing"}
    for request in everything:
        for sight in SIGHTS:
            assert await projection.state(sight, request) == await fake.state(sight, request)
    assert dict(await projection.holders(everything)) == {
        request: people for request, people in (await fake.holders(everything)).items() if fake.states[request].open
    }
    for sight in SIGHTS:
        assert await projection.nearest_due(sight, 100) == await fake.nearest_due(sight, 100)
    assert await fake.nearest_due(Sight(unit="east"), 100)
    for almanac in ("another", CALENDAR.version):
        assert await projection.provisional(almanac, "", 100) == await fake.provisional(almanac, "", 100)
    assert await projection.provisional("another", "R0", 1) == ["R1"]
    assert await projection.open_work("", 100) == await fake.open_work("", 100)
    assert await projection.open_work("R0", 2) == await fake.open_work("R0", 2)
    assert dict(await projection.bids(everything)) == dict(await fake.bids(everything)) == {"R6": ("east", "O1")}
    assert await projection.open_bids([("east", "O1"), ("east", "O2")]) == await fake.open_bids([("east", "O1")]) == ["R6"]
    assert await projection.open_bids([("south", "O1")]) == []
    for pursuit in (("east", "O1"), ("south", "O1"), ("east", "O2")):
        assert await projection.kin(pursuit) == await fake.kin(pursuit)
    assert len(await projection.kin(("east", "O1"))) == 5
    for sight in SIGHTS:
        for after, limit in (("", 100), ("", 2), ("R1", 2)):
            assert await projection.pursued(sight, "O1", after, limit) == await fake.pursued(sight, "O1", after, limit)
    assert await projection.familiar(["O1", "O2"]) == await fake.familiar(["O1", "O2"])
    assert await projection.opportunities(everything) == await fake.opportunities(everything)
    assert await projection.count_waiting() == await fake.count_waiting() == 2
    assert await projection.waiting_for(["presales_engineer"], 10) == await fake.waiting_for(["presales_engineer"], 10) == ["R3"]
    assert await projection.waiting_for(["test_engineer"], 10) == []
    for people in (["anna"], ["manager"], ["nobody"], ["nobody", "anna", "manager"]):
        for sight in SIGHTS:
            assert sorted(request for request, _ in await projection.work_of(sight, people, 100)) == sorted(
                request for request, _ in await fake.work_of(sight, people, 100)
            )
    for sight in SIGHTS:
        found = {request for request, _ in await projection.unassigned(sight, 100)}
        assert found == {request for request, _ in await fake.unassigned(sight, 100)}


async def test_what_names_a_price_request_is_read_as_the_fake_does(mongo_database: Database):
    projection, fake = await stored(mongo_database)
    everything = [*fake.states, "unknown", "parked"]
    assert dict(await projection.links(everything)) == dict(await fake.links(everything))
    assert list(await projection.links(everything)) == ["R7"]
    assert dict(await projection.named(everything)) == dict(await fake.named(everything))
    assert await projection.naming([PRICE, "R1"]) == await fake.naming([PRICE, "R1"]) == ["R7"]
    assert await projection.all_naming("", 10) == await fake.all_naming("", 10)
    assert await projection.all_naming("R7", 10) == []


@pytest.mark.parametrize(
    ("sight", "index"),
    [(Sight(unit="south", person="anna"), "state.request.business_unit"), (Sight.of_our_services(), "state.status")],
)
async def test_who_waits_in_one_unit_is_read_from_its_own_index(mongo_database: Database, sight: Sight, index: str):
    projection, fake = await stored(mongo_database)
    waiting = next(state for state in fake.states.values() if state.status == "waiting").model_dump(mode="json")
    await mongo_database["requests"].insert_many([{"_id": f"W{number}", "state": waiting} for number in range(300)])
    elsewhere = {**waiting, "request": {**waiting["request"], "business_unit": "south"}}
    await mongo_database["requests"].insert_one({"_id": "S", "state": elsewhere})
    await mongo_database.command("profile", 2)
    found = await projection.unassigned(sight, 5)
    await mongo_database.command("profile", 0)
    ns = f"{mongo_database.name}.requests"
    (looked,) = [entry async for entry in mongo_database["system.profile"].find({"ns": ns, "op": "query"})]
    assert f"IXSCAN {{ {index}: 1" in looked["planSummary"]
    assert looked["docsExamined"] <= len(found) + 1


async def test_a_request_that_was_not_submitted_yet_is_no_open_work(mongo_database: Database):
    await mongo_database["requests"].insert_one({"_id": "early", "state": State().model_dump(mode="json")})
    assert await Projection(mongo_database["requests"]).open_work("", 100) == []


async def test_those_who_wait_are_paged_longest_first_without_gap_or_repetition(mongo_database: Database):
    projection = Projection(mongo_database["requests"])
    await projection.prepare()
    waiting = Journey(a_context(MANAGER))
    waiting.submitted()
    state = waiting.state.model_dump(mode="json")
    since = [
        "2027-03-01T01:00:00Z",
        "2027-03-01T02:00:00Z",
        "2027-03-01T01:00:00Z",
        "2027-03-01T00:00:00Z",
        "2027-03-01T01:00:00Z",
    ]
    documents = [{"_id": f"R{number}", "state": {**state, "waiting_since": moment}} for number, moment in enumerate(since)]
    await mongo_database["requests"].insert_many(documents)
    seen: list[tuple[str, str]] = []
    while page := await projection.waiting(2, seen[-1] if seen else None):
        seen += page
    assert [request for _, request in seen] == ["R3", "R0", "R2", "R4", "R1"]
