"""What a review comes to: the decision with everybody's opinion, and the delivery that it is. Pure."""

from collections.abc import Sequence

from pydantic import BaseModel

from services.routing.domain.clocks import confirm_by
from services.routing.domain.context import Context
from services.routing.domain.review.model import Review
from services.routing.domain.state import State
from shared.schemas.model import Json, Text
from shared.schemas.reviews import Opinion, ReviewDecided, ReviewOutcome, Verdict
from shared.schemas.routing import WorkCompleted

OUTCOMES: dict[ReviewOutcome, Text] = {
    "approved": Text(zh="同意", en="Approved"),
    "approved_with_changes": Text(zh="附条件同意", en="Approved with changes"),
    "rejected": Text(zh="不同意", en="Rejected"),
}
OPINIONS: dict[Verdict, Text] = {
    "approve": Text(zh="同意", en="approves"),
    "approve_with_changes": Text(zh="附条件同意", en="approves with changes"),
    "reject": Text(zh="不同意", en="rejects"),
}
CONCLUSION = Text(zh="结论", en="Conclusion")


def decided(review: Review, state: State, context: Context, *, by: str, on_behalf_of: str | None = None) -> Sequence[BaseModel]:
    """The facts that end `review` when its opinions come to something; none while they do not.

    Nothing is approved before the price request that it names is; it may be rejected at any time.
    """
    outcome, locale = review.verdict, state.request.locale if state.request else "zh"
    if outcome is None or (outcome != "rejected" and state.link is not None and state.link.holds):
        return ()
    done = WorkCompleted(
        by=by,
        note=OUTCOMES[outcome].by_locale(locale),
        result=result_of(review, outcome, locale),
        on_behalf_of=on_behalf_of,
        confirm_by=confirm_by(state, context),
    )
    return ReviewDecided(by=by, round=review.round, outcome=outcome, opinions=review.opinions), done


def result_of(review: Review, outcome: ReviewOutcome, locale: str) -> Json:
    """The delivery by section, as documents show it: the conclusion, then each party's opinion in the order of the chain."""
    names = {party.key: party.name.by_locale(locale) for party in review.parties}
    said = {party.key: review.said(party.key) for party in review.parties}
    opinions = {names[key]: _sentence(opinion, locale) for key, opinion in said.items() if opinion is not None}
    return {CONCLUSION.by_locale(locale): OUTCOMES[outcome].by_locale(locale), **opinions}


def _sentence(opinion: Opinion, locale: str) -> str:
    colon, stop = ("：", "；") if locale != "en" else (": ", "; ")
    parts = [opinion.text] if opinion.text else []
    parts += [f"{one.id} {one.text}" for one in opinion.conditions]
    who = f"{OPINIONS[opinion.opinion].by_locale(locale)} ({opinion.by})"
    return who + colon + stop.join(parts) if parts else who
