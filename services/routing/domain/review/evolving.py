"""How a review follows from what was said of it. Pure."""

from services.routing.domain.review.model import Review
from shared.schemas.reviews import (
    Opinion,
    OpinionGiven,
    ReviewAmended,
    ReviewDecided,
    ReviewerAdded,
    ReviewOpened,
    ReviewReturned,
    ReviewWaiting,
)

ReviewFact = ReviewOpened | ReviewWaiting | OpinionGiven | ReviewReturned | ReviewerAdded | ReviewAmended | ReviewDecided


def reviewed(review: Review | None, said: ReviewFact) -> Review:
    """`review` after `said`."""
    before = review or Review()
    match said:
        case ReviewOpened():
            past = (*before.past, *before.opinions)
            return Review(round=said.round, steps=said.steps, amount=said.amount, past=past)
        case ReviewWaiting():
            return before.model_copy(update={"waiting": said.reason})
        case OpinionGiven():
            opinion = Opinion(**said.model_dump(exclude={"asked"}))
            return before.model_copy(update={"opinions": (*before.opinions, opinion)})
        case ReviewReturned():
            return before.model_copy(update=_again(before, said.again))
        case ReviewerAdded():
            return before.model_copy(update={"steps": said.steps})
        case ReviewAmended():
            update = {"steps": said.steps, "amount": said.amount, "account": said.account, "waiting": None}
            return before.model_copy(update={**_again(before, said.again), **update})
        case ReviewDecided():
            return before.model_copy(update={"outcome": said.outcome, "waiting": None})


def _again(before: Review, parties: tuple[str, ...]) -> dict[str, object]:
    """The opinions of `parties` count no longer; they are kept."""
    gone = tuple(opinion for opinion in before.opinions if opinion.party in parties)
    left = tuple(opinion for opinion in before.opinions if opinion.party not in parties)
    return {"opinions": left, "past": (*before.past, *gone)}
