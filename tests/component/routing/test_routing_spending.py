"""Budgets and gifts added up on the real database, and money corrected over HTTP: nobody sees another unit's."""

from collections.abc import AsyncIterator
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from services.routing.api import effort_routes
from services.routing.api.spending import spending_routes
from services.routing.domain.leading import planners
from services.routing.efforts_read import EffortsRead
from services.routing.projection import Projection
from services.routing.spending_read import Asked, SpendingRead
from shared.http.auth import Authenticator
from shared.http.server import create_app
from shared.schemas.requests import Customer, Opportunity
from shared.storage import Database, Sight
from shared.telemetry.health import Health
from tests.builders.contract import conforming
from tests.builders.keys import MemoryKeys
from tests.unit.routing.routing_build import MARKETER, NOW, PACK, Journey, a_context, a_person, a_request
from tests.unit.routing.routing_fakes import FakeClock, FakeRequests
from tests.unit.routing.test_routing_api import FakeDesk
from tests.unit.routing.test_routing_effort import CLERK

pytestmark = pytest.mark.stack
ALL = Sight.of_our_services()
SOUTH = a_person("south-marketer", "bu_marketing", unit="south", seats=60)
POINTER = {"$personal": "details.recipients"}
OTHER = Opportunity(id="O2", name="二期", customer=Customer(name="别家水务", id="C2"))


def an_event(subject: str, budget: dict[str, Any], **changes: Any) -> Journey:
    people = (SOUTH,) if changes.get("unit") == "south" else (MARKETER,)
    journey = Journey(a_context(*people), a_request("market.event", details={"budget": budget}, **changes), subject=subject)
    journey.submitted()
    return journey


def a_gift(subject: str, price: float, **changes: Any) -> Journey:
    gifts = [{"item": "茶具", "quantity": 3, "unit_price": price, "source": "stock"}, {"item": "贺卡", "quantity": 2}]
    details = {"gifts": gifts, "recipients": POINTER}
    journey = Journey(a_context(MARKETER, CLERK), a_request("market.gift", details=details, **changes), subject=subject)
    journey.submitted()
    for name in ("accept", "complete"):
        assert journey.tells(name, "clerk").refusal is None
    return journey


def journeys() -> dict[str, Journey]:
    first = an_event("R1", {"venue": 8000.0, "meals": 1000.125, "wine": 7, "other": "much"})
    second = an_event("R2", {"venue": 0.1}, opportunity=OTHER)
    south = an_event("R3", {"venue": 5}, unit="south")
    gone = an_event("R4", {"venue": 100})
    spends = [(first, "marketer", "80000"), (first, "marketer", "10.1"), (second, "marketer", "0.2"), (gone, "marketer", "1")]
    for journey, by, amount in [*spends, (south, "south-marketer", "9")]:
        assert journey.tells("log_spend", by, line="venue", amount=amount).refusal is None
    assert first.tells("correct_spend", "marketer", number=1, line="venue", amount="8000").refusal is None
    gone.state = gone.state.model_copy(update={"status": "withdrawn"})
    gifts = [a_gift("R5", 128.5), a_gift("R6", 10), a_gift("R7", 1, opportunity=OTHER), a_gift("R8", 19.995, opportunity=None)]
    return {journey.subject: journey for journey in (first, second, south, gone, *gifts)}


async def kept(database: Database) -> SpendingRead:
    for journey in journeys().values():
        await database["requests"].insert_one({"_id": journey.subject, "state": journey.state.model_dump(mode="json")})
    await Projection(database["requests"]).prepare()
    spending = SpendingRead(database["requests"], [PACK])
    await spending.prepare()
    return spending


def lines(rows: Any) -> dict[tuple[str, str], tuple[int, int, int, int]]:
    return {(row["unit"], row["line"]): (row["budgeted"], row["spent"], row["entries"], row["requests"]) for row in rows}


VENUE = ("east", "venue")


