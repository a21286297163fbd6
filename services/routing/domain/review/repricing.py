"""After the price that a review rests on was approved with changes: whose opinion is asked for again. Pure."""

from collections.abc import Sequence

from services.routing.domain.review.evolving import reviewed
from services.routing.domain.review.model import Review, newly_asked
from shared.schemas.links import PRICE_REQUEST, LinkedRequestDecided
from shared.schemas.reviews import ReviewReturned
from shared.schemas.routing import POLICY, Seat


def priced_otherwise(review: Review, said: LinkedRequestDecided, seats: Sequence[Seat]) -> ReviewReturned | None:
    """The return of `review` to whoever has said something that rests on the price, before it was known; None when nobody has.

    As after an amendment, a party that names no fields rests on all of them.
    """
    if said.standing != "approved_with_changes" or not review.runs:
        return None
    parties = {party.key: party for party in review.parties}
    again = tuple(
        opinion.party
        for opinion in review.opinions
        if opinion.party in parties and PRICE_REQUEST in (parties[opinion.party].concerns or (PRICE_REQUEST,))
    )
    if not again:
        return None
    first = review.steps[min(review.step_of(party) for party in again)]
    fact = ReviewReturned(by=POLICY, step=first.key, reason=f"{said.reason.zh} / {said.reason.en}", again=again, asked=())
    return fact.model_copy(update={"asked": newly_asked(review, reviewed(review, fact), seats)})
