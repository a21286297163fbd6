"""How a review follows from what was said of it. Pure."""

from typing import Any

from services.routing.domain.review.model import Review
from shared.schemas.reviews import (
    Opinion,
    OpinionGiven,
    PastOpinion,
    ReviewAmended,
    ReviewDecided,
    ReviewerAdded,
    ReviewOpened,
    ReviewReturned,
    ReviewWaiting,
)

ReviewFact = ReviewOpened | ReviewWaiting | OpinionGiven | ReviewReturned | ReviewerAdded | ReviewAmended | ReviewDecided

MOST_PAST = 200
"""Of one request, so that its document stays small."""


def reviewed(review: Review | None, said: ReviewFact) -> Review:
    """`review` after `said`."""
    before = review or Review()
    match said:
        case ReviewOpened():
            return Review(round=said.round, steps=said.steps, amount=said.amount, **_passed(before, before.opinions))
        case ReviewWaiting():
            return before.model_copy(update={"waiting": said.reason})
        case OpinionGiven():
            opinion = Opinion(**said.model_dump(exclude={"asked"}))
            return before.model_copy(update={"opinions": (*before.opinions, opinion)})
        case ReviewReturned():
            return before.model_copy(update={**_again(before, said.again), "returns": before.returns + 1})
        case ReviewerAdded():
            return before.model_copy(update={"steps": said.steps})
        case ReviewAmended():
            update = {"steps": said.steps, "amount": said.amount, "account": said.account, "waiting": None}
            return before.model_copy(update={**_again(before, said.again), **update})
        case ReviewDecided():
            return before.model_copy(update={"outcome": said.outcome, "waiting": None})


def _again(before: Review, parties: tuple[str, ...]) -> dict[str, Any]:
    """The opinions of `parties` count no longer."""
    gone = tuple(opinion for opinion in before.opinions if opinion.party in parties)
    left = tuple(opinion for opinion in before.opinions if opinion.party not in parties)
    return {"opinions": left, **_passed(before, gone)}


def _passed(before: Review, gone: tuple[Opinion, ...]) -> dict[str, Any]:
    """What is kept of opinions that count no longer: not their words, and of the latest alone."""
    past = (*before.past, *(PastOpinion.model_validate(opinion.model_dump()) for opinion in gone))
    demanded = before.demanded + sum(len(opinion.conditions) for opinion in gone)
    return {"past": past[-MOST_PAST:], "demanded": demanded}
