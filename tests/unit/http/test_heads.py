"""HEAD and OPTIONS everywhere, heads that are too long, and bytes that are no HTTP: sane answers, errors as problems."""

import json
import socket
import subprocess
from collections.abc import AsyncIterator

import httpx
import pytest

from shared.http.heads import LARGEST_HEAD, LONGEST_ADDRESS
from tests.unit.http.test_serve import service, wait_until_ready
from tests.unit.http.test_server import assert_problem, build

__all__ = ["service"]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(build()), base_url="http://service") as client:
        yield client


@pytest.mark.parametrize("path", ["/v1/things/x", "/v1/things/refused", "/nowhere", "/livez", "/openapi.json"])
async def test_head_is_answered_as_get_without_its_body(client: httpx.AsyncClient, path: str):
    got, headed = await client.get(path), await client.head(path)
    assert (headed.status_code, headed.content) == (got.status_code, b"")
    assert headed.headers == got.headers


async def test_options_lists_the_methods_of_an_address(client: httpx.AsyncClient):
    for path, methods in (("/v1/things/x", "GET, HEAD, OPTIONS"), ("/v1/notes", "OPTIONS, POST")):
        answer = await client.options(path)
        assert (answer.status_code, answer.headers["allow"], answer.content) == (204, methods, b"")
        refused = await client.request("DELETE", path)
        assert_problem(refused, 405, "http_405")
        assert refused.headers["allow"] == methods
    assert_problem(await client.options("/nowhere"), 404, "http_404")


async def test_an_address_or_a_head_that_is_too_long_is_refused(client: httpx.AsyncClient):
    assert (await client.get("/v1/things/" + "x" * (LONGEST_ADDRESS - 100))).status_code == 200
    assert_problem(await client.get("/v1/things/" + "x" * LONGEST_ADDRESS), 414, "address_too_long")
    assert_problem(await client.get("/v1/things/x?limit=" + "1" * LONGEST_ADDRESS), 414, "address_too_long")
    assert_problem(await client.get("/v1/things/x", headers={"X": "y" * LARGEST_HEAD}), 431, "headers_too_large")


@pytest.mark.parametrize(
    "raw",
    [
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\nabcd",
        b"GET / HTTP/1.1\r\nBad Header: x\r\n\r\n",
        "问好\r\n\r\n".encode(),
    ],
    ids=["tls", "short", "version", "length", "two lengths", "header", "chinese"],
)
def test_what_is_no_http_is_answered_with_a_problem_and_the_service_goes_on(
    service: tuple[str, "subprocess.Popen[str]"], raw: bytes
):
    address, _ = service
    wait_until_ready(address)
    url = httpx.URL(address)
    with socket.create_connection((url.host, url.port or 80), timeout=10) as connection:
        connection.sendall(raw)
        connection.shutdown(socket.SHUT_WR)
        answered = b"".join(iter(lambda: connection.recv(65536), b""))
    head, _, body = answered.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in head
    assert json.loads(body)["code"] == "not_http"
    assert httpx.get(f"{address}/livez", trust_env=False).status_code == 200
