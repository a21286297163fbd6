"""Over HTTP: every command has its address, and one on what has changed since shows the present state."""

from collections.abc import AsyncIterator

import pytest

from shared.schemas.routing import WorkCommand
from tests.unit.routing.routing_build import an_assigned, an_engineer
from tests.unit.routing.states import DATA
from tests.unit.routing.test_routing_api import Site


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site(an_assigned(an_engineer("anna")))
    yield made
    await made.client.aclose()


@pytest.mark.parametrize("command", list(DATA))
async def test_every_command_has_its_address_and_takes_what_it_needs(site: Site, command: WorkCommand):
    await site.post(command.replace("_", "-"), DATA[command] or None, headers={"Idempotency-Key": command})
    (told,) = site.desk.told
    assert told.name == command
    assert {**told.data, **DATA[command]} == told.data


async def test_the_requester_confirms_and_rates(site: Site):
    await site.post("accept")
    await site.post("complete")
    assert (await site.post("confirm", {"rating": 6}, by="person-asker")).status_code == 422
    answer = (await site.post("confirm", {"rating": 5}, by="person-asker")).json()
    assert (answer["status"], answer["rating"]) == ("confirmed", 5)


async def test_work_that_waits_says_for_whom_and_until_when(site: Site):
    answer = await site.post("pause", {"reason": "客户出差", "until": "2027-03-04T09:00:00+08:00"})
    halt = answer.json()["halt"]
    assert (halt["by"], halt["reason"], halt["until"], halt["before"]) == (
        "anna",
        "客户出差",
        "2027-03-04T09:00:00+08:00",
        "assigned",
    )


async def test_a_command_on_what_has_changed_since_is_a_conflict_that_shows_the_present_state(site: Site):
    seen = (await site.ask("GET", "/v1/requests/R1/assignment")).headers["etag"]
    accepted = await site.post("accept", headers={"If-Match": seen})
    assert accepted.status_code == 200
    assert accepted.headers["etag"] != seen
    late = await site.post("complete", headers={"If-Match": seen})
    assert (late.status_code, late.json()["code"]) == (409, "stale_revision")
    assert late.json()["present"] == (await site.ask("GET", "/v1/requests/R1/assignment")).json()
    assert (await site.post("complete", headers={"If-Match": accepted.headers["etag"]})).json()["status"] == "completed"


@pytest.mark.parametrize("tag", ["7", '"x"', '"1", "2"', "W/", '"99999999999"'])
async def test_a_tag_that_is_none_is_refused(site: Site, tag: str):
    answer = await site.post("accept", headers={"If-Match": tag})
    assert (answer.status_code, answer.json()["code"]) == (400, "bad_if_match")
    assert site.desk.told == []


async def test_any_revision_will_do_where_none_is_named(site: Site):
    assert (await site.post("accept", headers={"If-Match": "*"})).status_code == 200
