"""Over HTTP: what waits for a price request shows which, who holds it up, and then what was approved."""

from typing import Any

import httpx

from services.routing.api import work_routes
from shared.http.auth import Authenticator
from shared.http.server import create_app
from shared.telemetry.health import Health
from tests.builders.contract import conforming
from tests.builders.keys import MemoryKeys
from tests.unit.routing.linked import PRICE, a_contract, a_price, a_proposal, approves_all, looks
from tests.unit.routing.reviews import opines
from tests.unit.routing.routing_build import Journey
from tests.unit.routing.routing_fakes import FakeClock, FakeRequests
from tests.unit.routing.test_routing_api import FakeDesk


def a_client(*journeys: Journey) -> httpx.AsyncClient:
    requests = FakeRequests({journey.subject: journey.state for journey in journeys})
    directory = journeys[0].context.directory
    auth = Authenticator(
        service_token="a-service-token-of-tests", environment="development", keys_file=None, directory=lambda: directory
    )
    desk = FakeDesk(requests, {journey.subject: journey for journey in journeys})
    app = create_app(
        service="routing", health=Health(), routers=(work_routes(desk, requests, FakeClock(), auth.principal, MemoryKeys()),)
    )
    return httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://routing", event_hooks=conforming(app))


async def shown(client: httpx.AsyncClient, by: str = "unit-east") -> Any:
    answer = await client.get("/v1/requests/R1/assignment", headers={"Authorization": f"Bearer dev-{by}"})
    return answer.json()["waits_for"]


async def test_who_holds_it_up_is_shown_as_it_is_now_to_those_who_may_see_it():
    price = a_price()
    contract = a_contract(price)
    opines(price, "finance")
    async with a_client(contract, price) as client:
        waits = await shown(client)
        assert (waits["holds"], waits["standing"], waits["request"], waits["reference"]) == (True, "pending", PRICE, "P-1")
        assert waits["held_by"] == ["legal"]  # finance has said something since it was noted
        assert (await shown(client, "person-technical"))["held_by"] == ["finance", "legal"]  # who may not see the price: as noted
        assert "P-1" in waits["reason"]["zh"]


async def test_what_was_approved_is_shown_and_what_names_nothing_waits_for_nothing():
    price = a_price()
    contract = a_contract(price)
    approves_all(price)
    looks(contract, price)
    async with a_client(contract, price) as client:
        waits = await shown(client)
        assert (waits["holds"], waits["standing"], waits["amount"], waits["lines"][0]["asked_price"]) == (
            False,
            "approved",
            40.0,
            8,
        )
    async with a_client(a_contract(price, {"price_request": None}), price) as client:
        assert await shown(client) is None


async def test_delivering_too_early_is_refused_with_what_it_waits_for():
    price = a_price()
    proposal = a_proposal(price)
    async with a_client(proposal, price) as client:
        answer = await client.post("/v1/requests/R1/complete", headers={"Authorization": "Bearer dev-person-anna"}, json={})
        assert (answer.status_code, answer.json()["code"]) == (409, "waits_for_price")
        assert answer.json()["present"]["waits_for"]["standing"] == "pending"
