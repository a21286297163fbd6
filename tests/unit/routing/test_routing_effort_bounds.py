"""Effort within bounds: entries, corrections and money of one request, the period of sums, and whose hours are whose to see."""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date
from typing import Any

import httpx
import pytest

from services.routing.api import effort_routes
from services.routing.domain import State
from services.routing.domain.accounting import MOST_CORRECTIONS, MOST_ENTRIES
from services.routing.domain.leading import planners
from services.routing.domain.spending import MOST_SPENDS
from shared.http.auth import Authenticator
from shared.http.server import create_app
from shared.storage import Sight
from shared.telemetry.health import Health
from tests.builders.contract import conforming
from tests.builders.keys import MemoryKeys
from tests.unit.routing.routing_build import MANAGER, PACK, Journey, a_context, a_person, a_request, an_assigned
from tests.unit.routing.routing_fakes import FakeClock, FakeRequests
from tests.unit.routing.states import ANNA, code
from tests.unit.routing.test_routing_api import FakeDesk
from tests.unit.routing.test_routing_effort import TODAY, an_event, effort

LEADER = a_person("leader", "bu_leader")


def full(journey: Journey, **update: Any) -> None:
    """The request has so many of what it has one of."""
    journey.state = journey.state.model_copy(update={"effort": effort(journey).model_copy(update=update)})


def test_a_request_has_so_many_hours_and_they_may_still_be_corrected():
    journey = an_assigned(ANNA)
    journey.tells("log_effort", "anna", **{**TODAY, "hours": 0.25})
    (entry,) = effort(journey).entries
    other = entry.model_copy(update={"day": date(2027, 2, 28)})
    full(journey, entries=(entry, *(other.model_copy(update={"number": 2 + more}) for more in range(MOST_ENTRIES - 1))))
    before = journey.state
    assert code(journey.tells("log_effort", "anna", **TODAY)) == "too_many_entries"
    assert journey.state == before
    assert code(journey.tells("correct_effort", "anna", **{**TODAY, "number": 1})) is None
    assert code(journey.tells("log_effort", "anna", **TODAY)) == "too_many_entries"


def test_an_entry_is_corrected_so_many_times_and_then_taken_back():
    journey = an_assigned(ANNA)
    journey.tells("log_effort", "anna", **TODAY)
    for number in range(1, MOST_CORRECTIONS + 1):
        assert code(journey.tells("correct_effort", "anna", **{**TODAY, "number": number})) is None
    last = MOST_CORRECTIONS + 1
    assert code(journey.tells("correct_effort", "anna", **{**TODAY, "number": last})) == "too_many_corrections"
    assert code(journey.tells("correct_effort", "anna", **{**TODAY, "number": last, "hours": 0})) is None
    assert code(journey.tells("correct_effort", "anna", **{**TODAY, "number": last + 1, "hours": 0})) == "too_many_corrections"


def test_a_request_has_so_many_notes_of_money():
    journey = an_event()
    journey.tells("log_spend", "marketer", line="venue", amount="1")
    full(journey, spent=effort(journey).spent * MOST_SPENDS)
    assert code(journey.tells("log_spend", "marketer", line="venue", amount="1")) == "too_many_spends"


class FakeEfforts:
    """Remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Sight, str, str | None]] = []

    async def sums(
        self, sight: Sight, by: str, first: date, last: date, person: str | None = None
    ) -> Sequence[Mapping[str, Any]]:
        self.asked.append((sight, by, person))
        return [{"key": "anna", "quarters": 4, "entries": 1}]

    async def of_opportunity(self, sight: Sight, opportunity: str, limit: int) -> Sequence[tuple[str, State]]:
        many = int(opportunity.partition("-")[2] or 0)
        return [(f"R{number}", State(request=a_request())) for number in range(min(many, limit))]


@pytest.fixture
def efforts() -> FakeEfforts:
    return FakeEfforts()


@pytest.fixture
async def client(efforts: FakeEfforts) -> AsyncIterator[httpx.AsyncClient]:
    directory = a_context(MANAGER, ANNA, LEADER).directory
    auth = Authenticator(
        service_token="a-service-token-of-tests", environment="development", keys_file=None, directory=lambda: directory
    )
    requests = FakeRequests({})
    desk = FakeDesk(requests, {})
    routes = effort_routes(desk, requests, efforts, FakeClock(), auth.principal, MemoryKeys(), planners(PACK))
    app = create_app(service="routing", health=Health(), routers=(routes,))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://routing", event_hooks=conforming(app)) as made:
        yield made


async def asks(client: httpx.AsyncClient, by: str, query: str) -> httpx.Response:
    token = by if by.startswith("a-") else f"dev-{by}"
    return await client.get(f"/v1/effort?{query}", headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ("from=2027-01-01&to=2028-01-02", None),
        ("from=2027-01-01&to=2028-01-03", "period_too_long"),
        ("from=0001-01-01&to=9999-12-31", "period_too_long"),
        ("from=2027-01-02&to=2027-01-01", "bad_period"),
    ],
)
async def test_hours_are_added_up_for_a_year_at_the_most(
    client: httpx.AsyncClient, efforts: FakeEfforts, days: str, expected: str | None
):
    answer = await asks(client, "person-anna", f"by=type&{days}")
    assert answer.json().get("code") == expected
    assert len(efforts.asked) == (0 if expected else 1)


@pytest.mark.parametrize(
    ("by", "query", "sight"),
    [
        ("person-anna", "by=person", None),
        ("person-anna", "by=person&person=manager", None),
        ("person-anna", "by=type&person=manager", None),
        ("unit-east", "by=person", None),
        ("person-anna", "by=person&person=anna", Sight(unit="east", person="anna")),
        ("person-anna", "by=type", Sight(unit="east", person="anna")),
        ("person-leader", "by=person", Sight(unit="east")),
        ("person-manager", "by=person&person=anna", Sight(unit="east")),
        ("a-service-token-of-tests", "by=person", Sight.of_our_services()),
    ],
)
async def test_hours_by_person_are_for_who_plans_and_for_oneself(
    client: httpx.AsyncClient, efforts: FakeEfforts, by: str, query: str, sight: Sight | None
):
    answer = await asks(client, by, f"{query}&from=2027-03-01&to=2027-03-31")
    assert [one for one, _, _ in efforts.asked] == ([] if sight is None else [sight])
    assert (answer.status_code, answer.json().get("code")) == ((403, "others_hours") if sight is None else (200, None))


@pytest.mark.parametrize(("many", "shown", "more"), [(999, 999, False), (1000, 1000, False), (1001, 1000, True)])
async def test_an_outcome_that_does_not_add_up_everything_says_so(client: httpx.AsyncClient, many: int, shown: int, more: bool):
    headers = {"Authorization": "Bearer dev-unit-east"}
    answer = (await client.get(f"/v1/opportunities/O-{many}/outcome", headers=headers)).json()
    assert (answer["outcomes"][0]["requests"], answer["more"]) == (shown, more)
