"""What routing says of the price request that a contract review or a proposal names, and that it waits for."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.schemas.model import Frozen, Json, Text
from shared.schemas.reviews import ReviewCondition

PRICE = "business.price"
PRICE_REQUEST = "price_request"
"""The field of a form that names the price request: {business_unit, system, reference}."""
NAMING = frozenset({"business.contract", "tech.proposal"})
"""The types whose form has that field."""

Awaited = Literal["pending", "unknown", "other_type", "other_opportunity", "circular"]
Failed = Literal["rejected", "withdrawn"]
Approved = Literal["approved", "approved_with_changes"]
LinkStanding = Awaited | Failed | Approved


class LinkedRequest(Frozen):
    """The request that is named, by the words of whoever named it; `request` is the id that follows from them."""

    request: str
    number: str
    business_unit: str
    system: str
    reference: str


class LinkedRequestAwaited(Frozen):
    """The request cannot be decided as approved, or delivered, before the one it names is approved.

    `pending`: that one is not decided yet, and `held_by` has it in hand. `unknown`: there is no such request in the unit. `other_type`:
    it is no price request. `other_opportunity`: it is about another one. `circular`: it waits for this one, or for too long a row of
    others. `reason` says it to people, and what to do. It is looked at again when it changes, and at `look_at`.
    """

    linked: LinkedRequest
    standing: Awaited
    held_by: tuple[str, ...] = ()
    reason: Text
    look_at: datetime


class LinkedRequestFailed(Frozen):
    """The request it names was rejected or withdrawn: it waits on until it names another, or that one is decided otherwise."""

    linked: LinkedRequest
    standing: Failed
    reason: Text
    look_at: datetime


class LinkedRequestDecided(Frozen):
    """The request it names is approved, as its wording of `version` reads: it goes on.

    `amount` is what that review was chosen by, `lines` the first of the approved ones, `more` how many there are besides. `conditions`
    are what the approval rests on. `awaited` says whether people had been told that it is waited for.
    """

    linked: LinkedRequest
    standing: Approved
    round: int
    version: int
    amount: float
    lines: tuple[Json, ...] = ()
    more: int = Field(default=0, ge=0)
    conditions: tuple[ReviewCondition, ...] = ()
    awaited: bool
    reason: Text
