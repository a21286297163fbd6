"""What every address of every service asks of whoever calls it: a scope, or a service; and how little an unknown caller costs."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.routing import Route

from shared.http.limits import MAX_DEPTH, SUBMISSION_BYTES
from shared.schemas.access import SCOPES
from shared.schemas.envelope import SOURCES
from tests.component.http.test_service_http import application

OPEN_TO_ALL_CALLERS = {("get", "/v1/catalogue"), ("get", "/v1/catalogue/{type_key}")}
"""The policy's own types and forms: whoever has any token may read them."""
FOR_SERVICES = {("post", "/v1/requests/{request_id}/notifications/{delivery}/resolve")}
OPERATIONS = [
    (service, method, path, operation)
    for service in SOURCES
    for path, operations in application(service).openapi()["paths"].items()
    for method, operation in operations.items()
    if path.startswith("/v1/")
]
LARGE = "x" * (SUBMISSION_BYTES + 1)


@pytest.mark.parametrize(("service", "method", "path", "operation"), OPERATIONS, ids=lambda value: str(value)[:60])
def test_every_address_names_the_scope_it_needs(service: str, method: str, path: str, operation: Any) -> None:
    (scopes,) = {tuple(requirement["bearer"]) for requirement in operation["security"] if requirement["bearer"]} or {()}
    if (method, path) in OPEN_TO_ALL_CALLERS | FOR_SERVICES:
        assert scopes == ()
    else:
        assert len(scopes) == 1, "give it auth.needs(…) in app.py, or name it above"
        assert set(scopes) <= SCOPES


def test_every_scope_is_needed_somewhere() -> None:
    needed = {scope for _, _, _, operation in OPERATIONS for one in operation["security"] for scope in one["bearer"]}
    assert needed == SCOPES


PAGES = {("routing", "GET", "/act/{token}"), ("routing", "POST", "/act/{token}"), ("intake", "GET", "/desk")}
"""For browsers: the token in the address is the credential (docs/decisions/0035), or the page asks for one (0038)."""
PLAIN = ("/v1/", "/internal/", "/openapi.json", "/healthz", "/livez", "/readyz", "/metrics")


def test_what_is_in_no_document_is_ours_a_probe_or_a_page_that_is_named_here() -> None:
    found = {
        (service, method, route.path)
        for service in SOURCES
        for included in application(service).routes
        for route in getattr(getattr(included, "original_router", None), "routes", [included])
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }
    assert {one for one in found if not one[2].startswith(PLAIN)} == PAGES
    assert ("routing", "POST", "/v1/requests/{request_id}/accept") in found, "the control"


class Caller:
    """Calls an application by hand, so that it is seen how much of a body was read before the answer."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app
        self.read = 0
        self.status = 0

    async def call(self, method: str, path: str, headers: dict[str, str], *, parts: int = 4, size: int = 64 * 1024) -> int:
        left = parts

        async def receive() -> dict[str, Any]:
            nonlocal left
            left -= 1
            self.read += size
            return {"type": "http.request", "body": b"[" * size, "more_body": left > 0}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                self.status = message["status"]

        scope = {
            "type": "http",
            "method": method.upper(),
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "client": ("198.51.100.7", 1),
            "server": ("service", 80),
            "scheme": "http",
            "http_version": "1.1",
        }
        await self._app(scope, receive, send)
        return self.status


def filled(path: str) -> str:
    return path.replace("{", "").replace("}", "")


TAKING = [(service, method, path) for service, method, path, operation in OPERATIONS if "requestBody" in operation]


@pytest.mark.parametrize(("service", "method", "path"), TAKING)
async def test_a_body_that_is_announced_too_large_is_refused_unread_whoever_sends_it(
    service: str, method: str, path: str
) -> None:
    caller = Caller(application(service))
    assert await caller.call(method, filled(path), {"Content-Length": str(10**12)}) == 413
    assert caller.read == 0


@pytest.mark.parametrize(("service", "method", "path"), TAKING)
async def test_who_is_unknown_costs_at_most_a_small_bodys_reading(service: str, method: str, path: str) -> None:
    caller = Caller(application(service))
    status = await caller.call(method, filled(path), {"Transfer-Encoding": "chunked"}, parts=10_000)
    assert status in {401, 413, 429}
    assert caller.read <= SUBMISSION_BYTES + 64 * 1024
    if "/v1/requests:batch" in path or "/v1/attachments" in path or "/v1/people" in path:
        assert (status in {401, 429}, caller.read) == (True, 0), "what may be large is read once the caller is known"


@pytest.mark.parametrize(("service", "method", "path"), TAKING)
async def test_deep_bodies_of_the_unknown_are_never_parsed_into_values(service: str, method: str, path: str) -> None:
    caller = Caller(application(service))
    status = await caller.call(method, filled(path), {"Transfer-Encoding": "chunked"}, parts=1, size=MAX_DEPTH * 1000)
    assert status in {400, 401, 429}


async def test_a_caller_that_is_known_meets_the_same_limits() -> None:
    transport = httpx.ASGITransport(app=application("intake"))
    headers = {"Authorization": "Bearer a-service-token-of-a-test"}
    async with httpx.AsyncClient(transport=transport, base_url="http://intake", headers=headers) as client:

        async def chunks() -> AsyncIterator[bytes]:
            yield LARGE.encode()

        assert (await client.post("/v1/requests", content=LARGE)).status_code == 413
        assert (await client.post("/v1/requests", content=chunks())).status_code == 413
        deep = await client.post("/v1/requests", content="[" * 1000 + "]" * 1000)
        assert (deep.status_code, deep.json()["code"]) == (400, "too_deep")
