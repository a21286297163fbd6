"""What routing keeps of a bid: its plan, what became of its parts, who confirmed which ★ item; and the requests beside it."""

from dataclasses import dataclass
from datetime import datetime

from pydantic import Field

from services.routing.domain.bidding.telling import Told
from shared.schemas.bidding import BidPlan
from shared.schemas.model import Frozen
from shared.schemas.requests import Origin, Request
from shared.schemas.status import WorkStatus


class Child(Frozen):
    """What intake made of a part. `outcome` is accepted, or what it was answered instead."""

    request: str | None
    number: str | None
    outcome: str
    missing: tuple[str, ...] = ()


class Confirmed(Frozen):
    """Who vouches for a ★ item; `item` is its text."""

    item: str
    by: str
    remark: str
    at: datetime


class Bid(Frozen):
    """`stale`: an amendment changed what the plan or an open part rests on; `before` is the bid as its parts were filled from it,
    and `dues` by when each was planned to be there.

    At `look_at` the next part is due. `told` is what people heard last. `amending` are the parts that are being amended, `amended`
    by when each was asked for by the last amendment that was taken.
    """

    version: int = 0
    stale: bool = False
    before: Request | None = None
    dues: dict[str, datetime] = Field(default_factory=dict)
    look_at: datetime | None = None
    plan: BidPlan | None = None
    told: Told | None = None
    opening: tuple[str, ...] = ()
    children: dict[str, Child] = Field(default_factory=dict)
    confirmed: tuple[Confirmed, ...] = ()
    amending: tuple[str, ...] = ()
    amended: dict[str, datetime] = Field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Kin:
    """Another request of the bid's opportunity and unit: (person, role) of everybody who supports it, and by when it is asked for."""

    request: str
    type: str
    source: Origin
    status: WorkStatus
    people: tuple[tuple[str, str], ...] = ()
    needed_by: datetime | None = None
