"""What a bid's people were told: kept alike by every process, and known also of bids that were planned before it was kept."""

from dataclasses import replace

from services.routing.domain.bidding.telling import read_of
from shared.schemas.bidding import BidPlanned
from tests.unit.routing.bids import a_child, a_planned


def test_what_people_were_told_is_kept_in_one_order_so_that_a_rebuild_agrees():
    plan = a_planned().state.bid.plan  # type: ignore[union-attr]
    assert plan is not None
    parts = tuple(part.model_copy(update={"status": "late", "feasible": False, "unfilled": ("a", "b")}) for part in plan.parts)
    reasons = read_of(plan.model_copy(update={"parts": parts})).model_dump(mode="json")["reasons"]
    assert len(reasons) > len(parts)
    assert reasons == sorted(reasons)


def test_a_bid_that_was_planned_before_that_was_kept_tells_its_people_nothing_twice():
    journey = a_planned()
    assert journey.state.bid is not None
    journey.state = journey.state.model_copy(update={"bid": journey.state.bid.model_copy(update={"told": None})})
    done = a_child("survey", "tech.survey", "completed", ("anna", "presales_engineer"))
    journey.context = replace(journey.context, kin={"R1": (done,)})
    (fact,) = journey.wakes("part_progressed").facts
    assert isinstance(fact, BidPlanned)
    assert (fact.version, fact.news) == (2, False)
