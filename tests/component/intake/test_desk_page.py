"""The desk's page: it runs and styles only what stands in it, asks only the desk, says everything in both languages, and trusts no value."""

import base64
import hashlib
import re
from collections.abc import AsyncIterator
from typing import get_args

import httpx
import pytest_asyncio

from services.intake.desk.entries import Kind
from services.intake.desk.page import PAGE, headers_of, page_routes
from shared.http.server import create_app
from shared.schemas.requests import Action, Outcome
from shared.telemetry.health import Health
from tests.component.http.test_service_http import application

HTML = PAGE.read_text(encoding="utf-8")
(SCRIPT,) = re.findall(r"<script>(.*?)</script>", HTML, re.DOTALL)


@pytest_asyncio.fixture(loop_scope="session")
async def answer() -> AsyncIterator[httpx.Response]:
    app = create_app(service="intake", health=Health(), routers=(page_routes(),))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://intake") as client:
        yield await client.get("/desk")


async def test_the_page_is_for_everybody_and_nobody_may_frame_it(answer: httpx.Response):
    assert (answer.status_code, answer.headers["content-type"], answer.text) == (200, "text/html; charset=utf-8", HTML)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_only_the_script_and_the_style_of_the_page_itself_run():
    digest = base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
    policy = headers_of(HTML.encode())["Content-Security-Policy"]
    assert f"script-src 'sha256-{digest}'" in policy
    assert headers_of(HTML.replace("use strict", "use sloppy").encode())["Content-Security-Policy"] != policy, "the control"
    assert not re.findall(r"\son\w+=|style=|<link|<img|https?://|@import|url\(", HTML)


def test_values_are_put_in_as_text_alone():
    assert not re.findall(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function|localStorage", SCRIPT)


def test_it_says_the_same_in_both_languages():
    said = {}
    for language in ("zh", "en"):
        (block,) = re.findall(rf"\n  {language}: \{{(.*?)\n  \}},", SCRIPT, re.DOTALL)
        said[language] = set(re.findall(r'(?:^|[,{\n]\s*)"?([\w.]+)"?: "', block))
    assert said["zh"] == said["en"]
    assert len(said["zh"]) > 30
    asked = {*re.findall(r'say\("([\w.]+)"', SCRIPT), *re.findall(r'data-say="(\w+)"', HTML)}
    asked |= set(re.findall(r'worded\("\w+", "(\w+)"', SCRIPT))
    asked |= {*get_args(Action), *get_args(Kind), *get_args(Outcome), "request", "refused", "withdrawn", "held"}
    assert asked <= said["zh"], asked - said["zh"]


def test_what_was_sent_as_something_else_is_sent_again_as_what_it_was():
    """A waiver that was refused became a submission, since the first of three actions was chosen for it."""
    offered = 'new Set([entry.action, "submit", "amend", "withdraw"])'
    assert offered in SCRIPT
    assert "action.value === entry.action ? {} :" in SCRIPT


def test_it_asks_addresses_that_there_are():
    paths = application("intake").openapi()["paths"]
    asked = {re.sub(r"\$\{encodeURIComponent\([^)]*\)\}", "{entry}", path) for path in re.findall(r"`(/v1/[^`?]*)", SCRIPT)}
    assert asked == {"/v1/desk", "/v1/desk/{entry}", "/v1/desk/{entry}/resend"}
    assert asked <= set(paths)
