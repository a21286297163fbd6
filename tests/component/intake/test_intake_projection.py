"""Intake's lists on a real database: truly newest first, paged without gap or repetition, and read from indexes."""

from datetime import timedelta
from typing import Any

import pytest

from services.intake.domain import RequestDomain, State
from services.intake.paging import Place, place, place_of
from services.intake.projection import NEWEST_FIRST, PLACES, STORED, Projection, listed
from shared.schemas.requests import number_of
from shared.storage import Database, Sight, Sighted
from tests.builders import NOW
from tests.plans import indexes, stages
from tests.unit.intake.states import a_desk

pytestmark = pytest.mark.stack
OURS = Sight.of_our_services()
MINUTES = (3, 1, 4, 1, 5, 9, 2, 6, 5, 3)


def request_at(minutes: float, *, unit: str = "harbour", filed_by: str = "harbour") -> State:
    """A submitted request received so long after NOW."""
    state = a_desk("submitted").state
    assert state.request is not None
    return state.model_copy(
        update={
            "received_at": NOW + timedelta(minutes=minutes),
            "request": state.request.model_copy(update={"business_unit": unit}),
            "private": state.private.model_copy(update={"filed_by": filed_by}),
        }
    )


def sight_of(unit: str | None) -> Sight:
    return Sight(unit=unit) if unit else OURS


def identity(number: int) -> str:
    """An id whose order has nothing to do with when its request was received."""
    return f"{number * 2654435761 % 2**32:08x}-0000-5000-8000-{number:012d}"


async def stored(database: Database, *states: State) -> Projection:
    projection = Projection(database["requests"])
    await projection.prepare()
    documents: list[dict[str, Any]] = [
        {"_id": identity(number), "schema": RequestDomain.schema, "state": state.model_dump(mode="json")}
        for number, state in enumerate(states)
    ]
    await database["requests"].insert_many([*documents, {"_id": "parked", "schema": 1, "state": None}])
    return projection


async def paged(projection: Projection, limit: int, unit: str | None = None) -> list[tuple[str, State]]:
    rows: list[tuple[str, State]] = []
    after: Place | None = None
    while True:
        page = await projection.page(sight_of(unit), filters={}, limit=limit, after=after)
        rows += page.requests
        if page.next is None:
            return rows
        after = place(page.next.cursor())
        assert after == page.next


@pytest.mark.parametrize("unit", [None, "harbour"])
@pytest.mark.parametrize("limit", [1, 3, 10, 11])
async def test_requests_come_newest_first_on_pages_of_any_size(mongo_database: Database, limit: int, unit: str | None):
    projection = await stored(mongo_database, *(request_at(minutes) for minutes in MINUTES))
    rows = await paged(projection, limit, unit=unit)
    moments = [state.received_at for _, state in rows]
    assert moments == sorted((NOW + timedelta(minutes=minutes) for minutes in MINUTES), reverse=True)
    assert len({request for request, _ in rows}) == len(MINUTES)


async def test_half_a_second_later_is_newer(mongo_database: Database):
    projection = await stored(mongo_database, request_at(1), request_at(1 + 0.5 / 60))
    assert [request for request, _ in await paged(projection, 1)] == [identity(1), identity(0)]


async def test_what_happens_to_a_request_while_somebody_pages_moves_it_nowhere(mongo_database: Database):
    projection = await stored(mongo_database, *(request_at(minutes) for minutes in MINUTES))
    first = await projection.page(OURS, filters={}, limit=9)
    before = [request for request, _ in first.requests]
    for request in (*before, identity(1)):
        await mongo_database["requests"].update_one({"_id": request}, {"$set": {"state.status": "working"}})
    rest = await projection.page(OURS, filters={}, limit=9, after=first.next)
    assert {*before, *(request for request, _ in rest.requests)} == {identity(number) for number in range(len(MINUTES))}


async def test_a_unit_sees_what_it_owns_and_what_it_filed_each_once(mongo_database: Database):
    states = (
        request_at(1, unit="harbour", filed_by="harbour"),
        request_at(2, unit="islands", filed_by="harbour"),
        request_at(3, unit="harbour", filed_by="islands"),
        request_at(4, unit="islands", filed_by="islands"),
    )
    projection = await stored(mongo_database, *states)
    assert [request for request, _ in await paged(projection, 2, unit="harbour")] == [identity(number) for number in (2, 1, 0)]


async def test_a_number_finds_its_request_within_what_the_unit_may_see(mongo_database: Database):
    projection = await stored(mongo_database, request_at(1), request_at(2, unit="islands", filed_by="islands"))
    for number, seen in ((0, [identity(0)]), (1, [])):
        found = await projection.page(sight_of("harbour"), filters={}, number=number_of(identity(number)), limit=5)
        assert [request for request, _ in found.requests] == seen


