"""A directory file that is refused names every fault apart, and where the file stops being readable."""

from collections.abc import AsyncIterator, Collection
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI

from services.intake.api import people_routes
from shared.http.error_handlers import install
from shared.http.principal import Principal
from shared.ledger.messages import Outcome, Told
from shared.schemas.people import Directory
from shared.telemetry.clock import clock_from

FAULTY = b"""
people:
- {id: P1, name: A, email: a@b.example, business_unit: nowhere, roles: [account_manager], regions: [], locale: en}
- {id: P2}
"""


SOUND = b"""
business_units:
- {code: harbour, name: {zh: Gangwan, en: Harbour}}
people:
- {id: P1, name: A, email: a@b.example, business_unit: harbour, roles: [account_manager], regions: [], locale: en}
- {id: P2, name: B, email: b@b.example, business_unit: harbour, roles: [account_manager], regions: [], locale: en}
"""


AS_JSON = b"""
{"business_units": [{"code": "harbour", "name": {"zh": "Gangwan", "en": "Harbour"}}],
 "people": [{"id": "P1", "name": "A", "email": "a@b.example", "business_unit": "harbour", "roles": ["account_manager"],
             "seats": 1e1}]}
"""
"""In YAML 1.1, which this is too, the seats are a text."""


class Desk:
    """Keeps what it is told; some of it is set aside."""

    def __init__(self, set_aside: Collection[str] = ()) -> None:
        self.told: list[Told] = []
        self._set_aside = set_aside

    async def tell(self, message: Told) -> Outcome:
        self.told.append(message)
        return Outcome(subject=message.subject, state=None, problem="set aside" if message.subject in self._set_aside else "")


async def imported(content: bytes, desk: Any) -> httpx.Response:
    app = FastAPI()
    install(app)
    people: Any = SimpleNamespace(directory=Directory())
    app.include_router(people_routes(desk, people, clock_from(None, "development"), an_operator))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://intake") as client:
        return await client.post("/v1/people:import", content=content, headers={"Accept-Language": "en"})


async def an_operator() -> Principal:
    return Principal(kind="service", id="service")


@pytest_asyncio.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    nothing: Any = SimpleNamespace()
    app = FastAPI()
    install(app)
    app.include_router(people_routes(nothing, nothing, nothing, an_operator))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://intake") as opened:
        yield opened


async def test_each_fault_of_the_file_has_its_field_and_both_languages(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/people:import", content=FAULTY)
    assert answer.status_code == 422
    errors = {error["pointer"]: error["message"] for error in answer.json()["errors"]}
    assert errors["/people/0/business_unit"]["en"] == "people.P1.business_unit there is no unit nowhere."
    assert errors["/people/0/business_unit"]["zh"]
    assert any(pointer.startswith("/people/1/") for pointer in errors)


@pytest.mark.parametrize(("language", "sentence"), [("en", "(line:column 2:1)"), ("zh", "（行:列 2:1）")])
async def test_a_file_that_cannot_be_read_says_where(client: httpx.AsyncClient, language: str, sentence: str) -> None:
    answer = await client.post("/v1/people:import", content=b"people: [\n", headers={"Accept-Language": language})
    assert answer.status_code == 400
    assert sentence in answer.json()["detail"]


async def test_what_could_not_be_recorded_is_named_and_not_said_to_be_unchanged() -> None:
    answer = await imported(SOUND, Desk(set_aside={"P2"}))
    assert (answer.status_code, answer.json()["code"]) == (503, "not_now")
    assert answer.json()["detail"].startswith("Not recorded: P2; all others are.")


async def test_a_file_of_json_means_what_it_says_as_json() -> None:
    desk = Desk()
    assert (await imported(AS_JSON, desk)).status_code == 200
    assert desk.told[-1].data["person"]["seats"] == 10
