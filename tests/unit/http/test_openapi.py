"""What an address takes and what the OpenAPI document says of it: unknown parameters, any Content-Type, errors as problems."""

from collections.abc import AsyncIterator
from typing import Annotated

import httpx
import pytest
from fastapi import APIRouter, Query
from fastapi.responses import JSONResponse
from jsonschema import Draft202012Validator, ValidationError

from shared.http.server import create_app
from shared.telemetry.health import Health
from tests.builders.contract import conforming
from tests.unit.http.test_server import ENGLISH, Note, assert_problem, build


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(build()), base_url="http://service") as client:
        yield client


@pytest.mark.parametrize("content_type", [None, "application/json", "text/plain", "application/x-www-form-urlencoded"])
async def test_a_body_is_json_whatever_its_content_type_says(client: httpx.AsyncClient, content_type: str | None):
    headers = {"Content-Type": content_type} if content_type else {}
    for path in ("/v1/notes", "/v1/parsed"):
        answer = await client.post(path, content=b'{"reason": "lost"}', headers=headers)
        assert (answer.status_code, answer.json()["reason"]) == (200, "lost")
        assert_problem(await client.post(path, content=b'{"reason": ', headers=headers), 400, "not_json")


@pytest.mark.parametrize(("headers", "word"), [(ENGLISH, "it takes: limit"), ({}, "可用：limit")])
async def test_a_parameter_that_an_address_does_not_take_is_refused_by_name(
    client: httpx.AsyncClient, headers: dict[str, str], word: str
):
    answer = await client.get("/v1/things/x?limt=7&limit=5&limt=8", headers=headers)
    (fault,) = assert_problem(answer, 422, "invalid_parameters")["errors"]
    assert (fault["pointer"], fault["code"]) == ("/query/limt", "unknown_parameter")
    assert word in fault["detail"]


@pytest.mark.parametrize(("headers", "word"), [(ENGLISH, "more than once; give it once"), ({}, "请只给一次")])
async def test_a_parameter_that_is_given_several_times_is_refused_by_name(
    client: httpx.AsyncClient, headers: dict[str, str], word: str
):
    answer = await client.get("/v1/things/x?limit=5&limit=5", headers=headers)
    (fault,) = assert_problem(answer, 422, "invalid_parameters")["errors"]
    assert (fault["pointer"], fault["code"]) == ("/query/limit", "repeated_parameter")
    assert word in fault["detail"]
    assert (await client.get("/v1/things/x?limit=5", headers=headers)).status_code == 200


@pytest.mark.parametrize("kind", ["list", "list_or_none", "one"])
async def test_only_a_list_is_given_several_times(kind: str):
    router = APIRouter(prefix="/v1")

    @router.get("/list")
    async def list_(named: Annotated[list[str], Query()]) -> list[str]:
        return named

    @router.get("/list_or_none")
    async def list_or_none(named: Annotated[list[str] | None, Query()] = None) -> list[str]:
        return named or []

    @router.get("/one")
    async def one(named: str) -> list[str]:
        return [named]

    app = create_app(service="routing", health=Health(), routers=[router])
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service") as asking:
        answer = await asking.get(f"/v1/{kind}?named=a&named=b")
    if kind == "one":
        assert_problem(answer, 422, "invalid_parameters")
    else:
        assert answer.json() == ["a", "b"]


async def test_health_and_measures_take_whatever_they_are_asked(client: httpx.AsyncClient):
    for path in ("/livez", "/readyz", "/metrics"):
        assert (await client.get(f"{path}?verbose=1")).status_code == 200


async def test_the_document_shows_errors_as_problems_and_real_ones_fit_it(client: httpx.AsyncClient):
    document = (await client.get("/openapi.json")).json()
    assert "HTTPValidationError" not in document["components"]["schemas"]
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status in ("4XX", "5XX"):
                content = operation["responses"][status]["content"]
                assert content == {"application/problem+json": {"schema": {"$ref": "#/components/schemas/ProblemDetails"}}}
            assert "422" not in operation["responses"], (path, method)
    schema = {**document["components"]["schemas"]["ProblemDetails"], "components": document["components"]}
    for thrown in ("refused", "teapot", "database", "x?limit=0"):
        Draft202012Validator(schema).validate((await client.get(f"/v1/things/{thrown}")).json())


@pytest.mark.parametrize("status", [200, 302])
async def test_an_answer_that_the_document_does_not_describe_is_noticed(status: int):
    router = APIRouter(prefix="/v1")

    @router.get("/note", response_model=Note)
    async def note() -> JSONResponse:
        return JSONResponse({"count": "many"}, status_code=status)

    app = create_app(service="routing", health=Health(), routers=[router])
    hooks = conforming(app)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service", event_hooks=hooks) as client:
        with pytest.raises((AssertionError, ValidationError)):
            await client.get("/v1/note")
