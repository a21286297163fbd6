"""Sums of hours and an opportunity's account, on the real database: corrected entries count once, and nobody sees another unit's."""

from collections.abc import AsyncIterator
from datetime import date
from typing import Any

import httpx
import pytest

from services.routing.api import effort_routes
from services.routing.domain.leading import planners
from services.routing.efforts_read import EffortsRead
from services.routing.projection import Projection
from shared.http.auth import Authenticator
from shared.http.server import create_app
from shared.storage import Database, Sight
from shared.telemetry.health import Health
from tests.builders.contract import conforming
from tests.builders.keys import MemoryKeys
from tests.unit.routing.routing_build import MANAGER, NOW, PACK, Journey, a_context, a_person, a_request, an_assigned, an_engineer
from tests.unit.routing.routing_fakes import FakeClock, FakeRequests
from tests.unit.routing.test_routing_api import FakeDesk

pytestmark = pytest.mark.stack
DAY = date(2027, 3, 1)
ALL = Sight.of_our_services()
SOUTH = (
    a_person("south-manager", "presales_manager", unit="south", seats=60),
    an_engineer("sven", unit="south"),
    a_person("asker", "account_manager"),
)


def journeys() -> list[Journey]:
    """Two requests of east, one of south, whose opportunity has the same id."""
    east, again = an_assigned(an_engineer("anna")), an_assigned(an_engineer("anna"))
    again.subject = "R2"
    south = Journey(a_context(*SOUTH), a_request(unit="south"), subject="R3")
    south.submitted()
    for journey, who, hours in ((east, "anna", 1.5), (again, "anna", 2), (again, "manager", 0.25), (south, "sven", 7)):
        assert journey.tells("log_effort", who, hours=hours, day="2027-03-01").refusal is None
    east.tells("correct_effort", "anna", number=1, hours=1, day="2027-03-01")
    east.tells("record_outcome", "asker", outcome="won", amount="10")
    return [east, again, south]


async def kept(database: Database) -> EffortsRead:
    for journey in journeys():
        await database["requests"].insert_one({"_id": journey.subject, "state": journey.state.model_dump(mode="json")})
    await Projection(database["requests"]).prepare()
    efforts = EffortsRead(database["requests"])
    await efforts.prepare()
    return efforts


def hours(rows: Any) -> dict[tuple[str | None, str | None], float]:
    return {(row.get("unit"), row["key"]): row["quarters"] / 4 for row in rows}


async def test_hours_are_added_up_by_each_key_and_only_as_far_as_they_may_be_seen(mongo_database: Database):
    efforts = await kept(mongo_database)
    everything = hours(await efforts.sums(ALL, "person", DAY, DAY))
    assert everything == {(None, "anna"): 3.0, (None, "manager"): 0.25, (None, "sven"): 7.0}
    east = Sight(unit="east")
    assert hours(await efforts.sums(east, "type", DAY, DAY)) == {("east", "tech.survey"): 3.25}
    assert hours(await efforts.sums(east, "unit", DAY, DAY)) == {("east", "east"): 3.25}
    assert hours(await efforts.sums(Sight(unit="west", person="sven"), "opportunity", DAY, DAY)) == {("south", "O1"): 7.0}
    assert hours(await efforts.sums(Sight(unit="west"), "person", DAY, DAY)) == {}
    assert hours(await efforts.sums(ALL, "person", date(2027, 3, 2), date(2027, 3, 9))) == {}


@pytest.fixture
async def site(mongo_database: Database) -> AsyncIterator[httpx.AsyncClient]:
    efforts = await kept(mongo_database)
    made = {journey.subject: journey for journey in journeys()}
    directory = a_context(MANAGER, an_engineer("anna"), *SOUTH).directory
    auth = Authenticator(
        service_token="a-service-token-of-tests", environment="development", keys_file=None, directory=lambda: directory
    )
    desk = FakeDesk(FakeRequests({name: journey.state for name, journey in made.items()}), made)
    seen = Projection(mongo_database["requests"])
    routes = effort_routes(desk, seen, efforts, FakeClock(NOW), auth.principal, MemoryKeys(), planners(PACK))
    app = create_app(service="routing", health=Health(), routers=(routes,))
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://routing", event_hooks=conforming(app)
    ) as client:
        yield client


def by(person: str) -> dict[str, str]:
    return {"Authorization": f"Bearer dev-person-{person}"}


async def test_over_http_hours_are_logged_read_and_added_up(site: httpx.AsyncClient):
    logged = await site.post("/v1/requests/R1/log-effort", json={"hours": 0.5, "day": "2027-03-01"}, headers=by("anna"))
    assert logged.status_code == 200
    read = (await site.get("/v1/requests/R1/effort", headers=by("anna"))).json()
    assert (read["hours"], len(read["entries"]), read["entries"][0]["corrected_by"]) == (1.0, 2, 2)
    sums = (await site.get("/v1/effort?by=person&from=2027-03-01&to=2027-03-31", headers=by("manager"))).json()
    assert {one["key"]: one["hours"] for one in sums["sums"]} == {"anna": 3.0, "manager": 0.25}
    own = (await site.get("/v1/effort?by=person&person=anna&from=2027-03-01&to=2027-03-31", headers=by("anna"))).json()
    assert {one["key"]: one["hours"] for one in own["sums"]} == {"anna": 3.0}
    assert (await site.get("/v1/effort?by=person&from=2027-03-02&to=2027-03-01", headers=by("anna"))).status_code == 422
    assert (await site.get("/v1/requests/R1/effort", headers=by("sven"))).status_code == 404


async def test_an_outcome_is_shown_beside_what_it_took_and_another_units_is_not(site: httpx.AsyncClient):
    told = (await site.get("/v1/opportunities/O1/outcome", headers=by("anna"))).json()
    (east,) = told["outcomes"]
    assert (east["business_unit"], east["outcome"]["outcome"], east["hours"], east["requests"]) == ("east", "won", 3.25, 2)
    (south,) = (await site.get("/v1/opportunities/O1/outcome", headers=by("sven"))).json()["outcomes"]
    assert (south["business_unit"], south["outcome"], south["hours"]) == ("south", None, 7.0)
    assert (await site.get("/v1/opportunities/O9/outcome", headers=by("anna"))).status_code == 404


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("log-effort", {"hours": 25, "day": "2027-03-01"}),
        ("log-effort", {"hours": 1, "day": "first of March"}),
        ("log-effort", {"hours": 1, "day": "2027-03-01", "who": "anna"}),
        ("log-effort", {"hours": 0.3, "day": "2027-03-01"}),
        ("correct-effort", {"number": 0, "hours": 1, "day": "2027-03-01"}),
        ("log-spend", {"line": "", "amount": "1"}),
        ("record-outcome", {"outcome": "perhaps"}),
    ],
)
async def test_what_is_wrong_is_refused_clearly(site: httpx.AsyncClient, path: str, body: dict[str, object]):
    answer = await site.post(f"/v1/requests/R1/{path}", json=body, headers=by("anna"))
    assert answer.status_code in {400, 422}
    assert answer.json()["code"]