async def test_budgets_and_what_was_spent_are_added_up_by_line(mongo_database: Database):
    spending = await kept(mongo_database)
    assert lines(await spending.lines(ALL, Asked(), 10)) == {
        VENUE: (800010, 801130, 4, 3),
        ("east", "meals"): (100013, 0, 0, 1),
        ("south", "venue"): (500, 900, 1, 1),
    }
    assert lines(await spending.lines(Sight(unit="south"), Asked(), 10)) == {("south", "venue"): (500, 900, 1, 1)}
    assert lines(await spending.lines(Sight(unit="west"), Asked(), 10)) == {}
    part = lines(await spending.lines(Sight(unit="west", person="marketer"), Asked(), 10))
    assert part[VENUE] == (800010, 801130, 4, 3), "whoever has a part in a request of another unit sees that"
    assert lines(await spending.lines(ALL, Asked(unit="south"), 10)) == {("south", "venue"): (500, 900, 1, 1)}
    assert lines(await spending.lines(ALL, Asked(opportunity="O2"), 10)) == {VENUE: (10, 20, 1, 1)}
    assert len(await spending.lines(ALL, Asked(), 2)) == 2


async def test_gifts_are_added_up_by_customer_or_by_the_pointer_to_their_recipients(mongo_database: Database):
    spending = await kept(mongo_database)
    rows = await spending.gifts(Sight(unit="east"), "customer", Asked(), 10)
    told = [(row["customer"], row["name"], row["quantity"], row["worth"], row["unpriced"], row["requests"]) for row in rows]
    assert told == [
        ("示例水务集团", "示例水务集团", 10, 41550, 4, 2),
        (None, None, 5, 6000, 2, 1),
        ("C2", "别家水务", 5, 300, 2, 1),
    ]
    named = await spending.gifts(ALL, "recipients", Asked(opportunity="O1"), 10)
    assert [(row["request"], row["recipients"], row["worth"]) for row in named] == [("R5", POINTER, 38550), ("R6", POINTER, 3000)]
    assert await spending.gifts(Sight(unit="south"), "customer", Asked(), 10) == []


async def test_no_amount_is_too_large_to_be_added_up(mongo_database: Database):
    most = 2**53 - 1
    journey = a_gift("R9", most)
    effort = journey.state.effort
    assert effort is not None
    gifts = tuple(gift.model_copy(update={"quantity": most}) for gift in effort.gifts)
    state = journey.state.model_copy(update={"effort": effort.model_copy(update={"gifts": gifts})})
    await mongo_database["requests"].insert_one({"_id": "R9", "state": state.model_dump(mode="json")})
    (row,) = await SpendingRead(mongo_database["requests"], [PACK]).gifts(ALL, "customer", Asked(), 10)
    assert row["worth"] == most * most * 100


@pytest.fixture
async def site(mongo_database: Database) -> AsyncIterator[httpx.AsyncClient]:
    spending, made = await kept(mongo_database), journeys()
    directory = a_context(MARKETER, SOUTH, CLERK).directory
    auth = Authenticator(
        service_token="a-service-token-of-tests", environment="development", keys_file=None, directory=lambda: directory
    )
    requests = FakeRequests({name: journey.state for name, journey in made.items()})
    seen, efforts = Projection(mongo_database["requests"]), EffortsRead(mongo_database["requests"])
    logging = effort_routes(FakeDesk(requests, made), seen, efforts, FakeClock(NOW), auth.principal, MemoryKeys(), planners(PACK))
    zone = ZoneInfo("Asia/Shanghai")
    app = create_app(
        service="routing", health=Health(), routers=(logging, spending_routes(spending, auth.principal, lambda _caller: zone))
    )
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app=app), base_url="http://routing", event_hooks=conforming(app)
    ) as client:
        yield client


def by(person: str) -> dict[str, str]:
    return {"Authorization": f"Bearer dev-person-{person}"}


