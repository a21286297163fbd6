"""Each service's application as it is wired, before anything is started: what it tells Prometheus and whom it lets in."""

from collections.abc import AsyncIterator, Callable
from functools import cache
from typing import Any

import httpx
import pytest
import pytest_asyncio
from fastapi import FastAPI
from prometheus_client import Counter, Gauge, Histogram
from prometheus_client.parser import text_string_to_metric_families

from services.documents.app import build_app as build_documents
from services.intake.app import build_app as build_intake
from services.intake.settings import IntakeSettings
from services.notify.app import build_app as build_notify
from services.notify.settings import NotifySettings
from services.routing.app import build_app as build_routing
from services.routing.settings import RoutingSettings
from shared.acting.links import Asking, Links
from shared.schemas.envelope import SOURCES
from shared.service.settings import Settings
from shared.telemetry import metrics

ENVIRONMENT = {
    "BACKLINE_MONGO_URI": "mongodb://127.0.0.1:1/?replicaSet=rs0&w=majority&journal=true&readConcernLevel=majority&timeoutMS=200",
    "BACKLINE_BROKER": "127.0.0.1:1",
    "BACKLINE_ENVIRONMENT": "production",
    "BACKLINE_SERVICE_TOKEN": "a-service-token-of-a-test",
    "BACKLINE_LINK_SECRET": "q4Wz-links-of-files-are-signed-with-this-0815",
}
BUILDERS: dict[str, tuple[type[Settings], Callable[[Any], FastAPI]]] = {
    "intake": (IntakeSettings, build_intake),
    "routing": (RoutingSettings, build_routing),
    "notify": (NotifySettings, build_notify),
    "documents": (Settings, build_documents),
}


@cache
def application(service: Any) -> FastAPI:
    """It is started by nobody, so all tests may ask the same."""
    model, build = BUILDERS[service]
    return build(model.read(service, ENVIRONMENT))


@pytest_asyncio.fixture(params=SOURCES)
async def service(request: pytest.FixtureRequest) -> AsyncIterator[tuple[str, httpx.AsyncClient]]:
    """A service's name and a client of its application, whose database and broker are away."""
    transport = httpx.ASGITransport(app=application(request.param), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        yield request.param, client


Service = tuple[str, httpx.AsyncClient]


async def test_metrics_hold_the_whole_vocabulary_and_say_what_runs(service: Service) -> None:
    name, client = service
    families = {family.name: family for family in text_string_to_metric_families((await client.get("/metrics")).text)}
    declared = {next(iter(m.describe())).name for m in vars(metrics).values() if isinstance(m, Counter | Gauge | Histogram)}
    assert declared
    assert declared <= families.keys()
    assert name in {sample.labels["service"] for sample in families["backline_build_info"].samples}


async def test_requests_are_counted_by_route_and_never_by_what_is_in_the_address(service: Service) -> None:
    _, client = service
    await client.get("/no/such/address/42")
    text = (await client.get("/metrics")).text
    assert 'route="unmatched"' in text
    assert "/no/such/address/42" not in text


async def test_a_process_whose_broker_and_database_are_away_is_live_and_not_ready(service: Service) -> None:
    _, client = service
    assert (await client.get("/livez")).json() == {"ok": True, "problems": {}}
    ready = await client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["problems"].keys() == {"broker", "database"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/internal/replay"),
        ("POST", "/internal/reconcile"),
        ("GET", "/internal/parked"),
        ("GET", "/internal/replay"),
        ("GET", "/internal/parked/some-request"),
        ("POST", "/internal/parked:redrive"),
        ("GET", "/internal/dead-letters"),
        ("GET", "/internal/dead-letters/some-letter"),
        ("POST", "/internal/dead-letters:redrive"),
        ("GET", "/internal/events/some-request"),
        ("GET", "/internal/heads"),
    ],
)
async def test_internal_addresses_are_closed_without_a_token_and_to_development_tokens_in_production(
    service: Service, method: str, path: str
) -> None:
    _, client = service
    assert (await client.request(method, path)).status_code == 401
    answer = await client.request(method, path, headers={"Authorization": "Bearer dev-unit-east"})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_contract_is_told_without_the_internal_addresses(service: Service) -> None:
    _, client = service
    paths = (await client.get("/openapi.json")).json()["paths"]
    assert paths
    assert not [path for path in paths if path.startswith("/internal")]


async def test_the_contract_says_of_every_address_who_may_ask_what_is_answered_and_how_errors_look(service: Service) -> None:
    _, client = service
    document = (await client.get("/openapi.json")).json()
    assert document["components"]["securitySchemes"]["bearer"]["scheme"] == "bearer"
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            named = f"{method} {path}"
            assert [list(way) for way in operation["security"]] == [["bearer"]], named
            assert {"401", "4XX", "5XX"} <= operation["responses"].keys(), named
            successes = [told for status, told in operation["responses"].items() if status in {"200", "201", "202", "204"}]
            assert successes, named
            for media_type, content in (one for told in successes for one in told.get("content", {}).items()):
                assert "$ref" in content["schema"] or media_type != "application/json", f"{named} answers anything"


async def test_a_link_to_act_is_read_under_the_secret_of_the_settings_and_without_one_none_is() -> None:
    secret = "q4Wz-links-to-act-are-signed-with-this-0815"
    asking = Asking(purpose="delivery", request="6f1c9a52-3f0e-5d7b-9a64-0b5b8a1f2c11", person="x", until=2**31, stamp=1)
    path = f"/act/{Links([secret]).token(asking)}"
    statuses = []
    for environment in (ENVIRONMENT, {**ENVIRONMENT, "BACKLINE_ACT_SECRET": secret}):
        app = build_routing(RoutingSettings.read("routing", environment))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://routing") as client:
            answers = [await client.get(path), await client.post(path), await client.get("/act/x")]
            assert all(answer.headers["content-type"].startswith("text/html") for answer in answers)
            statuses.append([answer.status_code for answer in answers])
    assert statuses == [[404, 404, 404], [410, 410, 404]], "ours, of a person whom the directory does not know"
