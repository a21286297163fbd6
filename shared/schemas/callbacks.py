"""Callbacks to the units: what a unit subscribes to, said on backline.people.v1, and what its address is sent.

Invariant: nothing here is secret or personal. The signing key follows from a master secret and a subscription's unit, id and version.
"""

from datetime import datetime
from typing import Literal, get_args

from pydantic import Field

from shared.schemas.model import Frozen
from shared.schemas.requests import Origin
from shared.schemas.status import RequestStatus

Happening = Literal[
    "request.accepted",
    "request.returned",
    "request.rejected",
    "request.coordinated",
    "request.waiting",
    "request.assigned",
    "request.working",
    "request.declined",
    "request.sent_back",
    "request.paused",
    "request.resumed",
    "request.handed_over",
    "request.completed",
    "request.confirmed",
    "request.reopened",
    "request.escalated",
    "request.amended",
    "request.amendment_refused",
    "request.withdrawn",
    "request.withdrawal_refused",
    "request.waived",
    "request.evidence_asked",
    "request.evidence_overdue",
    "request.evidence_settled",
    "document.ready",
    "document.failed",
]
"""The state changes a unit may subscribe to, in its own words."""
HAPPENINGS: tuple[Happening, ...] = get_args(Happening)


class Failing(Frozen):
    """Since when an address fails, and the delivery that found it."""

    since: datetime
    delivery: str


class Callback(Frozen):
    """A unit's subscription. `version` counts its secrets; `turned_at` is when the present one replaced the one before.

    An inactive one is `ended`: by the unit (`paused`, `removed`), or by its address, which answered 410 (`gone`).
    """

    unit: str
    id: str
    url: str
    events: tuple[str, ...]
    contact: str | None = Field(default=None, description="the person who is told when the address fails for long; an id")
    active: bool = True
    ended: Literal["", "paused", "removed", "gone"] = ""
    version: int = Field(default=1, ge=1)
    turned_at: datetime | None = None
    failing: Failing | None = None

    @property
    def removed(self) -> bool:
        """Whether the unit took it away; what is left of it keeps its versions from coming again."""
        return self.ended == "removed"


class Document(Frozen):
    """A document that is ready, by its id; its name is not sent, since a customer's may be part of it."""

    id: str
    kind: str
    version: int | None = None
    media_type: str | None = None


class Lacking(Frozen):
    """One thing a returned request lacks: the field's path, or the precondition's key, and a stable code."""

    field: str
    code: str


class CallbackData(Frozen):
    """`sequence` counts what this subscription is sent of this request, 1, 2, 3 …: later ones may arrive first.

    `status` is the request's since this change; absent where the change leaves it as it is. `version` is that of an amended request.
    """

    id: str
    number: str
    source: Origin
    type: str
    sequence: int = Field(ge=1)
    event: str
    status: RequestStatus | None = None
    reason: str | None = None
    lacking: tuple[Lacking, ...] = ()
    version: int | None = None
    document: Document | None = None


class CallbackPayload(Frozen):
    """The body of a callback about a request. `timestamp` is when it happened, not when it was sent."""

    type: Happening
    timestamp: datetime
    data: CallbackData


class PingData(Frozen):
    """Which subscription is tried."""

    callback: str


class Ping(Frozen):
    """The body of a trial; nothing has happened."""

    type: Literal["callback.ping"] = "callback.ping"
    timestamp: datetime
    data: PingData
