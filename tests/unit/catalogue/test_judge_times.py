"""What a date without a time and a time without an offset mean: the whole day is given, and the sender's zone holds."""

from typing import Any

import pytest

from shared.schemas.requests import Request
from tests.builders import a_body, a_directory, a_person, judged, window, with_details


def accepted(body: dict[str, Any], **context: Any) -> Request:
    judgement = judged(body, **context)
    assert judgement.verdict.outcome == "accepted", judgement.verdict.problems
    assert judgement.request is not None
    return judgement.request


@pytest.mark.parametrize("day", ["2027-03-05", " 20270305 "])
@pytest.mark.parametrize("kind", ["tech.proposal", "tech.bid"])
def test_a_deadline_that_is_a_date_is_the_end_of_that_day(kind: str, day: str):
    request = accepted(with_details(a_body(kind, needed_by=day), due=day))
    assert request.details["due"] == "2027-03-05T23:59:59+08:00"
    assert request.needed_by is not None
    assert request.needed_by.isoformat() == "2027-03-05T23:59:59+08:00"


def test_what_is_due_today_is_not_past():
    assert accepted(a_body("tools.company", needed_by="2027-03-01")).needed_by is not None
    assert judged(a_body("tools.company", needed_by="2027-02-28")).verdict.outcome == "returned"


def test_a_moment_that_is_no_deadline_is_the_start_of_its_day():
    body = a_body("business.price")
    body["details"]["tender"]["opening_date"] = "2027-03-22"
    assert accepted(body).details["tender"]["opening_date"] == "2027-03-22T00:00:00+08:00"


def test_a_window_of_dates_holds_both_days_whole():
    where = accepted(with_details(a_body("tech.survey"), where=window("2027-03-10", "2027-03-10"))).details["where"]
    assert (where["start"], where["end"]) == ("2027-03-10T00:00:00+08:00", "2027-03-10T23:59:59+08:00")


def test_a_time_that_says_its_hour_keeps_it():
    request = accepted(a_body("tools.company", needed_by="2027-03-05T00:00:00"))
    assert request.needed_by is not None
    assert request.needed_by.isoformat() == "2027-03-05T00:00:00+08:00"


@pytest.mark.parametrize(("zone", "offset"), [("Europe/Berlin", "+01:00"), ("America/New_York", "-05:00")])
def test_the_requesters_own_zone_holds_not_the_units(zone: str, offset: str):
    traveller = a_person("A1", "harbour", "account_manager", time_zone=zone)
    request = accepted(a_body("tools.company", needed_by="2027-03-05T10:00:00"), directory=a_directory(traveller))
    assert request.needed_by is not None
    assert request.needed_by.isoformat() == f"2027-03-05T10:00:00{offset}"


def test_of_somebody_unknown_the_units_zone_holds():
    unit = a_directory().units["islands"].model_copy(update={"time_zone": "Asia/Tokyo"})
    body = a_body(
        "tools.company", business_unit="islands", requester={"id": "X9", "role": "account_manager"}, needed_by="2027-03-05"
    )
    request = judged(body, directory=a_directory(unit)).request
    assert request is not None
    assert request.needed_by is not None
    assert request.needed_by.isoformat() == "2027-03-05T23:59:59+09:00"


UNLIKELY = ["9999-12-31", "9999-12-31T23:59:59-12:00", "9999-12-31T23:59:59Z", "2101-01-01T00:00:00+08:00"]


def problems(body: dict[str, Any]) -> list[tuple[str, str]]:
    judgement = judged(body)
    assert judgement.verdict.outcome == "returned"
    return [(problem.field, problem.code) for problem in judgement.verdict.problems]


@pytest.mark.parametrize("far", UNLIKELY)
def test_a_time_in_years_that_nobody_works_in_is_returned_by_its_field(far: str):
    price = a_body("business.price")
    price["details"]["tender"]["opening_date"] = far
    assert problems(price) == [("details.tender.opening_date", "unlikely_time")]
    assert problems(with_details(a_body("tech.proposal"), due=far)) == [("details.due", "unlikely_time")]
    assert problems(a_body("tools.company", needed_by=far)) == [("needed_by", "unlikely_time")]
    assert judged(a_body("tools.company", needed_by=far)).request.needed_by is None  # type: ignore[union-attr]
    for kind in ("tech.survey", "tech.presentation"):
        where = window("2027-03-10T14:00:00+08:00", far)
        assert problems(with_details(a_body(kind), where=where)) == [("details.where", "unlikely_time")]


@pytest.mark.parametrize("early", ["0001-01-01", "0001-01-01T00:00:00+14:00", "1999-12-31T23:59:59Z"])
def test_what_is_far_too_early_is_past_where_it_is_due_and_unlikely_elsewhere(early: str):
    price = a_body("business.price")
    price["details"]["tender"]["opening_date"] = early
    assert problems(price) == [("details.tender.opening_date", "unlikely_time")]
    assert problems(a_body("tools.company", needed_by=early)) == [("needed_by", "in_the_past")]
    where = window(early, "2027-03-10T14:00:00+08:00")
    assert problems(with_details(a_body("tech.survey"), where=where)) == [("details.where", "unlikely_time")]
    assert problems(with_details(a_body("tech.presentation"), where=where)) == [("details.where", "in_the_past")]


def test_the_first_and_the_last_day_of_the_likely_years_are_taken():
    price = a_body("business.price", needed_by="2100-12-31")
    price["details"]["tender"]["opening_date"] = "2000-01-01"
    assert accepted(price).needed_by is not None
