"""Waiting for a request to change: answered when it does, or with 304 when the time is over; one query for all who wait."""

import asyncio
from collections.abc import Mapping, Sequence

import httpx
import pytest

from services.intake.watching import MOST_OF_CALLER, Watcher
from tests.component.intake.intake_site import Site
from tests.unit.intake.desk import COORDINATED

pytestmark = pytest.mark.stack


async def waited(site: Site, request: str, tag: str, wait: int = 20) -> httpx.Response:
    return await site.ask("GET", f"/v1/requests/{request}", params={"wait": wait}, headers={"If-None-Match": tag})


async def test_who_waits_is_answered_as_soon_as_something_was_said(site: Site):
    request = (await site.submitted("R-1"))["id"]
    tag = (await site.ask("GET", f"/v1/requests/{request}")).headers["etag"]
    waiting = [asyncio.create_task(waited(site, request, tag)) for _ in range(3)]
    await asyncio.sleep(0.1)
    assert not any(task.done() for task in waiting)
    await site.hear(request, COORDINATED)
    async with asyncio.timeout(5):
        answers = await asyncio.gather(*waiting)
    assert [answer.status_code for answer in answers] == [200] * 3
    assert {answer.headers["etag"] for answer in answers} != {tag}
    assert all(answer.json()["timeline"][-1]["source"] == "routing" for answer in answers)


async def test_an_unchanged_request_is_304_without_a_body_and_at_once_unless_asked_to_wait(site: Site):
    request = (await site.submitted("R-1"))["id"]
    tag = (await site.ask("GET", f"/v1/requests/{request}")).headers["etag"]
    for wait in (0, 1):
        answer = await waited(site, request, tag, wait)
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    assert (await waited(site, request, 'W/"0"')).status_code == 200


async def test_nobody_waits_for_what_is_not_theirs_to_see(site: Site):
    request = (await site.submitted("R-1"))["id"]
    answer = await site.ask("GET", f"/v1/requests/{request}?wait=20", by="dev-unit-islands", headers={"If-None-Match": 'W/"1"'})
    assert answer.status_code == 404


class Looks:
    """Revisions that count how often they were asked for; `revision` is everybody's."""

    def __init__(self) -> None:
        self.asked: list[Sequence[str]] = []
        self.revision, self.away = 1, False

    async def __call__(self, requests: Sequence[str]) -> Mapping[str, int]:
        self.asked.append(requests)
        if self.away:
            raise ConnectionError("the database is away")
        return dict.fromkeys(requests, self.revision)


async def test_all_who_wait_share_a_query_and_none_is_asked_when_nobody_waits():
    looks = Looks()
    watcher = Watcher(looks, every=0.01)
    waiting = [asyncio.create_task(watcher.changed(f"R-{turn % 3}", 1, 20, caller=f"unit:{turn % 2}")) for turn in range(100)]
    while len(looks.asked) < 3:
        await asyncio.sleep(0.01)
    assert {tuple(asked) for asked in looks.asked} == {("R-0", "R-1", "R-2")}
    looks.revision = 2
    await asyncio.wait_for(asyncio.gather(*waiting), 5)
    before = len(looks.asked)
    await asyncio.sleep(0.1)
    assert len(looks.asked) <= before + 1


@pytest.mark.parametrize("end", ["stop", "away"])
async def test_whoever_waits_is_let_go_when_the_process_ends_or_cannot_look(end: str):
    looks = Looks()
    watcher = Watcher(looks, every=0.01)
    waiting = asyncio.create_task(watcher.changed("R", 1, 20, caller="unit:east"))
    await asyncio.sleep(0.03)
    if end == "stop":
        watcher.stop()
    looks.away = True
    await asyncio.wait_for(waiting, 5)
    if end == "stop":
        await asyncio.wait_for(watcher.changed("R", 1, 20, caller="unit:east"), 1)


async def test_one_caller_leaves_room_for_the_others_to_wait():
    watcher = Watcher(Looks(), every=0.01)
    waiting = [
        asyncio.create_task(watcher.changed("R", 1, 20, caller=caller))
        for caller in (*["unit:east"] * (MOST_OF_CALLER + 5), "unit:west")
    ]
    await asyncio.sleep(0.1)
    assert [task.done() for task in waiting] == [*[False] * MOST_OF_CALLER, *[True] * 5, False]
    watcher.stop()
    await asyncio.wait_for(asyncio.gather(*waiting), 5)
    assert not watcher._of_caller
