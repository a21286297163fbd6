"""The page behind a link, towards forgers and browsers: it tells a stranger nothing, lets nothing in, and is kept nowhere."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from services.routing.pages.answering import HEADERS, STYLE, WORDS
from shared.acting.links import Asking, Links
from shared.http.rates import Buckets, Limits, Rate
from shared.storage import Database, connect
from shared.telemetry import logging as telemetry
from shared.telemetry.metrics import HTTP_REQUESTS
from tests.component.routing.answering_site import Site, a_site
from tests.component.routing.test_routing_answering import kinds
from tests.component.routing.test_routing_answering_stale import opinion
from tests.unit.routing.routing_build import NOW

pytestmark = pytest.mark.stack


@pytest.fixture
async def site(mongo_database: Database, mongo_uri: str) -> AsyncIterator[Site]:
    client = connect(mongo_uri)
    async with a_site(client, mongo_database.name) as made:
        yield made
    client.close()


# -- forgers


async def test_a_forger_learns_nothing_and_every_forgery_is_answered_alike(site: Site):
    path = await opinion(site)
    token = path.removeprefix("/act/")
    ours = Asking(purpose="opinion", request=site.subject, person="finance", until=int(NOW.timestamp()) + 60, stamp=1)
    theirs = [Links(["a secret that somebody else has drawn"]).token(one) for one in (ours, replace(ours, person="legal"))]
    forgeries = [*theirs, token[:-1], token[::-1], token.swapcase(), "x", "%00", "A" * 7000, "令牌", "null"]
    pages = {(await site.look(f"/act/{one}")).text for one in forgeries}
    assert len(pages) == 1, "one page, whatever was tried"
    for one in forgeries:
        looked, acted = await site.look(f"/act/{one}"), await site.act(f"/act/{one}", "approve")
        assert (looked.status_code, acted.status_code) == (404, 404)
        assert acted.text == looked.text
    assert site.subject[:8].upper() not in pages.pop()
    assert kinds(await site.said())["opinion_given"] == 0


async def test_who_guesses_is_stopped_and_who_has_a_link_is_not(mongo_database: Database, mongo_uri: str):
    client = connect(mongo_uri)
    limits = Limits(guesses=Buckets(Rate(per_second=0.001, burst=3)), callers=Buckets(Rate(per_second=0.001, burst=4)))
    async with a_site(client, mongo_database.name, limits) as site:
        path = await opinion(site)
        statuses = [(await site.look(f"/act/{number}")).status_code for number in range(5)]
        assert statuses == [404, 404, 404, 429, 429]
        stopped = await site.look("/act/x", **{"Accept-Language": "en"})
        assert int(stopped.headers["retry-after"]) > 0
        assert stopped.headers["content-type"].startswith("text/html")
        assert [(await site.look(path)).status_code for _ in range(5)] == [200] * 4 + [429], "a link's holder has a rate too"
    client.close()


async def test_in_the_language_that_the_browser_asks_for(site: Site):
    assert WORDS["en"]["not_valid"][0] in (await site.look("/act/x", **{"Accept-Language": "en"})).text
    assert WORDS["zh"]["not_valid"][0] in (await site.look("/act/x", **{"Accept-Language": "zh"})).text


# -- what a browser may do with the page, and where a token may not be


async def test_every_page_lets_nothing_in_and_is_kept_nowhere(site: Site):
    path = await opinion(site)
    pages = [await site.look(path), await site.look("/act/x"), await site.act(path, "reject"), await site.act(path, "approve")]
    assert [page.status_code for page in pages] == [200, 404, 422, 200]
    for page in pages:
        policy = page.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; style-src 'sha256-")
        assert "frame-ancestors 'none'" in policy
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["referrer-policy"] == "no-referrer"
        assert all(page.headers[name] == value for name, value in HEADERS.items())
        assert f"<style>{STYLE}</style>" in page.text
        assert all(word not in page.text for word in ("<script", "style=", " src=", " href=", "onclick", "http:", "https:"))
    assert "</" not in STYLE


async def test_what_people_wrote_is_text_on_the_page(site: Site):
    path = await opinion(site)
    written = '<script>alert(1)</script>"></textarea><b>&amp;'
    refused = await site.act(path, "approve_with_changes", "x" * 501, text_reject=written)
    assert refused.status_code == 422
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in refused.text
    done = await site.act(path, "reject", written)
    assert done.status_code == 200
    for page in (refused.text, done.text):
        assert "<script" not in page
        assert "<b>" not in page


async def test_a_token_is_in_no_log_and_no_measure(site: Site, capfd: pytest.CaptureFixture[str]):
    telemetry.configure("routing", "json")
    path = await opinion(site)
    site.desk.close()  # the command is refused, as at a stop
    assert (await site.act(path, "approve")).status_code == 503
    await site.look("/act/x")
    measured = str([sample for metric in HTTP_REQUESTS.collect() for sample in metric.samples])
    assert "/act/{token}" in measured
    token = path.removeprefix("/act/")
    said = capfd.readouterr()
    assert token not in said.out + said.err + measured


@pytest.mark.parametrize(
    ("content", "media_type"),
    [
        (b'{"answer": "approve"}', "application/json"),
        (b"answer=approve&seen=%ff", "application/x-www-form-urlencoded"),
        ("answer=同意".encode(), "application/x-www-form-urlencoded"),
        (b"&".join(b"a=1" for _ in range(30)), "application/x-www-form-urlencoded"),
        (b"", "application/x-www-form-urlencoded"),
        (b"answer=complete&seen=1", "application/x-www-form-urlencoded"),
        (b"answer=confirm&seen=1", "application/x-www-form-urlencoded"),
    ],
)
async def test_what_no_browser_sends_changes_nothing(site: Site, content: bytes, media_type: str):
    path = await opinion(site)
    answer = await site.client.post(path, content=content, headers={"Content-Type": media_type})
    assert answer.status_code == 422
    assert kinds(await site.said())["opinion_given"] == 0
    assert (await site.act(path, "approve")).status_code == 200
