"""Dates at the end of all time, as old and foreign data may hold them: nobody waits for one, and nobody is stopped by one."""

import time
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from services.routing.domain.policy import AssignmentRules
from services.routing.domain.ticking import Clocks
from services.routing.seats import MongoSeats
from shared.ledger.messages import Booking, Reservation
from tests.unit.routing.clocked import MONDAY, Clocked, a_journey, clock, operated, shanghai
from tests.unit.routing.routing_build import NOW

FAR = [
    datetime.fromisoformat(text)
    for text in (
        "9999-12-31T00:00:00+08:00",
        "9999-12-31T23:59:59-12:00",
        "9999-12-31T23:59:59+00:00",
        "0001-01-01T00:00:00+14:00",
    )
]
PLAIN = shanghai(3, 6, 18)
"""When a delivery without a date is due."""
TEN_YEARS = timedelta(days=3660)


@pytest.mark.parametrize("needed", [*FAR, MONDAY + TEN_YEARS + timedelta(seconds=1)])
def test_a_date_out_of_reach_counts_as_none(needed: datetime) -> None:
    before = time.monotonic()
    delivery = clock(a_journey(needed_by=needed), "delivery")
    assert (delivery.due, delivery.by_date) == (PLAIN, False)
    assert time.monotonic() - before < 2, "its days are not walked"


def test_the_last_date_within_reach_counts() -> None:
    delivery = clock(a_journey(needed_by=MONDAY + TEN_YEARS), "delivery")
    assert (delivery.due, delivery.by_date) == (MONDAY + TEN_YEARS, True)


@pytest.mark.parametrize("needed", FAR)
def test_an_amendment_to_a_date_out_of_reach_brings_the_levels_hours(needed: datetime) -> None:
    journey = a_journey(needed_by=shanghai(3, 12, 17))
    journey.request = journey.request.model_copy(update={"needed_by": needed})
    journey.amended(due="later")
    assert (clock(journey, "delivery").due, clock(journey, "delivery").by_date) == (PLAIN, False)


def with_old_clock(due: datetime, **changes: Any) -> Clocked:
    """Work whose clock was set before dates were looked at."""
    journey = a_journey(needed_by=shanghai(3, 12, 17))
    far = {"due": due, "warn_at": due, "leader_at": None, "provisional": True, "almanac": "older", **changes}
    clocks = Clocks.of(
        one.model_copy(update=far) if one.clock == "delivery" else one.model_copy(update={"met": MONDAY})
        for one in journey.state.clocks.clocks
    )
    journey.state = journey.state.model_copy(update={"clocks": clocks})
    return journey


@pytest.mark.parametrize("due", FAR[:3])
def test_work_with_a_clock_out_of_reach_goes_on_with_the_levels_hours(due: datetime) -> None:
    journey = with_old_clock(due)
    journey.changes(now=shanghai(3, 2, 11))
    journey.tells("pause", "anna", reason="等客户")
    journey.changes(now=shanghai(3, 4, 11))
    journey.tells("resume", "anna")
    assert (clock(journey, "delivery").due, clock(journey, "delivery").by_date) == (shanghai(3, 10, 18), False)


@pytest.mark.parametrize("due", FAR[:3])
@pytest.mark.parametrize("operator", [True, False])
def test_a_clock_out_of_reach_that_is_reckoned_anew_has_the_levels_hours(due: datetime, operator: bool) -> None:
    journey = with_old_clock(due)
    if operator:
        operated(journey)
    else:
        journey.wakes("almanac")
    assert (clock(journey, "delivery").due, clock(journey, "delivery").by_date) == (PLAIN, False)


class Recording:
    """A collection that remembers each bulk."""

    def __init__(self) -> None:
        self.bulks: list[Any] = []

    async def bulk_write(self, steps: Any, **_how: Any) -> None:
        self.bulks.append(steps)


@pytest.mark.parametrize(
    "end", [datetime(9999, 12, 31, 23, 59, 59, tzinfo=timezone(-timedelta(hours=12))), datetime.max.replace(tzinfo=UTC)]
)
async def test_a_place_that_cannot_be_asked_for_raises_before_one_is_taken(end: datetime) -> None:
    collection = Recording()
    seats = MongoSeats(collection, AssignmentRules(travel_minutes=180))  # type: ignore[arg-type]
    good, bad = (Booking(request=name, start=NOW, end=last, place="上海") for name, last in (("R1", NOW), ("R2", end)))
    wanted = [(one.request, Reservation(holder="anna", capacity=8, bookings=(one,))) for one in (good, bad)]
    with pytest.raises(OverflowError):
        await seats.reserve(wanted, NOW)
    assert len(collection.bulks) == 1, "the person's document alone is made"
