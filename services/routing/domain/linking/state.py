"""What routing keeps of the request that another one names, and what it reads of it when it looks. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Self

from shared.schemas.links import NAMING, PRICE_REQUEST, LinkedRequest, LinkStanding
from shared.schemas.model import Json, Text
from shared.schemas.requests import Request, number_of, request_id
from shared.schemas.reviews import ReviewCondition, ReviewOutcome
from shared.schemas.status import WorkStatus

APPROVED: frozenset[LinkStanding] = frozenset({"approved", "approved_with_changes"})
NAMES = ("business_unit", "system", "reference")


class Link(LinkedRequest):
    """The request that is named, as it was last found; `standing` is None until somebody has looked.

    `live` while the request that names it is open. At `look_at` it is looked at, or told of to those above, who `above` counts.
    """

    since: datetime
    live: bool = True
    standing: LinkStanding | None = None
    look_at: datetime | None = None
    above: int = 0
    held_by: tuple[str, ...] = ()
    reason: Text | None = None
    round: int = 0
    version: int = 0
    amount: float | None = None
    lines: tuple[Json, ...] = ()
    more: int = 0
    conditions: tuple[ReviewCondition, ...] = ()

    @property
    def holds(self) -> bool:
        """Whether what names it has to wait."""
        return self.standing not in APPROVED

    @property
    def next_at(self) -> datetime | None:
        """When it is looked at by itself; None when nobody waits for it."""
        return self.look_at if self.live and self.holds else None


@dataclass(frozen=True, kw_only=True)
class Linked:
    """A request that others name, as it stands. `awaits` is the id of the one that it names itself; `opportunity`, that of its own."""

    request: str
    type: str
    status: WorkStatus
    outcome: ReviewOutcome | None
    round: int
    version: int
    amount: float
    lines: tuple[Json, ...]
    conditions: tuple[ReviewCondition, ...]
    held_by: tuple[str, ...]
    awaits: str | None
    opportunity: str | None = None


class Namer(NamedTuple):
    """What a request that names another is itself about."""

    business_unit: str
    opportunity: str | None

    @classmethod
    def read(cls, request: Json) -> Self:
        """From a request's stored form."""
        return cls(request["business_unit"], (request.get("opportunity") or {}).get("id"))


Found = Mapping[str, Linked | None]
"""What was looked for, by id; None where there is no such request."""


def namer(request: Request) -> Namer:
    """What `request` is about."""
    return Namer(request.business_unit, request.opportunity.id if request.opportunity else None)


def named_in(request: Request) -> LinkedRequest | None:
    """The price request that `request` names, as far as it can be one's identity."""
    value = request.details.get(PRICE_REQUEST)
    if request.type not in NAMING or not isinstance(value, dict):
        return None
    unit, system, reference = (value.get(name) for name in NAMES)
    if not (isinstance(unit, str) and isinstance(system, str) and isinstance(reference, str)):
        return None
    identity = request_id(unit, system, reference)
    return LinkedRequest(
        request=identity,
        number=number_of(identity),
        business_unit=unit.strip(),
        system=system.strip(),
        reference=reference.strip(),
    )
