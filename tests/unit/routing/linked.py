"""A contract under review that names a price request, and that price request, each in the hands of the real domain."""

from dataclasses import replace
from typing import Any

from services.routing.domain.linking.looking import linked_of
from services.routing.domain.linking.state import Linked
from services.routing.domain.review.places import place_of
from shared.ledger.messages import Decision
from shared.schemas.requests import Origin, request_id
from tests.unit.routing.reviews import CONTRACT, SECOND, SMALL, TECHNICAL_HEAD, opines, under_review
from tests.unit.routing.routing_build import (
    MARKETER,
    REVIEWERS,
    Journey,
    a_context,
    a_request,
    an_assigned,
    an_engineer,
)

NAMED = {"business_unit": "east", "system": "crm-east", "reference": "P-1"}
PRICE = request_id(**NAMED)


def a_price(**changes: Any) -> Journey:
    journey = under_review(SMALL, source=Origin(system="crm-east", reference="P-1"), **changes)
    journey.subject = PRICE
    return journey


def seen(journey: Journey, *others: Journey, missing: tuple[str, ...] = ()) -> None:
    """What a look from `journey` at `others` finds now."""
    found: dict[str, Linked | None] = {one.subject: linked_of(one.subject, one.state) for one in others}
    journey.context = replace(journey.context, linked=found | dict.fromkeys(missing))


def looks(journey: Journey, *others: Journey, missing: tuple[str, ...] = ()) -> Decision:
    """`journey` is woken and looks at `others`; what is told between two looks knows nothing of them."""
    seen(journey, *others, missing=missing)
    decision = journey.wakes("linked")
    journey.context = replace(journey.context, linked={})
    return decision


def a_contract(price: Journey | None, details: dict[str, Any] | None = None, **changes: Any) -> Journey:
    """Its review is open; `price` is what is found where it names one, at its submission."""
    journey = Journey(
        a_context(MARKETER, *REVIEWERS, SECOND, TECHNICAL_HEAD),
        request=a_request("business.contract", details={**CONTRACT, "price_request": NAMED, **(details or {})}, **changes),
    )
    if price is None:
        seen(journey, missing=(PRICE,))
    else:
        seen(journey, price)
    journey.submitted()
    journey.context = replace(journey.context, linked={})
    return journey


def a_proposal(price: Journey) -> Journey:
    """Somebody works on it."""
    journey = an_assigned(an_engineer("anna"), request=a_request("tech.proposal", details={"price_request": NAMED}))
    looks(journey, price)
    journey.tells("accept", "anna")
    return journey


def approves_all(journey: Journey, but: tuple[str, ...] = ()) -> None:
    """Everybody who is asked approves, in turn, until nobody is but those of `but`."""
    while journey.state.review is not None and (turn := [p for p in journey.state.review.turn if p.key not in but]):
        seat = next(s for s in journey.state.supporters if place_of(s) == turn[0].key)
        assert opines(journey, seat.person).refusal is None