async def test_over_http_a_mistyped_amount_is_corrected_by_who_may(site: httpx.AsyncClient):
    right = {"number": 2, "line": "venue", "amount": "1.10"}
    refused = await site.post("/v1/requests/R1/correct-spend", json=right, headers=by("asker"))
    assert (refused.status_code, refused.json()["code"]) == (403, "not_your_entry")
    hidden = await site.post("/v1/requests/R1/correct-spend", json=right, headers=by("south-marketer"))
    assert (hidden.status_code, hidden.json()["code"]) == (404, "unknown_request")
    assert (await site.post("/v1/requests/R1/correct-spend", json=right, headers=by("marketer"))).status_code == 200
    again = await site.post("/v1/requests/R1/correct-spend", json=right, headers=by("marketer"))
    assert (again.status_code, again.json()["code"]) == (409, "corrected_already")
    for wrong in ({"number": 0}, {"amount": "-1"}, {"amount": "1.234"}, {"line": ""}, {"who": "x"}):
        answer = await site.post("/v1/requests/R1/correct-spend", json={**right, "number": 4, **wrong}, headers=by("marketer"))
        assert answer.status_code in {400, 422}, wrong


async def test_over_http_an_account_counts_corrected_money_once(site: httpx.AsyncClient):
    read = (await site.get("/v1/requests/R1/effort", headers=by("marketer"))).json()
    assert (read["spend"], [spent["corrected_by"] for spent in read["spent"]]) == ("8010.10", [3, None, None])
    pursuit = (await site.get("/v1/opportunities/O1/outcome", headers=by("marketer"))).json()
    assert pursuit["outcomes"][0]["spend"] == "8011.10"


async def test_over_http_each_sees_the_sums_of_their_unit(site: httpx.AsyncClient):
    east = (await site.get("/v1/budgets", headers=by("marketer"))).json()
    assert east == {
        "lines": [
            {"business_unit": "east", "line": "venue", "budgeted": "8000.10", "spent": "8011.30", "entries": 4, "requests": 3},
            {"business_unit": "east", "line": "meals", "budgeted": "1000.13", "spent": "0.00", "entries": 0, "requests": 1},
        ],
        "more": False,
    }
    south = (await site.get("/v1/budgets?business_unit=east", headers=by("south-marketer"))).json()
    assert south["lines"] == []
    gifts = (await site.get("/v1/gifts?opportunity=O2", headers=by("marketer"))).json()
    (given,) = gifts["gifts"]
    assert (given["key"], given["customer"], given["amount"], given["recipients"]) == ("C2", "别家水务", "3.00", None)
    named = (await site.get("/v1/gifts?by=recipients&opportunity=O2", headers=by("marketer"))).json()
    assert [(one["key"], one["recipients"]) for one in named["gifts"]] == [("R7", POINTER)]


@pytest.mark.parametrize(
    ("days", "found"),
    [
        ("from=2027-03-01&to=2027-03-01", True),
        ("from=2027-03-01", True),
        ("to=2027-03-01", True),
        ("from=2027-03-02", False),
        ("to=2027-02-28", False),
    ],
)
async def test_a_span_of_days_is_that_of_the_requests(site: httpx.AsyncClient, days: str, found: bool):
    for path, name in (("budgets", "lines"), ("gifts", "gifts")):
        answer = await site.get(f"/v1/{path}?{days}", headers=by("marketer"))
        assert answer.status_code == 200
        assert bool(answer.json()[name]) is found


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("from=2027-03-02&to=2027-03-01", "bad_period"),
        ("from=0001-01-01", "invalid_parameters"),
        ("to=9999-12-31", "invalid_parameters"),
        ("business_unit=", "invalid_parameters"),
    ],
)
async def test_a_span_that_is_none_is_refused(site: httpx.AsyncClient, query: str, expected: str):
    answer = await site.get(f"/v1/budgets?{query}", headers=by("marketer"))
    assert (answer.status_code, answer.json()["code"]) == (422, expected)
