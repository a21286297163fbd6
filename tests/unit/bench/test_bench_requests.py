"""What the benchmark asks for: every request is one that the policy accepts, and no two are alike."""

from collections import Counter

import orjson
import pytest

from shared.catalogue import EarlierRequest, read_directory
from shared.schemas.people import Directory
from tests.bench.bare import portion
from tests.bench.company import SENDING, company, requesters
from tests.bench.mix import PER_OPPORTUNITY, SYSTEM, WEIGHTS, requests, surveys
from tests.builders import TYPES, judged

COUNT = sum(WEIGHTS.values())


@pytest.mark.parametrize("size", [50, 500, 5000])
def test_a_company_of_any_size_is_a_directory_without_fault(size: int):
    units, people, problems = read_directory(company(size))
    assert (len(units), len(people), problems) == (6, size, [])


def test_every_unit_has_somebody_who_may_ask_even_in_a_small_company():
    assert all(requesters(company(50))[unit] for unit in SENDING)


def test_the_same_seed_makes_the_same_company():
    assert company(60, seed=3) == company(60, seed=3) != company(60, seed=4)


def test_all_fifteen_types_are_asked_for_and_every_request_is_accepted():
    directory = company(50)
    units, people, _ = read_directory(directory)
    asking = requesters(directory)
    before = {
        (survey.unit, SYSTEM, survey.body["source"]["reference"]): EarlierRequest(
            type="tech.survey", opportunity_id=survey.body["opportunity"]["id"], status="completed"
        )
        for survey in surveys(COUNT, asking)
    }
    outcomes = Counter(
        (
            filed.body["type"],
            judged(filed.body, directory=Directory().with_entries([*units, *people]), earlier=before).verdict.outcome,
        )
        for filed in requests(COUNT, asking)
    )
    assert outcomes == {(kind, "accepted"): WEIGHTS[kind] for kind in TYPES}


def test_no_two_requests_have_the_same_details():
    filed = requests(COUNT, requesters(company(50)))
    assert len({orjson.dumps([one.body["details"], one.body["extra"]]) for one in filed}) == COUNT


def test_an_opportunity_has_as_many_requests_as_in_a_season():
    count = len(SENDING) * PER_OPPORTUNITY * 2
    named = Counter(
        one.body["opportunity"]["id"] for one in requests(count, requesters(company(50))) if "opportunity" in one.body
    )
    assert len(surveys(count, requesters(company(50)))) == len(SENDING) * 2
    assert max(named.values()) <= PER_OPPORTUNITY


def test_later_requests_are_about_opportunities_that_were_surveyed():
    asking = requesters(company(50))
    known = {survey.body["opportunity"]["id"] for survey in surveys(100, asking)}
    later = requests(50, asking, first=100, surveyed=100)
    assert {one.body["opportunity"]["id"] for one in later if "opportunity" in one.body} <= known
    assert not {one.id for one in later} & {one.id for one in requests(100, asking)}


def test_the_bare_loop_says_as_much_on_average_as_it_is_told_to():
    identities = [f"{number * 0xFFFFFF // 999:06x}" for number in range(1000)]
    assert sum(portion(6.7, identity) for identity in identities) == pytest.approx(6700, abs=2)


def test_what_a_request_has_is_spread_over_its_parts_without_rest():
    assert [portion(7.0, "000000", part, 3) for part in (1, 2, 3)] == [2, 2, 3]
