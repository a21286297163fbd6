"""Whose requests intake shows, as the database answers: its units', whoever's asked, and theirs who have a seat now."""

import pytest

from services.intake.domain import RequestDomain, State
from services.intake.projection import Projection, seated
from shared.http.principal import Principal
from shared.schemas.requests import number_of
from shared.storage import Database, Sight
from tests.unit.intake.desk import DECLINED, a_seat
from tests.unit.intake.states import a_desk

pytestmark = pytest.mark.stack
STAFF = Principal(kind="person", id="PE1", business_unit="headquarters")
DEPUTY = Principal(kind="person", id="A3", business_unit="islands", stands_in_for=frozenset({"PE1"}))
REQUEST = "0a0b0c0d-0000-5000-8000-000000000001"
CALLERS = [
    (Principal(kind="unit", id="harbour", business_unit="harbour"), True),
    (Principal(kind="unit", id="islands", business_unit="islands"), False),
    (Principal(kind="unit", id="PE1", business_unit="PE1"), False),
    (Principal(kind="unit", id="A1", business_unit="A1"), False),
    (Principal(kind="unit", id="nameless", business_unit=None), False),
    (Principal(kind="unit", id="", business_unit=""), False),
    (Principal(kind="person", id="A1", business_unit="islands"), True),
    (Principal(kind="person", id="A3", business_unit="islands"), False),
    (STAFF, True),
    (DEPUTY, True),
    (Principal(kind="person", id="A3", business_unit="islands", stands_in_for=frozenset({"A1"})), True),
    (Principal(kind="person", id="A3", business_unit="islands", stands_in_for=frozenset({"A4"})), False),
    (Principal(kind="service", id="service"), True),
]


async def kept(database: Database, state: State) -> Projection:
    document = {"_id": REQUEST, "schema": RequestDomain.schema, "state": state.model_dump(mode="json")}
    await database["requests"].replace_one({"_id": REQUEST}, document, upsert=True)
    return Projection(database["requests"])


async def shown(projection: Projection, sight: Sight) -> bool:
    """Whether the request is shown by its id; by its number it must be the same."""
    page = await projection.page(sight, filters={}, number=number_of(REQUEST), limit=5)
    by_id = await projection.state(sight, REQUEST) is not None
    assert [request for request, _ in page.requests] == [REQUEST] * by_id
    return by_id


@pytest.mark.parametrize(("caller", "may"), CALLERS)
async def test_only_those_it_concerns_may_read(mongo_database: Database, caller: Principal, may: bool):
    assert await shown(await kept(mongo_database, a_desk("working").state), caller.sight) is may


async def test_the_unit_that_filed_it_may_read(mongo_database: Database):
    state = a_desk("working").state
    filed = state.model_copy(update={"private": state.private.model_copy(update={"filed_by": "islands"})})
    assert await shown(await kept(mongo_database, filed), Sight(unit="islands"))


async def test_whoever_gave_their_seat_back_reads_no_more(mongo_database: Database):
    desk = a_desk("assigned")
    assert seated(desk.state) == {"PE1"}
    assert await shown(await kept(mongo_database, desk.state), STAFF.sight)
    desk.heard(DECLINED.model_copy(update={"step": "coordinator"}))
    assert not await shown(await kept(mongo_database, desk.state), STAFF.sight)
    assert not await shown(await kept(mongo_database, desk.state), DEPUTY.sight)


async def test_a_supporter_who_declines_and_coordinates_still_reads_and_a_stand_in_declines_for_both(mongo_database: Database):
    desk = a_desk("assigned")
    desk.heard(DECLINED)
    assert await shown(await kept(mongo_database, desk.state), STAFF.sight), "PE1 coordinates still"
    desk.heard(DECLINED.model_copy(update={"by": "PE2", "on_behalf_of": a_seat().person, "step": "coordinator"}))
    assert not await shown(await kept(mongo_database, desk.state), STAFF.sight)


async def test_a_list_without_a_number_holds_the_units_requests_alone(mongo_database: Database):
    projection = await kept(mongo_database, a_desk("working").state)
    assert not (await projection.page(STAFF.sight, filters={}, limit=5)).requests
    assert (await projection.page(Sight(unit="harbour"), filters={}, limit=5)).requests


async def test_a_filter_never_widens_what_is_seen(mongo_database: Database):
    projection = await kept(mongo_database, a_desk("working").state)
    for filters in ({"business_unit": "harbour"}, {"requester": "A1"}, {"status": "working"}, {"system": "crm"}):
        assert not (await projection.page(Sight(unit="islands"), filters=filters, limit=5)).requests


@pytest.mark.parametrize("sight", [Sight(unit="islands", person="A3"), Sight(unit="harbour"), Sight.of_our_services(), Sight()])
async def test_a_request_is_looked_up_by_its_id_whoever_asks(mongo_database: Database, sight: Sight):
    projection = await kept(mongo_database, a_desk("working").state)
    await projection.prepare()
    await mongo_database.command("profile", 2)
    await projection.state(sight, REQUEST)
    await mongo_database.command("profile", 0)
    ns = f"{mongo_database.name}.requests"
    (looked,) = [entry async for entry in mongo_database["system.profile"].find({"ns": ns, "op": "query"})]
    assert looked["docsExamined"] <= 1
    assert "COLLSCAN" not in looked["planSummary"]
