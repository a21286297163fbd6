"""Nobody confirms or rates what they delivered, in whosever place; the requester's own word and time remain."""

import pytest

from services.routing.domain.answering import Asked, standing
from shared.acting.links import Ask
from shared.schemas.people import Person
from shared.schemas.routing import DeliveryConfirmed
from tests.unit.routing.routing_build import (
    ASKER,
    AWAY,
    MANAGER,
    Journey,
    a_context,
    a_person,
    a_request,
    an_assigned,
    an_engineer,
)
from tests.unit.routing.states import ANNA, code, completed

OUTSIDER = a_person("outsider", "account_manager")


def delivered_with(journey: Journey, *people: Person) -> Journey:
    journey.changes(directory=journey.context.directory.with_entries(people))
    return journey


def asker_away(delegate: str) -> Person:
    return ASKER.model_copy(update={"leave": AWAY, "delegate": delegate})


@pytest.mark.parametrize("rating", [5, None])
def test_a_supporter_who_stands_in_for_the_requester_does_not_confirm_their_own_work(rating: int | None):
    journey = delivered_with(completed(), asker_away("anna"))
    refusal = journey.tells("confirm", "anna", rating=rating).refusal
    assert refusal is not None
    assert (refusal.code, refusal.status, journey.state.status) == ("own_delivery", 403, "completed")
    assert "申请人" in refusal.message.zh
    assert "requester" in refusal.message.en


def test_a_requester_who_delivered_in_a_supporters_place_does_not_confirm_it():
    journey = an_assigned(ANNA)
    journey.tells("accept", "anna")
    journey.changes(people=(MANAGER, an_engineer("anna", leave=AWAY, delegate="asker")))
    assert journey.tells("complete", "asker", note="x").refusal is None
    assert journey.state.delivered_by == ("asker", "anna")
    assert code(journey.tells("confirm", "asker", rating=5)) == "own_delivery"
    assert journey.state.confirm_by is not None
    journey.changes(now=journey.state.confirm_by)
    (fact,) = journey.wakes("due").facts
    assert isinstance(fact, DeliveryConfirmed)
    assert (fact.cause, fact.rating) == ("time", None)


def test_who_worked_on_it_beside_whoever_delivered_does_not_confirm_it_either():
    people = (an_engineer("writer", skills={"writing": 3}), an_engineer("bidder", skills={"bidding": 3}))
    journey = Journey(a_context(MANAGER, *people), a_request("tech.bid"))
    journey.submitted()
    for one in people:
        journey.tells("accept", one.id)
    journey.tells("complete", "writer", note="x")
    delivered_with(journey, asker_away("bidder"))
    assert code(journey.tells("confirm", "bidder")) == "own_delivery"


def test_somebody_else_who_stands_in_confirms_and_rates_and_whoever_delivered_may_reopen():
    journey = delivered_with(completed(), OUTSIDER, asker_away("outsider"))
    assert journey.tells("confirm", "outsider", rating=4).refusal is None
    journey = delivered_with(completed(), asker_away("anna"))
    assert journey.tells("reopen", "anna", reason="缺少拓扑图").refusal is None


def an_own_request() -> Journey:
    """A visit that the policy gave to who asked for it, since nobody else could."""
    asker = a_person("asker", "bu_marketing", seats=60)
    journey = Journey(a_context(asker), a_request("market.visit"))
    journey.changes(directory=journey.context.directory.with_entries([asker]))
    journey.submitted()
    assert journey.supporters == ["asker"]
    journey.tells("accept", "asker")
    journey.tells("complete", "asker", note="x")
    return journey


def test_who_was_given_their_own_request_confirms_it_without_a_rating():
    journey = an_own_request()
    refusal = journey.tells("confirm", "asker", rating=5).refusal
    assert refusal is not None
    assert (refusal.code, refusal.status) == ("own_rating", 422)
    assert journey.tells("confirm", "asker").refusal is None
    assert (journey.state.status, journey.state.rating) == ("confirmed", None)


@pytest.mark.parametrize(("delegate", "offers"), [("anna", ("reopen",)), ("outsider", ("confirm", "reopen"))])
def test_a_mails_link_offers_no_confirmation_to_whoever_delivered(delegate: str, offers: tuple[str, ...]):
    journey = delivered_with(completed(), OUTSIDER, asker_away(delegate))
    stamp, nothing = journey.state.delivery, b""
    ask = Ask(purpose="delivery", request="R1", person=nothing, until=0, stamp=stamp, round=0, command="", naming=nothing)
    asked = Asked(ask=ask, person=delegate, directory=journey.context.directory, now=journey.context.now)
    assert standing(journey.state, asked).offers == offers
