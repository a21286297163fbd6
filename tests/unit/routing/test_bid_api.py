"""Over HTTP: the bid room, the pursuit file, an assessment, and confirming ★ items; each as far as the caller may see."""

from typing import Any

import httpx
import pytest

from services.routing.api import bidding, work_routes
from services.routing.api.bidding import bidding_routes
from shared.http.auth import Authenticator
from shared.http.server import create_app
from shared.telemetry.health import Health
from tests.builders.contract import conforming
from tests.builders.keys import MemoryKeys
from tests.unit.routing.bids import DUE, PITCH, STARRED, TEAM, a_bid, a_planned
from tests.unit.routing.routing_build import MANAGER, PACK, POLICY, Journey, a_context, a_person, a_request, an_engineer
from tests.unit.routing.routing_fakes import FakeClock, FakeRequests
from tests.unit.routing.routing_room import Room
from tests.unit.routing.test_routing_api import FakeDesk

OUTSIDER = a_person("outsider", "account_manager", unit="south")
DATES = {"business_unit": "east", "due": DUE, "pitch": {"start": PITCH, "place": "岚港"}, "opportunity": "O1"}


class Site:
    """A planned bid of east (R1), its survey (R2), and another unit's request of the same opportunity (R3)."""

    def __init__(self) -> None:
        self.bid = a_planned()
        source = a_request().source.model_copy(update={"system": "backline.bid", "reference": "R1/survey"})
        context = a_context(MANAGER, an_engineer("anna"), an_engineer("sam", unit="south"), OUTSIDER)
        theirs = Journey(context, a_request(unit="south"), subject="R3")
        journeys = [self.bid, Journey(context, a_request(source=source), subject="R2"), theirs]
        for journey in journeys[1:]:
            journey.submitted()
        room = Room(people=(*TEAM, OUTSIDER))
        room.requests.states |= {journey.subject: journey.state for journey in journeys}
        self.requests: FakeRequests = room.requests
        directory = room.surroundings._people.directory
        auth = Authenticator(
            service_token="a-service-token-of-tests", environment="development", keys_file=None, directory=lambda: directory
        )
        bids = bidding_routes(self.requests, room.surroundings, PACK, POLICY.bidding, auth.principal)
        desk = FakeDesk(self.requests, {journey.subject: journey for journey in journeys})
        routes = work_routes(desk, self.requests, FakeClock(), auth.principal, MemoryKeys(), more=[bids])
        app = create_app(service="routing", health=Health(), routers=(routes,))
        transport = httpx.ASGITransport(app=app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://routing", event_hooks=conforming(app))

    async def ask(self, method: str, path: str, by: str = "person-anna", **options: Any) -> httpx.Response:
        return await self.client.request(method, path, headers={"Authorization": f"Bearer dev-{by}"}, **options)


@pytest.fixture
async def site():
    made = Site()
    yield made
    await made.client.aclose()


async def test_the_bid_room_shows_plan_children_and_starred_items(site: Site):
    room = (await site.ask("GET", "/v1/requests/R1/bid-room")).json()
    assert (room["version"], room["plan"]["verdict"]) == (1, "can")
    assert {part["part"] for part in room["plan"]["parts"]} == set(POLICY.bidding.parts)
    assert {part: child["id"] for part, child in room["children"].items()} == {"survey": "R2"}
    assert [(one["item"], one["text"], one["confirmed_by"]) for one in room["items"]] == [
        (1, STARRED[0], None),
        (2, STARRED[2], None),
    ]


async def test_a_supporter_confirms_an_item_by_name(site: Site):
    answer = await site.ask("POST", "/v1/requests/R1/confirm-item", json={"item": 2, "remark": "实测 2 小时"})
    assert answer.status_code == 200
    items = (await site.ask("GET", "/v1/requests/R1/bid-room")).json()["items"]
    assert [(one["confirmed_by"], one["remark"]) for one in items] == [(None, ""), ("anna", "实测 2 小时")]
    many = {"item": 2000, "remark": "x"}
    assert (await site.ask("POST", "/v1/requests/R1/confirm-item", json=many)).json()["code"] == "no_such_item"
    long = {"item": 1, "remark": "x" * 501}
    for body in (
        long,
        {"item": 2001, "remark": "x"},
        {"item": 0, "remark": "x"},
        {"item": 1},
        {"item": 1, "remark": "x", "more": 1},
    ):
        assert (await site.ask("POST", "/v1/requests/R1/confirm-item", json=body)).status_code == 422
    assert (
        await site.ask("POST", "/v1/requests/R1/confirm-item", "unit-east", json={"item": 1, "remark": "x"})
    ).status_code == 403


async def test_what_is_no_bid_or_not_theirs_has_no_room(site: Site):
    assert (await site.ask("GET", "/v1/requests/R2/bid-room")).json()["code"] == "no_bid"
    for by in ("person-outsider", "unit-south"):
        assert (await site.ask("GET", "/v1/requests/R1/bid-room", by)).json()["code"] == "unknown_request"
    assert (await site.ask("GET", "/v1/requests/R9/bid-room")).status_code == 404


async def test_a_long_pursuit_file_comes_in_pages_and_says_so(site: Site):
    seen, after, pages = [], "", 0
    while True:
        query = {"limit": 1, "after": after}
        page = (await site.ask("GET", "/v1/opportunities/O1/pursuit", "unit-east", params=query)).json()
        seen += [one["id"] for unit in page["units"] for one in unit["requests"]]
        pages += 1
        if not page["more"]:
            break
        after = page["next"]
    assert (seen, pages, page["next"]) == (["R1", "R2"], 2, None)
    whole = (await site.ask("GET", "/v1/opportunities/O1/pursuit", "unit-east")).json()
    assert (len(whole["units"][0]["requests"]), whole["more"]) == (2, False)
    assert (await site.ask("GET", "/v1/opportunities/O1/pursuit", "unit-east", params={"limit": 1001})).status_code == 422


async def test_a_bid_room_that_could_not_look_at_everything_says_so(site: Site, monkeypatch: pytest.MonkeyPatch):
    assert (await site.ask("GET", "/v1/requests/R1/bid-room", "unit-east")).json()["more"] is False
    monkeypatch.setattr(bidding, "MOST", 1)
    assert (await site.ask("GET", "/v1/requests/R1/bid-room", "unit-east")).json()["more"] is True


async def test_the_pursuit_file_shows_what_the_caller_may_see_of_an_opportunity(site: Site):
    (ours,) = (await site.ask("GET", "/v1/opportunities/O1/pursuit", "unit-east")).json()["units"]
    assert [one["id"] for one in ours["requests"]] == ["R1", "R2"]
    assert [one["documents"] for one in ours["requests"]] == ["/v1/requests/R1/documents", "/v1/requests/R2/documents"]
    assert {"manager", "anna"} <= set(ours["people"])
    (theirs,) = (await site.ask("GET", "/v1/opportunities/O1/pursuit", "person-outsider")).json()["units"]
    assert [one["id"] for one in theirs["requests"]] == ["R3"]
    assert not {"anna", "ben"} & set(theirs["people"])
    for by in ("unit-west", "unit-east"):
        answer = await site.ask("GET", f"/v1/opportunities/{'O1' if by == 'unit-west' else 'O9'}/pursuit", by)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_opportunity")


async def test_requests_of_two_units_are_two_entries_though_their_opportunities_have_one_id(site: Site):
    theirs = site.requests.states["R3"]
    asked = theirs.request.model_copy(update={"requester": theirs.request.requester.model_copy(update={"id": "anna"})})
    site.requests.states["R3"] = theirs.model_copy(update={"request": asked})
    found = (await site.ask("GET", "/v1/opportunities/O1/pursuit", "person-anna")).json()
    assert found["opportunity"] == "O1"
    assert [(one["business_unit"], [each["id"] for each in one["requests"]]) for one in found["units"]] == [
        ("east", ["R1", "R2"]),
        ("south", ["R3"]),
    ]
    assert not {*found["units"][0]["people"]} & {*found["units"][1]["people"]}


async def test_a_plan_names_a_parts_request_and_its_helpers_to_those_who_may_see_them(site: Site):
    plan = site.bid.state.bid.plan
    survey = next(part for part in plan.parts if part.part == "survey").model_copy(update={"request": "R2"})
    others = tuple(part for part in plan.parts if part.part != "survey")
    bid = site.bid.state.bid.model_copy(update={"plan": plan.model_copy(update={"parts": (survey, *others)})})
    outside = a_bid().requester.model_copy(update={"id": "outsider"})
    site.requests.states["R1"] = site.bid.state.model_copy(update={"bid": bid, "request": a_bid(requester=outside)})
    inside = (await site.ask("GET", "/v1/requests/R1/bid-room", "unit-east")).json()["plan"]["parts"]
    assert inside[0]["request"] == "R2"
    assert any(part["helpers"] for part in inside)
    shown = (await site.ask("GET", "/v1/requests/R1/bid-room", "person-outsider")).json()
    assert [part["part"] for part in shown["plan"]["parts"]] == [part["part"] for part in inside]
    assert not any(part["request"] or part["helpers"] for part in shown["plan"]["parts"])
    assert shown["children"] == {}


async def test_a_request_of_another_type_is_no_child_of_the_bid(site: Site):
    survey = site.requests.states["R2"]
    other = survey.model_copy(update={"request": survey.request.model_copy(update={"type": "tools.gift"})})
    site.requests.states["R2"] = other
    assert (await site.ask("GET", "/v1/requests/R1/bid-room")).json()["children"] == {}


async def test_stages_are_those_of_the_requests(site: Site):
    staged = a_bid(opportunity=a_bid().opportunity.model_copy(update={"stage": 3}))
    site.requests.states["R1"] = site.bid.state.model_copy(update={"request": staged})
    (answer,) = (await site.ask("GET", "/v1/opportunities/O1/pursuit", "unit-east")).json()["units"]
    assert (answer["stage"], answer["stages"]) == (3, {"3": ["R1"]})


@pytest.mark.parametrize("by", ["unit-east", "person-anna"])
async def test_a_unit_asks_whether_its_dates_could_be_met_and_nothing_is_filed(site: Site, by: str):
    before = dict(site.requests.states)
    answer = await site.ask("POST", "/v1/bids:assess", by, json=DATES)
    assert answer.status_code == 200
    plan = answer.json()["plan"]
    assert (plan["verdict"], plan["message"]["zh"][:8]) == ("can", "可以按期完成。"[:8])
    assert site.requests.states == before
    soon = (await site.ask("POST", "/v1/bids:assess", by, json={**DATES, "due": "2027-03-03T09:30:00+08:00"})).json()["plan"]
    assert soon["verdict"] == "cannot"


async def test_another_units_bid_is_not_assessed(site: Site):
    for by in ("unit-south", "person-outsider"):
        answer = await site.ask("POST", "/v1/bids:assess", by, json=DATES)
        assert (answer.status_code, answer.json()["code"]) == (403, "other_unit")


@pytest.mark.parametrize(
    "change",
    [
        {"due": "2027-03-26T09:30:00"},
        {"due": "soon"},
        {"due": None},
        {"business_unit": ""},
        {"pitch": {"start": "x"}},
        {"more": 1},
    ],
)
async def test_a_wish_that_cannot_be_read_is_refused(site: Site, change: dict[str, Any]):
    assert (await site.ask("POST", "/v1/bids:assess", "unit-east", json={**DATES, **change})).status_code == 422


@pytest.mark.parametrize("due", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00", "2020-01-01T00:00:00Z"])
async def test_dates_at_the_ends_of_time_are_answered(site: Site, due: str):
    body = {**DATES, "due": due, "pitch": {"start": due, "time_zone": "Mars/Olympus"}}
    plan = (await site.ask("POST", "/v1/bids:assess", "unit-east", json=body)).json()["plan"]
    assert plan["verdict"] == "cannot"
