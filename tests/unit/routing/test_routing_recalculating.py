"""Clocks reckoned anew from outside: by an operator over HTTP, in the audit, and by a start with another calendar."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from services.routing.api.recalculating import recalculating_routes
from services.routing.domain.policy import ServiceLevels
from services.routing.waking import Waker
from shared.http.server import create_app
from shared.ledger.messages import Outcome, Told
from shared.telemetry import metrics
from shared.telemetry.health import Health
from tests.unit.routing.clocked import MONDAY, Clocked, a_journey, shanghai
from tests.unit.routing.routing_build import CALENDAR, POLICY
from tests.unit.routing.routing_fakes import FakeClock, FakeRequests
from tests.unit.routing.routing_room import Room


class Desk:
    """Applies commands to one journey."""

    def __init__(self, journey: Clocked) -> None:
        self.journey = journey

    async def tell(self, message: Told) -> Outcome:
        known = message.subject == self.journey.subject
        decision = (self.journey if known else Clocked(self.journey.context)).takes(message)
        state = self.journey.state
        return Outcome(subject=message.subject, state=state, refusal=decision.refusal, answer=decision.answer)


class Audit:
    """Remembers each deed and its outcome."""

    def __init__(self) -> None:
        self.deeds: list[tuple[str, str, dict[str, Any]]] = []

    @asynccontextmanager
    async def deed(self, action: str, by: str, _about: object) -> AsyncIterator[dict[str, Any]]:
        outcome: dict[str, Any] = {}
        self.deeds.append((action, by, outcome))
        yield outcome


@pytest.mark.parametrize(("request_id", "status", "moved"), [("R1", 200, 2), ("R9", 404, None)])
async def test_an_operator_has_the_clocks_of_one_request_reckoned_anew(request_id: str, status: int, moved: int | None) -> None:
    journey, audit = a_journey(), Audit()
    levels = ServiceLevels.model_validate({"by_priority": {"normal": {"response": 2, "delivery": 16}}})
    journey.changes(policy=POLICY.model_copy(update={"service_levels": levels}))
    routes = recalculating_routes(Desk(journey), audit, FakeClock(MONDAY), lambda: None)  # type: ignore[arg-type]
    app = create_app(service="routing", health=Health(), routers=(routes,))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://routing") as client:
        answer = await client.post(f"/internal/requests/{request_id}/recalculate?by=ops")
    assert answer.status_code == status
    assert answer.json().get("moved") == moved
    assert audit.deeds == [("recalculate", "ops", {} if moved is None else {"moved": moved})]


async def test_another_calendar_wakes_those_whose_clocks_are_provisional_and_nobody_else() -> None:
    provisional, sure = a_journey(at=shanghai(2, 3, 9, year=2027)), a_journey()
    provisional.subject, sure.subject = "R1", "R2"
    woken: list[tuple[list[str], str]] = []

    async def wake(subjects: Any, reason: str) -> None:
        woken.append((list(subjects), reason))

    waker = Waker(FakeRequests({"R1": provisional.state, "R2": sure.state}))
    waker.wake = wake
    await waker.published(CALENDAR.version)
    assert woken == [], "the same calendar"
    await waker.published("another")
    assert woken == [(["R1"], "almanac")]


async def test_warnings_and_breaches_are_counted_by_their_clock() -> None:
    room, journey = Room(), a_journey()
    warned = metrics.SERVICE_LEVELS.labels("response", "warned")
    breached = metrics.SERVICE_LEVELS.labels("response", "breached")
    before = (warned._value.get(), breached._value.get())
    for moment in (shanghai(3, 2, 16), shanghai(3, 2, 18)):
        journey.changes(now=moment)
        await room.applies(journey, journey.wakes("due"))
    assert (warned._value.get() - before[0], breached._value.get() - before[1]) == (1, 1)
