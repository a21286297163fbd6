"""Estimates: ranges from present facts, wider and later the more wait; what they rest on; and nobody when there is nobody."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import pytest

from services.routing.api.estimating import estimating_routes
from services.routing.domain import Context, OpenLoad
from services.routing.domain.estimating import Delivered, Seen, Wanted, estimate, quantile, together, waiting
from services.routing.domain.seasons.ageing import Queued
from services.routing.estimator import Estimator
from shared.http.auth import Authenticator
from shared.http.server import create_app
from shared.schemas.estimates import Estimate
from shared.telemetry.health import Health
from tests.builders.contract import conforming
from tests.unit.routing.routing_build import AWAY, CALENDAR, MANAGER, NOW, PACK, POLICY, a_context, a_directory, an_engineer
from tests.unit.routing.routing_fakes import FakeRequests
from tests.unit.routing.season_build import a_season

ANNA = an_engineer("anna", seats=4)
FULL = {"anna": OpenLoad(count=4)}
SURVEY = Wanted(type="tech.survey", business_unit="east")
FEW = POLICY.estimates.least_observations - 1


def reckoned(context: Context, wanted: Wanted = SURVEY, **seen: Any) -> Estimate:
    return estimate(wanted, Seen(**seen), PACK, context)


def a_world(*people: Any, loads: Any = None, **changes: Any) -> Context:
    return a_context(MANAGER, *(people or (ANNA,)), loads=loads, **changes)


def deliveries(*hours: float, kind: str = "tech.survey") -> list[Delivered]:
    """Each began now and took so many working hours."""
    unit = CALENDAR.of_unit("east", a_directory())
    return [Delivered(type=kind, business_unit="east", since=NOW, until=unit.add(NOW, timedelta(hours=one))) for one in hours]


def queued(name: str, hours: float = 1, unit: str = "east", **more: Any) -> Queued:
    role = {"presales_engineer": 1}
    return Queued(request=name, business_unit=unit, type="tech.survey", since=NOW - timedelta(hours=hours), full=role, **more)


def test_who_has_room_is_there_at_once_and_the_work_takes_what_it_took():
    found = reckoned(a_world(), alike=deliveries(*range(1, 20)))
    assert (found.verdict, found.basis, found.observations) == ("now", "observed", 19)
    assert found.people is not None
    assert found.people.late == NOW
    assert found.done is not None
    assert (found.done.early_hours, found.done.median_hours, found.done.late_hours) == (2, 10, 18)
    assert found.done.late > found.done.median > found.done.early > NOW
    assert "19" in found.message.en


def test_too_few_deliveries_are_not_believed_and_it_is_said():
    found = reckoned(a_world(), alike=deliveries(*[1.0] * FEW))
    assert (found.basis, found.observations) == ("service_level", FEW)
    assert found.done is not None
    level = POLICY.service_levels.of("tech.survey", "normal").delivery
    assert level is not None
    assert found.done.late_hours == level * POLICY.estimates.level_late
    assert "service level" in found.message.en


def test_who_is_full_is_waited_for_the_longer_the_more_wait_before():
    found = [
        reckoned(a_world(loads=FULL), queue=[queued(f"R{n}") for n in range(ahead)], any_type=deliveries(*[8.0] * 20))
        for ahead in (0, 2, 8)
    ]
    assert [one.verdict for one in found] == ["later"] * 3
    assert [one.ahead for one in found] == [0, 2, 8]
    assert {one.people_basis for one in found} == {"observed"}
    for nearer, further in pairwise(found):
        assert nearer.people is not None
        assert further.people is not None
        assert nearer.people.median < further.people.median
        assert nearer.people.late < further.people.late
    assert all(one.done and one.people and one.done.median > one.people.median for one in found)


def test_free_places_are_taken_by_those_who_wait_before():
    busy = {"anna": OpenLoad(count=2)}
    assert reckoned(a_world(loads=busy), queue=[queued("R1")]).verdict == "now"
    assert reckoned(a_world(loads=busy), queue=[queued("R1"), queued("R2")]).verdict == "later"
    assert reckoned(a_world(loads=busy), queue=[queued("R1"), queued("R2", unit="south")]).verdict == "now", "not the same people"


@pytest.mark.parametrize(
    "people", [(an_engineer("sven", unit="south"),), (an_engineer("anna", skills={}),), (an_engineer("anna", leave=AWAY),)]
)
def test_where_nobody_could_it_says_so_and_gives_no_range(people: Any):
    found = reckoned(a_world(*people))
    assert (found.verdict, found.people, found.done) == ("nobody", None, None)
    assert "nobody" in found.message.en


def test_in_season_there_is_more_room_and_urgent_ones_are_before():
    seasonal = a_world(loads=FULL, seasons=(a_season(),))
    assert reckoned(seasonal).verdict == "now"
    assert reckoned(seasonal).season == "S1"
    assert reckoned(a_world(loads=FULL)).season is None
    soon = Wanted(type="tech.survey", business_unit="east", needed_by=NOW + timedelta(hours=2))
    plain = [queued("R1"), queued("R2"), queued("R3")]
    assert reckoned(seasonal, soon, queue=plain).ahead == 0
    assert reckoned(seasonal, SURVEY, queue=plain).ahead == 3


@pytest.mark.parametrize(("days", "meets"), [(60, "likely"), (1, "possible"), (0, "unlikely")])
def test_it_is_compared_with_when_it_is_needed(days: int, meets: str):
    wanted = Wanted(type="tech.survey", business_unit="east", needed_by=NOW + timedelta(days=days))
    found = reckoned(a_world(), wanted, alike=deliveries(*[4.0] * 5, *[40.0] * 10))
    assert found.meets == meets


def test_the_wait_for_a_place_is_that_of_the_gamma_distribution():
    """Against its known quantiles: shape 1 is the exponential one, shape 4 from a table of chi squares with 8 degrees."""
    assert waiting(0, 5, 8.0) == (0, 0, 0)
    assert waiting(1, 1, 1.0) == pytest.approx((0.1054, 0.6931, 2.3026), rel=0.08)
    assert waiting(4, 1, 1.0) == pytest.approx((1.745, 3.672, 6.681), rel=0.01)
    assert waiting(4, 10, 8.0) == pytest.approx([value * 0.8 for value in waiting(4, 1, 1.0)])


def test_waiting_and_working_together_are_less_wide_than_both_added_up():
    early, median, late = together((1, 4, 9), (2, 8, 20))
    assert median == 12
    assert 3 < early < median < late < 29


def test_quantiles():
    assert quantile([5.0], 0.9) == 5
    assert quantile(sorted(float(one) for one in range(1, 20)), 0.5) == 10
    assert quantile([1.0, 2.0], 0.99) == 2


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    context = a_world()

    async def present() -> Context:
        return context

    auth = Authenticator(
        service_token="a-service-token-of-tests",
        environment="development",
        keys_file=None,
        directory=lambda: context.directory,
    )
    routes = estimating_routes(Estimator(facts=FakeRequests(), surroundings=present, pack=PACK), auth.principal)
    app = create_app(service="routing", health=Health(), routers=(routes,))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://routing", event_hooks=conforming(app)) as made:
        yield made


@pytest.mark.parametrize(
    ("params", "by", "status", "code"),
    [
        ({}, "unit-east", 200, None),
        ({"needed_by": "2027-03-05T10:00:00+08:00"}, "unit-east", 200, None),
        ({"needed_by": "9999-12-31T23:59:59+00:00"}, "unit-east", 200, None),
        ({}, "person-asker", 200, None),
        ({}, "unit-south", 403, "others_estimate"),
        ({"type": "tech.magic"}, "unit-east", 422, "no_such_type"),
        ({"needed_by": "2027-03-05T10:00:00"}, "unit-east", 422, None),
        ({"type": ""}, "unit-east", 422, None),
    ],
)
async def test_over_http(client: httpx.AsyncClient, params: dict[str, str], by: str, status: int, code: str | None):
    given = {"type": "tech.survey", "business_unit": "east", **params}
    answer = await client.get("/v1/estimate", params=given, headers={"Authorization": f"Bearer dev-{by}"})
    assert answer.status_code == status, answer.text
    if code:
        assert answer.json()["code"] == code
    if status == 200:
        assert answer.json()["verdict"] == "now"
        assert datetime.fromisoformat(answer.json()["done"]["late"]) > NOW


@pytest.mark.parametrize("kind", sorted(PACK.types))
def test_every_type_has_an_answer(kind: str):
    wanted = Wanted(type=kind, business_unit="east")
    assert reckoned(a_world(), wanted).verdict in {"now", "later", "nobody"}


def test_where_nobody_has_any_work_yet_the_free_places_are_taken_by_those_before_and_it_is_not_for_ever():
    waiting_before = [queued(f"R{number}") for number in range(9)]
    found = reckoned(a_world(), queue=waiting_before)
    assert (found.verdict, found.free_places, found.ahead) == ("later", 4, 9)
    assert found.people is not None
    assert NOW < found.people.early <= found.people.late


def test_who_wants_more_people_than_there_are_places_waits():
    bid = Wanted(type="tech.bid", business_unit="east")
    found = reckoned(a_world(an_engineer("anna", seats=1)), bid)
    assert found.verdict == "later"
    assert found.people is not None
    assert found.people.late > NOW


def test_long_ranges_are_said_in_plain_numbers():
    long = reckoned(a_world(loads=FULL), queue=[queued(f"R{number}") for number in range(3000)])
    assert long.people is not None
    assert long.people.late_hours > 1000
    assert "e+" not in long.message.en + long.message.zh
