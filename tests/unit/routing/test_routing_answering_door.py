"""The door behind the links in mails: what it costs to come too often, and what a page lets nobody do to its words."""

import uuid
from collections.abc import Iterable
from datetime import timedelta
from typing import Any

import httpx

from services.routing.api.answering import Door, answering_routes
from services.routing.pages.answering import UNSEEN, Notice, Page, rendered
from shared.acting.links import Ask, Asking, Links
from shared.http.rates import Buckets, Limits, Rate
from shared.http.server import create_app
from shared.telemetry.health import Health
from tests.unit.routing.routing_build import NOW, a_directory
from tests.unit.routing.routing_fakes import FakeClock


class Counting(Links):
    """Links that count how often somebody was looked for among all people."""

    looked = 0

    def who(self, ask: Ask, people: Iterable[str]) -> str | None:
        self.looked += 1
        return super().who(ask, people)


async def test_who_comes_too_often_is_not_looked_for_among_all_people():
    links = Counting(["a secret of links in these tests, random: 81x"])
    asking = Asking(
        purpose="support",
        request=str(uuid.uuid4()),
        person="who has left",
        until=int((NOW + timedelta(days=7)).timestamp()),
        stamp=1,
    )
    limits = Limits(callers=Buckets(Rate(per_second=0.001, burst=2)))
    door = Door(links=links, limits=limits, directory=a_directory, packs={}, clock=FakeClock())  # type: ignore[arg-type]
    nothing: Any = None
    app = create_app(service="routing", health=Health(), routers=(answering_routes(door, nothing, nothing),))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://routing.example") as client:
        said = [(await client.get(f"/act/{links.token(asking)}")).status_code for _ in range(4)]
    assert (said, links.looked) == ([410, 410, 429, 429], 2)


def test_no_name_reorders_the_sentence_it_stands_in_and_lines_stay_lines():
    notice = Notice(heading="x", text="y", quote="一\n\u2067二\x00")
    page = Page(locale="zh", title="x", facts=(("customer", "甲\u202e意同不\u202c"),), notice=notice, footer="丙\u200b\u2028")
    shown = rendered(page)
    assert not UNSEEN.search(shown)
    assert "一\n" in shown
