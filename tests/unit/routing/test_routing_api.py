"""Over HTTP: who works on what and why, and all commands, by people with their own tokens."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from services.routing.api import work_routes
from services.routing.domain import Context
from shared.http.access import Access
from shared.http.auth import Authenticator
from shared.http.server import create_app
from shared.ledger.messages import Outcome, Told
from shared.schemas.routing import WorkCommand
from shared.telemetry.health import Health
from tests.builders.contract import conforming
from tests.builders.keys import MemoryKeys
from tests.unit.routing.routing_build import AWAY, MANAGER, NOW, Journey, a_context, a_person, an_assigned, an_engineer
from tests.unit.routing.routing_fakes import FakeClock, FakeRequests
from tests.unit.routing.states import DATA

OUTSIDER = a_person("outsider", "account_manager", unit="south")


class FakeDesk:
    """Applies commands to journeys, each command id once."""

    def __init__(self, requests: FakeRequests, journeys: dict[str, Journey]) -> None:
        self.requests, self.journeys = requests, journeys
        self.told: list[Told] = []
        self.problem: tuple[str, Any] | None = None

    async def tell(self, message: Told) -> Outcome:
        if self.problem:
            return Outcome(subject=message.subject, problem=self.problem[0], state=self.problem[1])
        journey = self.journeys.get(message.subject) or Journey(a_context(MANAGER))
        if message.id in {earlier.id for earlier in self.told}:
            return Outcome(subject=message.subject, state=journey.state, repeated=True)
        self.told.append(message)
        decision = journey.tells(message.name, **message.data)
        self.requests.states[message.subject] = journey.state
        return Outcome(subject=message.subject, state=journey.state, refusal=decision.refusal)


class Site:
    """The routes on a desk of journeys."""

    def __init__(self, *journeys: Journey) -> None:
        self.requests = FakeRequests({journey.subject: journey.state for journey in journeys})
        self.desk = FakeDesk(self.requests, {journey.subject: journey for journey in journeys})
        theirs = [person for journey in journeys for person in journey.context.directory.people.values()]
        self.directory, self.now = context().directory.with_entries(theirs), NOW
        auth = Authenticator(
            service_token="a-service-token-of-tests",
            environment="development",
            keys_file=None,
            directory=lambda: self.directory,
            access=Access(now=lambda: self.now),
        )
        routes = work_routes(self.desk, self.requests, FakeClock(), auth.principal, MemoryKeys(), self.surroundings)
        app = create_app(service="routing", health=Health(), routers=(routes,))
        transport = httpx.ASGITransport(app=app)
        self.client = httpx.AsyncClient(transport=transport, base_url="http://routing", event_hooks=conforming(app))

    async def surroundings(self) -> Context:
        return next(iter(self.desk.journeys.values())).context

    async def ask(self, method: str, path: str, by: str = "person-anna", **options: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer dev-{by}", **options.pop("headers", {})}
        return await self.client.request(method, path, headers=headers, **options)

    async def post(self, path: str, body: Any = None, **options: Any) -> httpx.Response:
        return await self.ask("POST", f"/v1/requests/R1/{path}", json=body, **options)


def context() -> Context:
    return a_context(MANAGER, an_engineer("anna"), OUTSIDER)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site(an_assigned(an_engineer("anna")))
    yield made
    await made.client.aclose()


# -- reading


async def test_the_assignment_shows_status_and_seats(site: Site):
    answer = (await site.ask("GET", "/v1/requests/R1/assignment")).json()
    assert (answer["status"], answer["coordinator"]["person"]) == ("assigned", "manager")
    assert [(seat["person"], seat["accepted"]) for seat in answer["supporters"]] == [("anna", False)]


async def test_the_decision_shows_every_record_with_its_sentence(site: Site):
    answer = (await site.ask("GET", "/v1/requests/R1/decision")).json()
    assert [(record["step"], record["chosen"]) for record in answer["decisions"]] == [
        ("coordinator", ["manager"]),
        ("supporter", ["anna"]),
    ]
    assert all(record["explanation"]["zh"] and record["explanation"]["en"] for record in answer["decisions"])


@pytest.mark.parametrize("path", ["assignment", "decision"])
@pytest.mark.parametrize(
    ("by", "status"), [("unit-east", 200), ("unit-south", 404), ("person-manager", 200), ("person-outsider", 404)]
)
async def test_a_request_is_seen_by_its_unit_and_by_those_who_have_a_part_in_it(site: Site, path: str, by: str, status: int):
    assert (await site.ask("GET", f"/v1/requests/R1/{path}", by=by)).status_code == status


async def test_an_unknown_request_is_a_problem_in_the_callers_language(site: Site):
    answer = await site.ask("GET", "/v1/requests/R9/assignment", headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.headers["content-type"], answer.json()["code"]) == (
        404,
        "application/problem+json",
        "unknown_request",
    )
    assert answer.json()["detail"] == answer.json()["message"]["en"]


async def test_without_a_token_nothing_is_told(site: Site):
    assert (await site.client.get("/v1/requests/R1/assignment")).status_code == 401
    assert (await site.client.post("/v1/requests/R1/accept")).status_code == 401


async def test_people_see_their_own_open_work_and_not_that_of_others(site: Site):
    own = await site.ask("GET", "/v1/people/anna/work")
    assert [row["id"] for row in own.json()["work"]] == ["R1"]
    assert (await site.ask("GET", "/v1/people/manager/work")).status_code == 403


async def test_a_unit_sees_of_somebodys_work_only_its_own_requests(site: Site):
    assert [row["id"] for row in (await site.ask("GET", "/v1/people/anna/work", by="unit-east")).json()["work"]] == ["R1"]
    assert (await site.ask("GET", "/v1/people/anna/work", by="unit-south")).json()["work"] == []


async def test_the_waiting_list_says_why_each_request_waits():
    journey = an_assigned(an_engineer("anna", leave=AWAY))
    site = Site(journey)
    (row,) = (await site.ask("GET", "/v1/waiting", by="unit-east")).json()["waiting"]
    assert (row["id"], row["status"], row["business_unit"]) == ("R1", "waiting", "east")
    assert "休假" in row["why"][0]["zh"]
    assert (await site.ask("GET", "/v1/waiting", by="unit-south")).json()["waiting"] == []
    await site.client.aclose()


@pytest.mark.parametrize("limit", ["0", "201", "many"])
async def test_a_list_is_bounded(site: Site, limit: str):
    assert (await site.ask("GET", f"/v1/waiting?limit={limit}")).status_code == 422


# -- commands


async def test_work_is_accepted_and_completed(site: Site):
    assert (await site.post("accept")).json()["status"] == "working"
    answer = await site.post("complete", {"note": "已提交", "result": {"network": "千兆"}})
    assert answer.json()["status"] == "completed"
    assert site.desk.told[-1].data == {"note": "已提交", "result": {"network": "千兆"}, "by": "anna"}


async def test_completing_needs_no_body(site: Site):
    await site.post("accept")
    assert (await site.post("complete")).json()["status"] == "completed"


async def test_declining_says_who_has_the_work_now(site: Site):
    answer = await site.post("decline", {"reason": "出差"})
    assert (answer.json()["status"], answer.json()["supporters"]) == ("waiting", [])


async def test_the_acting_person_is_whoever_the_token_says(site: Site):
    answer = await site.post("decline", {"reason": "出差", "by": "manager"})
    assert answer.status_code == 422
    assert site.desk.told == []


@pytest.mark.parametrize(("by", "status", "code"), [("person-asker", 403, "not_yours"), ("unit-east", 403, "people_only")])
async def test_nobody_else_acts(site: Site, by: str, status: int, code: str):
    answer = await site.post("accept", by=by)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("command", list(DATA))
async def test_to_a_stranger_a_request_that_exists_is_as_one_that_does_not(site: Site, command: WorkCommand):
    body, command = DATA[command] or None, command.replace("_", "-")
    for problem in (None, ("it is set aside", site.requests.states["R1"])):
        site.desk.problem = problem
        theirs, nobodys = [
            await site.ask("POST", f"/v1/requests/{request}/{command}", by="person-outsider", json=body)
            for request in ("R1", "R9")
        ]
        if problem is None:
            assert nobodys.status_code == 404
            expected = {key: value for key, value in nobodys.json().items() if key not in {"instance", "request_id"}}
        assert theirs.status_code == 404
        assert {key: value for key, value in theirs.json().items() if key in expected} == expected


async def test_a_command_out_of_state_is_a_conflict_that_names_the_state(site: Site):
    answer = await site.post("complete", headers={"Accept-Language": "en"})
    assert (answer.status_code, answer.json()["code"]) == (409, "out_of_state")
    assert "assigned" in answer.json()["detail"]


async def test_the_same_key_is_the_same_command(site: Site):
    for _ in range(2):
        answer = await site.post("accept", headers={"Idempotency-Key": "k1"})
        assert answer.json()["status"] == "working"
    assert len(site.desk.told) == 1


async def test_a_key_answers_alike_and_takes_no_other_command(site: Site):
    key = {"Idempotency-Key": '"k1"'}
    first, again = [await site.post("accept", headers=key) for _ in range(2)]
    assert (again.content, again.headers["idempotency-replayed"]) == (first.content, "true")
    assert "idempotency-replayed" not in first.headers
    other = await site.post("complete", {"note": "done"}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(site.desk.told) == 1


async def test_without_a_key_every_call_is_a_command_of_its_own(site: Site):
    await site.post("accept")
    await site.post("accept")
    assert len({told.id for told in site.desk.told}) == 2


async def test_one_persons_key_is_not_anothers(site: Site):
    await site.post("accept", headers={"Idempotency-Key": "k1"})
    answer = await site.post("accept", by="person-asker", headers={"Idempotency-Key": "k1"})
    assert answer.status_code == 403


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("decline", None),
        ("decline", {}),
        ("decline", {"reason": ""}),
        ("decline", {"reason": 7}),
        ("decline", {"reason": "很" * 2001}),
        ("complete", {"result": ["list"]}),
        ("complete", {"note": 3}),
        ("complete", {"nota": "x"}),
        ("choose", {"people": []}),
        ("choose", {"people": "anna"}),
        ("choose", {"people": [1]}),
        ("choose", {"people": ["a"] * 51}),
    ],
)
async def test_a_wrong_body_is_named_and_never_told(site: Site, path: str, body: Any):
    answer = await site.post(path, body)
    assert answer.status_code == 422
    assert answer.json()["errors"]
    assert site.desk.told == []


async def test_a_body_that_is_no_json_is_refused(site: Site):
    answer = await site.ask(
        "POST", "/v1/requests/R1/decline", content=b'{"reason": "\\ud800"}', headers={"content-type": "application/json"}
    )
    assert answer.status_code == 400


async def test_what_cannot_be_stored_and_what_cannot_be_done_now_are_told_apart(site: Site):
    site.desk.problem = ("NUL in a key", None)
    assert (await site.post("accept")).status_code == 422
    site.desk.problem = ("PolicyMissingError", site.requests.states["R1"])
    assert (await site.post("accept")).status_code == 503


async def test_a_request_that_routing_never_heard_of_cannot_be_accepted(site: Site):
    answer = await site.ask("POST", "/v1/requests/R9/accept")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_request")


async def test_an_assignment_shows_its_clocks_and_the_unit_sees_what_is_due_next():
    later, sooner, halted = (an_assigned(an_engineer("anna")) for _ in range(3))
    later.subject, sooner.subject, halted.subject = "R1", "R2", "R3"
    later.tells("accept", "anna")
    halted.tells("pause", "anna", reason="等客户")
    site = Site(later, sooner, halted)
    clocks = (await site.ask("GET", "/v1/requests/R1/assignment")).json()["clocks"]
    assert [(clock["clock"], clock["state"], clock["provisional"]) for clock in clocks] == [
        ("response", "met", True),
        ("delivery", "runs", True),
    ]
    held = (await site.ask("GET", "/v1/requests/R3/assignment")).json()["clocks"]
    assert {clock["state"] for clock in held} == {"held"}
    due = (await site.ask("GET", "/v1/service-levels", by="unit-east")).json()["requests"]
    assert [request["id"] for request in due] == ["R2", "R1"]
    assert (await site.ask("GET", "/v1/service-levels", by="unit-south")).json()["requests"] == []
