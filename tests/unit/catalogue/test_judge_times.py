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