async def test_requests_stored_by_the_first_release_keep_their_place(mongo_database: Database):
    state = a_desk("working").state
    assert state.received_at is not None
    older = state.model_dump(mode="json", exclude={"received_at"})
    await mongo_database["requests"].insert_one({"_id": identity(7), "schema": 1, "state": older})
    projection = await stored(mongo_database, request_at(-60), request_at(60))
    rows = dict(await paged(projection, 1))
    assert list(rows) == [identity(1), identity(7), identity(0)]
    assert rows[identity(7)].received_at == state.received_at
    assert State.model_validate(RequestDomain().upcast(older, 1)).received_at == state.received_at


async def test_a_start_looks_at_no_request_that_has_its_place_already(mongo_database: Database):
    projection = await stored(mongo_database, *a_few_among_many())
    await mongo_database["requests"].update_many({}, {"$set": {"schema": 1}})
    await mongo_database.command("profile", 2)
    await projection.prepare()
    await mongo_database.command("profile", 0)
    ns = f"{mongo_database.name}.requests"
    looked = [entry async for entry in mongo_database["system.profile"].find({"ns": ns, "op": {"$in": ["query", "update"]}})]
    assert looked
    assert sum(entry.get("docsExamined", 0) for entry in looked) <= 1
    assert not any("COLLSCAN" in entry.get("planSummary", "") for entry in looked)


async def test_more_requests_of_the_first_release_than_one_statement_writes_all_get_their_place(
    mongo_database: Database, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("services.intake.projection.PLACED_AT_ONCE", 2)
    older = a_desk("working").state.model_dump(mode="json", exclude={"received_at"})
    unsaid = {**older, "timeline": [line for line in older["timeline"] if line["source"] != "intake"]}
    documents = [{"_id": identity(number), "schema": 1, "state": older} for number in range(5)]
    await mongo_database["requests"].insert_many([*documents, {"_id": "unsaid", "schema": 1, "state": unsaid}])
    await Projection(mongo_database["requests"]).prepare()
    placed = await mongo_database["requests"].count_documents({"state.received_at": {"$type": "string"}})
    assert placed == len(documents)


def a_few_among_many() -> list[State]:
    """Four hundred requests, every twentieth of which is the harbour's, of opportunity O-5, and open."""
    few, many = request_at(0), request_at(0, unit="islands", filed_by="islands")
    assert many.request is not None
    assert many.request.opportunity is not None
    other = many.request.opportunity.model_copy(update={"id": "O-6"})
    many = many.model_copy(update={"status": "completed", "request": many.request.model_copy(update={"opportunity": other})})
    return [
        (many if number % 20 else few).model_copy(update={"received_at": NOW + timedelta(minutes=number)})
        for number in range(400)
    ]


BEHIND = place_of(identity(0), NOW + timedelta(minutes=300))
INDEX_OF = {
    "business_unit": "state.request.business_unit",
    "opportunity": "state.request.opportunity.id",
    "status": "state.status",
}


@pytest.mark.parametrize("after", [None, BEHIND])
@pytest.mark.parametrize(
    ("asked", "wanted"),
    [
        ({"filters": {}}, {"state.received_at"}),
        ({"filters": {}, "unit": "harbour"}, {"state.request.business_unit", "state.private.filed_by"}),
        *(
            ({"filters": {name: value}}, {INDEX_OF[name]})
            for name, value in (("business_unit", "harbour"), ("opportunity", "O-5"))
        ),
        ({"filters": {"status": "submitted"}}, {"state.status"}),
    ],
)
async def test_every_list_is_read_from_an_index_in_its_order(
    mongo_database: Database, asked: dict[str, Any], wanted: set[str], after: Place | None
):
    await stored(mongo_database, *a_few_among_many())
    query, received = listed(filters=asked["filters"], after=after)
    seen = Sighted(mongo_database["requests"], PLACES)
    found = seen.find(sight_of(asked.get("unit")), query, STORED, each=received).sort(NEWEST_FIRST).limit(10)
    explained = await found.explain()
    used = stages(explained["queryPlanner"]["winningPlan"])
    assert not {"COLLSCAN", "SORT"} & {stage["stage"] for stage in used}
    assert indexes(used) == wanted
    assert explained["executionStats"]["totalDocsExamined"] <= 25


@pytest.mark.parametrize("unit", [None, "harbour"])
async def test_a_number_is_looked_up_in_an_index(mongo_database: Database, unit: str | None):
    await stored(mongo_database, *a_few_among_many())
    query, received = listed(filters={}, number=number_of(identity(40)))
    seen = Sighted(mongo_database["requests"], PLACES)
    explained = await seen.find(sight_of(unit), query, STORED, each=received).sort(NEWEST_FIRST).limit(10).explain()
    assert explained["executionStats"]["nReturned"] == 1
    assert explained["executionStats"]["totalDocsExamined"] <= 3
