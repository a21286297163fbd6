"""What routing says of a bid: the plan of its parts backwards from its deadline, what became of each part, who confirmed which ★ item."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.schemas.model import Frozen, Text
from shared.schemas.requests import Origin

Verdict = Literal["can", "only_if", "cannot"]
PartStatus = Literal["planned", "opening", "returned", "open", "late", "delivered", "withdrawn"]
BidFault = Literal["no_due", "due_past", "due_out_of_range", "pitch_past", "pitch_before_due", "unknown_zone"]
BidConflictKind = Literal["twice", "travel", "leave_then", "booked"]
BID = "tech.bid"
SOURCE_SYSTEM = "backline.bid"
"""The source system of requests that a bid opened; their reference is <id of the bid>/<part>."""


def reference_of(bid: str, part: str) -> str:
    """The reference of the request that is `part` of the bid of that id."""
    return f"{bid}/{part}"


def bid_of(source: Origin) -> str:
    """The id of the bid that opened the request from `source`; empty for any other request."""
    return source.reference.rpartition("/")[0] if source.system == SOURCE_SYSTEM else ""


class Helper(Frozen):
    """Somebody who could take a part, with the effort of their open work; `seated` who has a seat in it already."""

    person: str
    role: str
    open_load: float = 0.0
    seated: bool = False


class BidPart(Frozen):
    """One part of a bid, a request of its own once it is opened.

    Work has to begin by `latest_start`, so that `hours` of working time are left until `due`. `lacking_hours` is the working time
    that has passed since then already; None for a part that is delivered. `full` counts by role those who have no place left, and
    `kept_from` by role and filter those who are not free for it when it is worked on. `asked` is by when its request asks for it, where
    that is later than `due`.
    """

    part: str
    type: str
    label: Text
    after: tuple[str, ...] = ()
    hours: float
    latest_start: datetime
    due: datetime
    status: PartStatus
    request: str | None = None
    feasible: bool = True
    lacking_hours: float = 0.0
    helpers: tuple[Helper, ...] = ()
    unfilled: tuple[str, ...] = Field(default=(), description="roles that nobody can take now")
    full: dict[str, int] = Field(default_factory=dict)
    kept_from: dict[str, dict[str, int]] = Field(default_factory=dict)
    asked: datetime | None = None


class BidConflict(Frozen):
    """Somebody who is needed in two places at once, who has to travel when something else is due, or who has a part and is on leave
    for all of it (`leave_then`) or has another appointment at its hours (`booked`).
    """

    kind: BidConflictKind
    person: str | None = None
    parts: tuple[str, ...]
    message: Text


class BidPlan(Frozen):
    """The parts in the order of their starts, and whether the dates can be met as things stand at `at`.

    `provisional` says that the holidays of a year it spans are not published. `hand_in` is when all parts have to be there, so that
    the bid can be put together by `due`.
    """

    at: datetime
    due: datetime | None
    hand_in: datetime | None = None
    pitch: datetime | None = None
    travels: bool = False
    zone: str
    almanac: str
    provisional: bool = False
    parts: tuple[BidPart, ...] = ()
    conflicts: tuple[BidConflict, ...] = ()
    faults: tuple[BidFault, ...] = ()
    verdict: Verdict
    message: Text


class BidPlanned(Frozen):
    """The plan, or since `version` 2 the plan as it had to change: what was amended, delivered or is late (`cause`).

    `opening` are the parts whose requests are submitted by it, `amending` those whose requests are amended by it to what the bid says
    now. Without `news` nothing that people read of it is other than they were told last, but for parts that are over since.
    """

    version: int
    cause: Literal["assigned", "amended", "progress", "late"]
    plan: BidPlan
    opening: tuple[str, ...] = ()
    amending: tuple[str, ...] = ()
    news: bool = True


class BidChildOpened(Frozen):
    """A part of the bid is a request, and was accepted."""

    part: str
    label: Text
    child: str
    number: str


class BidChildReturned(Frozen):
    """A part of the bid is not accepted yet: `missing` names fields and preconditions that its requester has to give.

    With another `outcome` than returned it was not taken at all, and `message` says why. `amending`: it stands as it was, since an
    amendment to what the bid says now was not taken; it was to be there by `needed_by`.
    """

    part: str
    label: Text
    child: str | None
    number: str | None
    outcome: str
    missing: tuple[str, ...] = ()
    message: Text
    amending: bool = False
    needed_by: datetime | None = None


class BidChildAmended(Frozen):
    """The request of a part was amended to what the bid says now."""

    part: str
    label: Text
    child: str | None
    number: str | None
    needed_by: datetime


class BidItemConfirmed(Frozen):
    """A supporter vouches by name that the bid meets a ★ item."""

    by: str
    item: str
    remark: str
    on_behalf_of: str | None = None
