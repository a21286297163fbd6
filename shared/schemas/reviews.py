"""What routing says of a review on backline.routing.v1: who is asked in which order, what they say, and what is decided.

A party is a place in the chain, by role and department; whoever has its seat at the time gives its opinion.
"""

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.schemas.model import Frozen, Text
from shared.schemas.requests import YUAN

Rule = Literal["all", "any_of", "in_turn"]
"""All are asked side by side; one of them is enough; one after the other."""
Verdict = Literal["approve", "approve_with_changes", "reject"]
ReviewOutcome = Literal["approved", "approved_with_changes", "rejected"]
ConditionState = Literal["unchanged", "changed", "asked"]
ReviewCommand = Literal["opine", "return_to_step", "ask_also", "transfer"]


class Party(Frozen):
    """One place in the chain. `concerns` are the fields its opinion rests on (none named: all); `extra` was asked for by somebody."""

    key: str
    role: str
    department: str | None = None
    name: Text
    concerns: tuple[str, ...] = ()
    extra: bool = False


class ReviewStep(Frozen):
    """Parties that are asked together, by one rule. Steps follow each other."""

    key: str
    name: Text
    rule: Rule
    parties: tuple[Party, ...]


class ReviewCondition(Frozen):
    """What must change for an approval to hold. `concerns` are fields (`lines`), or clauses of the contract in its own words."""

    id: str
    text: str
    concerns: tuple[str, ...] = ()


class Opinion(Frozen):
    """What one party says of one wording of the request (`version`). `on_behalf_of` is the seat's holder, when `by` stands in."""

    by: str
    party: str
    opinion: Verdict
    text: str = ""
    conditions: tuple[ReviewCondition, ...] = ()
    version: int
    at: datetime
    on_behalf_of: str | None = None


class PastOpinion(Frozen):
    """What is left of an opinion that was asked for again: who said what, of which wording. Its words are in the history."""

    by: str
    party: str
    opinion: Verdict
    version: int


class ConditionAccount(Frozen):
    """What an amendment means for one condition.

    `unchanged`: nothing it concerns was touched, it stands. `asked`: something was, and its party is asked again. `changed`: its
    party is no longer in the chain, so that nobody asks for it any more. `fields` are the first that were touched, `more` how many
    there are besides.
    """

    condition: str
    party: str
    state: ConditionState
    fields: tuple[str, ...] = ()
    more: int = Field(default=0, ge=0)


class ReviewOpened(Frozen):
    """The review begins, for the `round`th time (a reopened request is reviewed again). `asked` are the people whose turn it is.

    `amount` is what the chain was chosen by: of a price request the sum of asked price times quantity, in yuan where the policy names a
    rate.
    """

    round: int
    steps: tuple[ReviewStep, ...]
    amount: float
    currency: str = Field(default=YUAN, description="what `amount` is in: yuan, or what the policy names no rate of")
    asked: tuple[str, ...]


class ReviewWaiting(Frozen):
    """The review cannot begin or go on: nobody is named to give an opinion or nobody has
    the seats that the rules name (`lacking`)."""

    cause: Literal["nobody_named", "nobody_seated"]
    reason: Text
    lacking: tuple[str, ...] = ()


class OpinionGiven(Opinion):
    """`asked` are the people whose turn it is now, and was not before."""

    asked: tuple[str, ...] = ()


class ReviewReturned(Frozen):
    """The review goes back to `step`: the opinions of the parties named in `again` are asked for once more."""

    by: str
    step: str
    reason: str
    again: tuple[str, ...]
    asked: tuple[str, ...]
    on_behalf_of: str | None = None


class ReviewerAdded(Frozen):
    """One more opinion is asked for, before or after the step of `beside`. `steps` is the chain since."""

    by: str
    person: str
    party: str
    place: Literal["before", "after"]
    beside: str
    reason: str
    steps: tuple[ReviewStep, ...]
    asked: tuple[str, ...]
    on_behalf_of: str | None = None


class ReviewAmended(Frozen):
    """The request reads otherwise. Only the parties in `again` give their opinion anew: those whose values or clauses changed."""

    version: int
    amount: float
    currency: str = Field(default=YUAN, description="what `amount` is in: yuan, or what the policy names no rate of")
    steps: tuple[ReviewStep, ...]
    changed: tuple[str, ...]
    again: tuple[str, ...]
    account: tuple[ConditionAccount, ...]
    asked: tuple[str, ...]


class ReviewDecided(Frozen):
    """The review is over. `opinions` are everybody's that counts; `by` gave the last, or `policy` where an amendment ended it."""

    by: str
    round: int
    outcome: ReviewOutcome
    opinions: tuple[Opinion, ...] = Field(description="in the order they were given")
