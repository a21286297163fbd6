"""Reviews over HTTP: one command per reviewer, the chain as it stands, and refusals that say what to do."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.routing.reviews import FINANCE, SMALL, under_review
from tests.unit.routing.routing_build import an_assigned
from tests.unit.routing.test_routing_api import Site


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site(under_review(SMALL))
    yield made
    await made.client.aclose()


async def review(site: Site) -> dict[str, object]:
    answer = await site.ask("GET", "/v1/requests/R1/review", by="person-legal")
    assert answer.status_code == 200
    shown: dict[str, object] = answer.json()
    return shown


async def test_one_command_per_reviewer_decides(site: Site):
    assert (await review(site))["asked"] == ["finance", "legal"]
    for person in ("finance", "legal", "leader"):
        answer = await site.post("opine", {"opinion": "approve", "version": 1}, by=f"person-{person}")
        assert answer.status_code == 200
    assert answer.json()["status"] == "completed"
    shown = await review(site)
    assert (shown["outcome"], shown["asked"]) == ("approved", [])


async def test_who_comes_too_late_is_shown_the_present_state(site: Site):
    answer = await site.post(
        "opine", {"opinion": "approve", "version": 7}, by="person-finance", headers={"Accept-Language": "en"}
    )
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["present"]["version"]) == (409, "other_version", 1)


@pytest.mark.parametrize(
    ("command", "body"),
    [
        ("opine", {"opinion": "approve"}),
        ("opine", {"opinion": "perhaps", "version": 1}),
        ("opine", {"opinion": "approve", "version": 1, "condition": []}),
        ("return-to-step", {"step": "unit"}),
        ("ask-also", {"person": "second", "reason": "x"}),
        ("transfer", {"person": "second"}),
    ],
)
async def test_a_wrong_body_is_never_told(site: Site, command: str, body: dict[str, object]):
    assert (await site.post(command, body, by="person-finance")).status_code == 422
    assert site.desk.told == []


async def test_a_colleague_is_asked_a_part_is_transferred_and_a_step_returned_to(site: Site):
    beside = {"person": "test_head", "beside": FINANCE, "reason": "指标"}
    assert (await site.post("ask-also", beside, by="person-finance")).status_code == 200
    assert (await review(site))["asked"] == ["test_head"]
    given = await site.post("transfer", {"person": "second", "reason": "出差"}, by="person-finance")
    assert given.json()["supporters"][0]["person"] == "second"
    demanded = {"opinion": "approve_with_changes", "version": 1, "conditions": [{"text": "x", "concerns": ["lines"]}]}
    assert (await site.post("opine", demanded, by="person-test_head")).status_code == 200
    back = {"step": "extra:test_manager", "reason": "再看一次"}
    assert (await site.post("return-to-step", back, by="person-legal")).status_code == 200
    assert (await review(site))["asked"] == ["test_head"]


async def test_work_that_is_not_reviewed_shows_no_review():
    made = Site(an_assigned())
    answer = await made.ask("GET", "/v1/requests/R1/review")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_review")
    await made.client.aclose()
