"""When people are taken: one's own unit and the shared pool, times alone, and nothing of what takes them."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from services.routing.api.free_busy import free_busy_routes
from services.routing.domain import Context, OpenLoad
from services.routing.domain.free_busy import Span, busy
from shared.http.error_handlers import install
from shared.http.principal import Principal
from shared.ledger.messages import Booking
from shared.schemas.people import Leave
from tests.unit.routing.routing_build import NOW, PACK, a_context, a_person, an_engineer

HOUR = timedelta(hours=1)
PITCH = Booking(request="R-SECRET", start=NOW + HOUR, end=NOW + 3 * HOUR, place="岚港大厦")
PEOPLE = (
    an_engineer("anna"),
    an_engineer("west", unit="west"),
    an_engineer("pool", unit=PACK.pool),
    an_engineer("left", active=False),
    a_person("boss", "bu_leader"),
)


def a_world(**changes: Any) -> Context:
    loads = {name: OpenLoad(count=2, bookings=(PITCH,)) for name in ("anna", "west", "pool")}
    return replace(a_context(*PEOPLE, loads=loads), **changes)


def taken(*bookings: tuple[int, int], leave: tuple[Leave, ...] = (), zone: str = "Asia/Shanghai") -> list[Span]:
    booked = tuple(Booking(request="R", start=NOW + a * HOUR, end=NOW + b * HOUR, place="x") for a, b in bookings)
    anna = an_engineer("anna", leave=leave, time_zone=zone)
    context = a_context(anna, loads={"anna": OpenLoad(count=1, bookings=booked)})
    return list(busy(anna, context, NOW, NOW + 72 * HOUR))


def test_what_overlaps_or_touches_is_one_time_in_order():
    assert taken((5, 7), (1, 2), (2, 4), (6, 6)) == [
        Span(NOW + HOUR, NOW + 4 * HOUR),
        Span(NOW + 5 * HOUR, NOW + 7 * HOUR),
    ]


def test_times_are_cut_to_what_was_asked_for():
    assert taken((-5, 1), (70, 90), (100, 101)) == [Span(NOW, NOW + HOUR), Span(NOW + 70 * HOUR, NOW + 72 * HOUR)]


@pytest.mark.parametrize(
    ("zone", "start", "end"),
    [("Asia/Shanghai", "2027-03-01T16:00", "2027-03-02T16:00"), ("UTC", "2027-03-02T00:00", "2027-03-03T00:00")],
)
def test_leave_is_whole_days_of_the_persons_own(zone: str, start: str, end: str):
    day = (Leave(first=date(2027, 3, 2), last=date(2027, 3, 2)),)
    begin, over = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (start, end))
    assert taken(leave=day, zone=zone) == [Span(begin, over)]


def test_a_leave_without_end_is_no_error():
    assert taken(leave=(Leave(first=date.min, last=date.max),)) == [Span(NOW, NOW + 72 * HOUR)]


class Asking:
    def __init__(self) -> None:
        self.caller = Principal(kind="person", id="anna", business_unit="east")
        app = FastAPI()
        install(app)
        app.include_router(free_busy_routes(self._context, PACK.pool, self._principal))
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://routing")

    async def _context(self) -> Context:
        return a_world()

    async def _principal(self) -> Principal:
        return self.caller


@pytest.fixture
async def asking() -> AsyncIterator[Asking]:
    made = Asking()
    yield made
    await made.client.aclose()


async def test_the_own_unit_and_the_pool_are_shown_and_nothing_of_what_takes_them(asking: Asking):
    answer = await asking.client.get("/v1/free-busy")
    shown = answer.json()
    assert [row["person"] for row in shown["people"]] == ["anna", "asker", "boss", "pool"]
    assert shown["people"][3]["busy"] == [{"start": "2027-03-01T02:00:00Z", "end": "2027-03-01T04:00:00Z"}]
    assert (shown["people"][0]["open"], shown["people"][0]["seats"]) == (2, 8)
    assert "SECRET" not in answer.text
    assert "岚港" not in answer.text


async def test_somebody_of_another_unit_sees_the_pool_alone_of_others(asking: Asking):
    asking.caller = Principal(kind="person", id="west", business_unit="west")
    shown = (await asking.client.get("/v1/free-busy")).json()
    assert [row["person"] for row in shown["people"]] == ["pool", "west"]
    asked = (await asking.client.get("/v1/free-busy", params={"person": "anna"})).json()
    assert asked["people"] == []


async def test_a_role_narrows_it(asking: Asking):
    shown = (await asking.client.get("/v1/free-busy", params={"role": "bu_leader"})).json()
    assert [row["person"] for row in shown["people"]] == ["boss"]


@pytest.mark.parametrize(
    "span",
    [
        {"from": "2027-03-02T00:00:00Z", "to": "2027-03-02T00:00:00Z"},
        {"from": "2027-03-02T00:00:00Z", "to": "2027-03-01T00:00:00Z"},
        {"from": "2027-03-02T00:00:00Z", "to": "2027-09-01T00:00:00Z"},
        {"from": "0001-01-01T00:00:00+14:00"},
        {"to": "9999-12-31T23:59:59-12:00"},
    ],
)
async def test_a_span_that_is_none_or_too_long_is_refused_with_what_to_do(asking: Asking, span: dict[str, str]):
    answer = await asking.client.get("/v1/free-busy", params=span)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_span")
