"""What messages about a review show: who is asked next, what was said, what became of conditions. Never a personal value."""

from pydantic import BaseModel

from shared.schemas import reviews
from shared.schemas.model import Json, Text
from shared.schemas.registry import TYPE_OF

MODELS = (
    reviews.ReviewOpened,
    reviews.ReviewWaiting,
    reviews.OpinionGiven,
    reviews.ReviewReturned,
    reviews.ReviewerAdded,
    reviews.ReviewAmended,
    reviews.ReviewDecided,
)
LONGEST = 1000
REVIEWS = frozenset(TYPE_OF[model] for model in MODELS)
OUTCOMES: dict[str, Text] = {
    "approved": Text(zh="同意", en="approved"),
    "approved_with_changes": Text(zh="附条件同意", en="approved with changes"),
    "rejected": Text(zh="不同意", en="rejected"),
    "approve": Text(zh="同意", en="approves"),
    "approve_with_changes": Text(zh="附条件同意", en="approves with changes"),
    "reject": Text(zh="不同意", en="rejects"),
}


def review_particulars(said: BaseModel) -> Json:
    """`asked` are the people to be told that it is their turn; `outcome` and `why` are sentences in both languages."""
    found: Json = {"asked": list(getattr(said, "asked", ()))}
    match said:
        case reviews.ReviewWaiting(reason=reason):
            return {**found, "why": reason.model_dump()}
        case reviews.OpinionGiven(opinion=opinion, text=text):
            return {**found, "outcome": OUTCOMES[opinion].model_dump(), "text": text[:LONGEST]}
        case reviews.ReviewDecided(outcome=outcome):
            return {**found, "outcome": OUTCOMES[outcome].model_dump()}
        case reviews.ReviewAmended(again=again):
            return {**found, "again": len(again)}
        case _:
            return found
