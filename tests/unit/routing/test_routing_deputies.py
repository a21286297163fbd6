"""Over HTTP: whoever stands in reads and lists the work of who is away, from whichever unit, and no longer than the leave lasts."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from shared.schemas.people import Person
from tests.unit.routing.routing_build import AWAY, NOW, a_person, an_assigned, an_engineer
from tests.unit.routing.test_routing_api import Site

PATHS = ("/v1/requests/R1/assignment", "/v1/requests/R1/decision", "/v1/people/anna/work")
DEPUTY = a_person("deputy", "sales_manager", unit="south")
AFTER = NOW + timedelta(days=30)


@pytest.fixture
async def site() -> AsyncIterator[Site]:
    made = Site(an_assigned(an_engineer("anna")))
    made.directory = made.directory.with_entries([DEPUTY, a_person("link", unit="north"), a_person("bystander", unit="south")])
    yield made
    await made.client.aclose()


def moves(site: Site, *people: Person) -> None:
    site.directory = site.directory.with_entries(people)


def goes(site: Site, delegate: str = "deputy", **changes: object) -> None:
    """Anna goes on leave."""
    moves(site, an_engineer("anna", **{"leave": AWAY, "delegate": delegate, **changes}))


async def seen(site: Site, by: str) -> set[int]:
    return {(await site.ask("GET", path, by=by)).status_code for path in PATHS}


async def test_a_delegate_of_another_unit_reads_what_they_stand_in_for_with_its_etag(site: Site):
    goes(site)
    answer = await site.ask("GET", PATHS[0], by="person-deputy")
    assert (answer.status_code, answer.headers["ETag"]) == (200, f'"{answer.json()["revision"]}"')
    assert await seen(site, "person-deputy") == {200}


async def test_the_chain_is_followed_and_only_who_is_there_at_its_end_reads(site: Site):
    goes(site, delegate="link")
    moves(site, a_person("link", unit="north", leave=AWAY, delegate="deputy"))
    assert await seen(site, "person-deputy") == {200}
    assert await seen(site, "person-link") == {404, 403}


async def test_a_delegate_reads_nothing_while_the_holder_is_there(site: Site):
    goes(site, leave=())
    assert await seen(site, "person-deputy") == {404, 403}


async def test_once_the_leave_has_ended_it_is_as_if_there_were_no_such_request(site: Site):
    goes(site)
    assert await seen(site, "person-deputy") == {200}
    site.now = AFTER
    assert await seen(site, "person-deputy") == {404, 403}
    assert (await site.ask("GET", "/v1/people/deputy/work", by="person-deputy")).json()["work"] == []


@pytest.mark.parametrize("by", ["person-bystander", "unit-south", "unit-deputy"])
async def test_nobody_else_reads_because_somebody_stands_in(site: Site, by: str):
    goes(site)
    assert (await site.ask("GET", PATHS[0], by=by)).status_code == 404
    work = await site.ask("GET", "/v1/people/anna/work", by=by)
    assert work.status_code == 403 or work.json()["work"] == []


async def test_who_is_away_sees_their_own_as_before(site: Site):
    goes(site)
    assert await seen(site, "person-anna") == {200}


async def test_the_own_list_says_which_entries_are_for_whom(site: Site):
    goes(site)
    rows = (await site.ask("GET", "/v1/people/deputy/work", by="person-deputy")).json()["work"]
    assert [(row["id"], row["for_whom"]) for row in rows] == [("R1", ["anna"])]
    rows = (await site.ask("GET", "/v1/people/anna/work", by="person-anna")).json()["work"]
    assert [(row["id"], row["for_whom"]) for row in rows] == [("R1", [])]


async def test_a_seat_of_ones_own_is_listed_once_and_names_the_other_too(site: Site):
    goes(site, delegate="manager")
    rows = (await site.ask("GET", "/v1/people/manager/work", by="person-manager")).json()["work"]
    assert [(row["id"], row["for_whom"]) for row in rows] == [("R1", ["anna"])]


async def test_a_units_system_is_told_of_a_deputy_only_what_is_the_deputys_own(site: Site):
    goes(site)
    assert (await site.ask("GET", "/v1/people/deputy/work", by="unit-east")).json()["work"] == []
