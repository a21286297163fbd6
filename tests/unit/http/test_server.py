"""The application: every error is a problem in the caller's language, bodies are bounded, answers are measured by route."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import httpx
import pytest
from fastapi import APIRouter, FastAPI, HTTPException, Query, Request
from prometheus_client import REGISTRY
from pydantic import Field
from structlog.testing import capture_logs

from shared.http.limits import BadJson, StrictRoute, parse_json
from shared.http.problems import Refused, language, problem_response
from shared.http.server import create_app
from shared.ledger.desk import DeskClosedError
from shared.ledger.messages import Refusal
from shared.ledger.rounds import ContendedError
from shared.schemas.model import Frozen, Json, Text
from shared.storage import PyMongoError
from shared.telemetry.health import Health

CONFLICT = Refusal(code="conflict", status=409, message=Text(zh="内容不同。", en="It reads differently."))
ENGLISH = {"Accept-Language": "en"}
THROWN: dict[str, Exception] = {
    "refused": Refused(CONFLICT, [{"pointer": "/details", "code": "differs", "detail": "differs"}]),
    "teapot": HTTPException(418, detail="internal detail", headers={"X-Why": "tea"}),
    "bad_json": BadJson(Text(zh="坏", en="bad"), "too_deep"),
    "contended": ContendedError("rounds"),
    "closed": DeskClosedError("stopping"),
    "database": PyMongoError("connection to secret-host failed"),
    "unexpected": ZeroDivisionError("secret"),
}


class Note(Frozen):
    reason: str = Field(min_length=2)
    count: int = Field(default=1, le=9)


def routes() -> APIRouter:
    router = APIRouter(prefix="/v1", route_class=StrictRoute)

    @router.get("/things/{thing}")
    async def thing(thing: str, limit: Annotated[int, Query(ge=1, le=200)] = 50) -> Json:
        if thing in THROWN:
            raise THROWN[thing]
        return {"thing": thing, "limit": limit}

    @router.post("/notes")
    async def note(body: Note) -> Json:
        return body.model_dump()

    @router.post("/raw")
    @router.post("/large/raw")
    async def raw(request: Request) -> Json:
        return {"size": len(await request.body())}

    @router.post("/parsed")
    async def parsed(request: Request) -> Any:
        return parse_json(await request.body())

    return router


def build(**options: Any) -> FastAPI:
    return create_app(service="routing", health=Health(), routers=[routes()], limits={"/v1/large": 4096, "/v1": 1024}, **options)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(build()), base_url="http://service") as client:
        yield client


def assert_problem(answer: httpx.Response, status: int, code: str) -> Json:
    body: Json = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, body["status"], body["code"]) == (status, status, code)
    assert body["type"] == f"urn:backline:problem:{code}"
    assert body["title"]
    assert body["detail"] in body["message"].values()
    return body


async def test_a_refusal_is_a_problem_with_its_status_code_and_errors(client: httpx.AsyncClient):
    body = assert_problem(await client.get("/v1/things/refused"), 409, "conflict")
    assert body["errors"] == [{"pointer": "/details", "code": "differs", "detail": "differs"}]


async def test_a_problem_reads_chinese_unless_english_is_preferred(client: httpx.AsyncClient):
    chinese = await client.get("/v1/things/refused")
    english = await client.get("/v1/things/refused", headers=ENGLISH)
    assert (chinese.json()["detail"], chinese.headers["content-language"]) == ("内容不同。", "zh")
    assert (english.json()["detail"], english.headers["content-language"]) == ("It reads differently.", "en")


@pytest.mark.parametrize(
    ("header", "locale"),
    [
        ("", "zh"), ("en", "en"), ("en-GB,en;q=0.9", "en"), ("zh-CN,zh;q=0.9,en;q=0.8", "zh"), ("en;q=0.3, zh;q=0.7", "zh"),
        ("fr, de", "zh"), ("fr, en;q=0.1", "en"), ("en;q=0", "zh"), ("EN-us", "en"), ("en;q=x", "zh"), ("sven, token", "zh"), ("*", "zh"),
    ],
)  # fmt: skip
def test_the_language_is_the_one_weighed_higher(header: str, locale: str):
    assert language(header) == locale


async def test_an_unknown_address_is_a_problem(client: httpx.AsyncClient):
    assert "/openapi.json" in assert_problem(await client.get("/nowhere", headers=ENGLISH), 404, "http_404")["detail"]


async def test_a_wrong_method_is_a_problem_that_says_which_there_are(client: httpx.AsyncClient):
    answer = await client.get("/v1/raw")
    assert_problem(answer, 405, "http_405")
    assert answer.headers["allow"] == "OPTIONS, POST"


async def test_an_http_exception_keeps_status_and_headers_but_not_its_detail(client: httpx.AsyncClient):
    answer = await client.get("/v1/things/teapot")
    assert_problem(answer, 418, "http_418")
    assert answer.headers["x-why"] == "tea"
    assert "internal detail" not in answer.text


@pytest.mark.parametrize("reason", ["contended", "closed", "database"])
async def test_what_cannot_be_stored_now_is_to_be_sent_again(client: httpx.AsyncClient, reason: str):
    answer = await client.get(f"/v1/things/{reason}", headers=ENGLISH)
    assert "send the same again" in assert_problem(answer, 503, "busy")["detail"]
    assert answer.headers["retry-after"] == "1"
    assert "secret" not in answer.text


async def test_an_unexpected_error_shows_nothing_but_an_instance_that_is_logged(client: httpx.AsyncClient):
    with capture_logs() as lines:
        answer = await client.get("/v1/things/unexpected")
    body = assert_problem(answer, 500, "unexpected")
    assert "secret" not in answer.text
    assert "ZeroDivision" not in answer.text
    assert [line["instance"] for line in lines if line["event"] == "http.unexpected"] == [body["instance"]]
    assert body["instance"].startswith("urn:uuid:")


async def test_a_wrong_parameter_is_named_with_problem_and_remedy(client: httpx.AsyncClient):
    body = assert_problem(await client.get("/v1/things/a?limit=999", headers=ENGLISH), 422, "invalid_parameters")
    assert body["errors"] == [
        {"pointer": "/query/limit", "code": "less_than_equal", "detail": "query.limit must be at most 200."}
    ]


async def test_a_wrong_body_is_named_by_json_pointer_without_repeating_it(client: httpx.AsyncClient):
    answer = await client.post("/v1/notes", json={"count": "王磊"})
    errors = {error["pointer"]: error for error in assert_problem(answer, 422, "invalid_parameters")["errors"]}
    assert errors["/reason"] == {"pointer": "/reason", "code": "missing", "detail": "reason 缺少，请补上。"}
    assert errors["/count"]["detail"] == "count 应为整数。"
    assert "王磊" not in answer.text


async def test_an_error_without_its_own_sentence_still_has_one(client: httpx.AsyncClient):
    answer = await client.post("/v1/notes", content=b'"text"', headers={"content-type": "application/json", **ENGLISH})
    (error,) = assert_problem(answer, 422, "invalid_parameters")["errors"]
    assert error["pointer"] == ""
    assert error["detail"].startswith("The body ")


@pytest.mark.parametrize(
    ("raw", "code"),
    [(b'{"reason": "ab", "reason": "cd"}', "duplicate_key"), (b"[" * 500, "too_deep"), (b"\xff", "not_utf8"), (b"{", "not_json")],
)
async def test_a_strict_route_refuses_what_parse_json_refuses(client: httpx.AsyncClient, raw: bytes, code: str):
    assert_problem(await client.post("/v1/notes", content=raw, headers={"content-type": "application/json"}), 400, code)


async def test_bad_json_in_an_endpoint_is_a_problem_of_its_own_code(client: httpx.AsyncClient):
    assert_problem(await client.get("/v1/things/bad_json"), 400, "too_deep")


async def test_a_refusal_that_names_half_a_character_can_be_sent(client: httpx.AsyncClient):
    answer = await client.post("/v1/parsed", content=b'{"\\ud800": 1, "\\ud800": 2}')
    assert_problem(answer, 400, "duplicate_key")


def test_a_problem_may_have_members_of_its_own():
    answer = problem_response(409, "conflict", CONFLICT.message, extra={"request": "r-1"}, locale="en")
    assert b'"request":"r-1"' in answer.body


@pytest.mark.parametrize(("path", "limit"), [("/v1/raw", 1024), ("/v1/large/raw", 4096)])
async def test_a_body_up_to_its_paths_limit_is_taken(client: httpx.AsyncClient, path: str, limit: int):
    assert (await client.post(path, content=b"x" * limit)).json() == {"size": limit}


@pytest.mark.parametrize(("path", "limit"), [("/v1/raw", 1024), ("/v1/large/raw", 4096), ("/v1/notes", 1024)])
async def test_a_larger_body_is_refused(client: httpx.AsyncClient, path: str, limit: int):
    answer = await client.post(path, content=b"x" * (limit + 1), headers={"content-type": "application/json"})
    assert assert_problem(answer, 413, "too_large")["limit"] == limit


@pytest.mark.parametrize("path", ["/v1/raw", "/v1/notes"])
async def test_a_larger_body_without_announced_length_is_refused_as_soon_as_it_exceeds(client: httpx.AsyncClient, path: str):
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(4):
            yield b"x" * 500

    answer = await client.post(path, content=chunks(), headers={"content-type": "application/json"})
    assert_problem(answer, 413, "too_large")


async def test_an_announced_large_body_is_refused_before_it_is_sent(client: httpx.AsyncClient):
    answer = await client.post("/v1/raw", content=b"x", headers={"content-length": "999999999"})
    assert_problem(answer, 413, "too_large")


def counted(method: str, route: str, status: str) -> float:
    labels = {"service": "routing", "method": method, "route": route, "status": status}
    return REGISTRY.get_sample_value("backline_http_requests_total", labels) or 0.0


@pytest.mark.parametrize(
    ("method", "path", "route", "status"),
    [
        ("GET", "/v1/things/7f3a", "/v1/things/{thing}", "200"),
        ("GET", "/v1/things/refused", "/v1/things/{thing}", "409"),
        ("GET", "/v1/things/unexpected", "/v1/things/{thing}", "500"),
        ("GET", "/wp-login.php", "unmatched", "404"),
        ("GET", "/livez", "/livez", "200"),
    ],
)
async def test_answers_are_counted_by_route_template(client: httpx.AsyncClient, method: str, path: str, route: str, status: str):
    before = counted(method, route, status)
    with capture_logs():
        await client.request(method, path)
    assert counted(method, route, status) == before + 1


async def test_an_invented_method_does_not_become_a_label(client: httpx.AsyncClient):
    await client.request("BREW", "/v1/raw")
    assert counted("BREW", "/v1/raw", "405") == counted("BREW", "unmatched", "405") == 0


async def test_openapi_is_served_and_no_page_loads_from_elsewhere(client: httpx.AsyncClient):
    document = (await client.get("/openapi.json")).json()
    assert set(document["paths"]) == {"/v1/things/{thing}", "/v1/notes", "/v1/raw", "/v1/large/raw", "/v1/parsed"}
    assert document["info"]["title"] == "Backline routing"
    assert (await client.get("/docs")).status_code == (await client.get("/redoc")).status_code == 404


async def test_the_lifespan_runs_around_the_application():
    seen: list[str] = []

    @asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        seen.append("started")
        yield
        seen.append("stopped")

    app = build(lifespan=lifespan)
    async with app.router.lifespan_context(app):
        assert seen == ["started"]
    assert seen == ["started", "stopped"]
