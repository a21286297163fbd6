"""Deliveries over HTTP: who may see them, and that no address is among them."""

import httpx
import pytest

from services.notify.api import resolving_routes, routes
from services.notify.domain import NOT_IN_DOUBT
from services.notify.state import DeliveryState, State
from shared.http.principal import Principal
from shared.http.server import create_app
from shared.ledger.messages import Outcome, Refusal, Told
from shared.storage import Sight
from shared.telemetry.health import Health
from tests.builders import NOW
from tests.builders.contract import conforming
from tests.builders.keys import MemoryKeys
from tests.unit.ledger.small_domain import FakeClock
from tests.unit.notify.notify_build import (
    REQUEST,
    Story,
)
from tests.unit.notify.scenes import SCENES


class OneRequest:
    """A projection that knows one request."""

    def __init__(self, state: State) -> None:
        self._state = state

    async def state(self, sight: Sight, request: str):
        known = self._state.request
        if known is None or request != REQUEST:
            return self._state if sight.whole and request == REQUEST else None
        people = {known.requester, *self._state.coordinators, *self._state.supporters}
        return self._state if sight.allows(units={known.business_unit}, people=people) else None


async def asked(caller: Principal, request: str = REQUEST, state: State | None = None):
    known = state or Story().through(SCENES["supporters_assigned"]).state
    app = create_app(service="notify", health=Health(), routers=(routes(OneRequest(known), lambda: caller),))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://notify", event_hooks=conforming(app)) as client:
        return await client.get(f"/v1/requests/{request}/notifications")


UNIT = Principal(kind="unit", id="east", business_unit="east")
SUPPORTER = Principal(kind="person", id="ben", business_unit="west")
SERVICE = Principal(kind="service", id="service")


@pytest.mark.parametrize("caller", [UNIT, SUPPORTER, SERVICE], ids=lambda caller: caller.kind)
async def test_those_concerned_see_every_delivery(caller: Principal):
    answer = await asked(caller)
    assert answer.status_code == 200
    listed = answer.json()["notifications"]
    assert {entry["status"] for entry in listed} == {"planned"}
    assert len(listed) == 11
    assert "@" not in answer.text


@pytest.mark.parametrize(
    ("caller", "request_id"),
    [
        (Principal(kind="unit", id="west", business_unit="west"), REQUEST),
        (Principal(kind="unit", id="ben", business_unit="west"), REQUEST),
        (Principal(kind="person", id="stranger", business_unit="west"), REQUEST),
        (SERVICE, "no-such"),
    ],
)
async def test_others_are_told_that_there_is_no_such_request(caller: Principal, request_id: str):
    answer = await asked(caller, request_id)
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


async def test_a_request_of_which_nothing_is_known_yet_is_hidden_from_units():
    assert (await asked(UNIT, state=State())).status_code == 404


@pytest.mark.parametrize(
    ("problem", "refusal", "status", "code"),
    [("the request is set aside", None, 503, "not_now"), ("", NOT_IN_DOUBT, 409, "not_in_doubt")],
)
async def test_a_doubt_that_was_not_settled_is_not_said_to_be(problem: str, refusal: Refusal | None, status: int, code: str):
    class Desk:
        async def tell(self, message: Told) -> Outcome:
            return Outcome(subject=message.subject, state=State(), problem=problem, refusal=refusal)

    routes = resolving_routes(Desk(), FakeClock(), lambda: SERVICE, MemoryKeys())
    app = create_app(service="notify", health=Health(), routers=(routes,))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://notify") as client:
        answer = await client.post(f"/v1/requests/{REQUEST}/notifications/d/resolve", json={"arrived": True})
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_a_doubt_is_settled_once_under_a_key_and_the_key_settles_no_other():
    told: list[Told] = []

    class Desk:
        async def tell(self, message: Told) -> Outcome:
            told.append(message)
            delivery = DeliveryState(channel="email", recipient="P", template="t", about="a", status="sent", planned_at=NOW)
            return Outcome(subject=message.subject, state=State(deliveries={"d": delivery, "e": delivery}))

    routes = resolving_routes(Desk(), FakeClock(), lambda: SERVICE, MemoryKeys())
    app = create_app(service="notify", health=Health(), routers=(routes,))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://notify") as client:
        first, again, other = [
            await client.post(
                f"/v1/requests/{REQUEST}/notifications/{delivery}/resolve",
                json={"arrived": True},
                headers={"Idempotency-Key": "k"},
            )
            for delivery in ("d", "d", "e")
        ]
    assert (first.status_code, again.content, again.headers["idempotency-replayed"]) == (200, first.content, "true")
    assert (other.status_code, other.json()["code"], len(told)) == (422, "idempotency_key_reused", 1)
