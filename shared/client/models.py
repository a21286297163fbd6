"""What the services answer, as far as units ask: the contract's models, and those that a service answers alone.

A test holds each against the OpenAPI document of its service (tests/component/http/test_client_contract.py).
"""

from datetime import datetime
from typing import Literal

from shared.schemas.documents import DocumentRendered
from shared.schemas.model import Frozen, Json, Text
from shared.schemas.notifications import Channel
from shared.schemas.requests import Answer, Opportunity, Origin, PolicyPin, Request, Verdict
from shared.schemas.status import RequestStatus

FINAL: frozenset[str] = frozenset({"rejected", "dropped", "completed", "confirmed", "withdrawn"})
"""After these nothing is expected any more (a rejected one may be sent again, corrected, and a completed one be reopened)."""


class Line(Answer):
    """The answer to one line of a batch; `record` counts the rows of a table."""

    line: int
    record: int | None = None


class Moment(Frozen):
    at: datetime
    source: str
    type: str
    sequence: int
    data: Json


class RequestLine(Frozen):
    id: str
    number: str
    type: str
    business_unit: str
    source: Origin
    requester: str
    opportunity: Opportunity | None
    priority: str
    needed_by: datetime | None
    status: RequestStatus
    amending: bool
    withdrawing: bool
    received_at: datetime | None
    submitted_at: datetime | None


class RequestList(Frozen):
    requests: tuple[RequestLine, ...]
    next: str | None


class WholeRequest(RequestLine):
    request: Request
    verdict: Verdict | None
    policy: PolicyPin | None
    timeline: tuple[Moment, ...]


class Seen(Frozen):
    """A request and the tag of what was seen, for `Client.get` to wait for something newer. `whole` is None when nothing is."""

    whole: WholeRequest | None
    tag: str


class TypeLine(Frozen):
    type: str
    zh: str
    en: str


class Catalogue(Frozen):
    policy: PolicyPin
    types: tuple[TypeLine, ...]


class PersonLine(Frozen):
    id: str
    name: str
    business_unit: str
    roles: tuple[str, ...]


class UnitLine(Frozen):
    code: str
    zh: str
    en: str


class People(Frozen):
    version: str
    business_units: tuple[UnitLine, ...]
    people: tuple[PersonLine, ...]


class Imported(Frozen):
    """What an import of the directory came to; `lacking` says for whom it names nobody, so that requests would wait."""

    recorded: int
    unchanged: int
    version: str
    lacking: tuple[Text, ...] = ()


class Why(Frozen):
    field: str = ""
    code: str
    message: Text


class Settled(Frozen):
    at: str
    by: str = ""
    command: str = ""
    request: str | None = None


class DeskLine(Frozen):
    """One thing that came to nothing, and why."""

    entry: str
    kind: str
    outcome: str
    action: str
    business_unit: str
    channel: str
    at: str
    request: str | None = None
    number: str | None = None
    type: str | None = None
    place: str = ""
    why: tuple[Why, ...] = ()
    settled: Settled | None = None


class DeskEntry(DeskLine):
    """With what was sent: `body`, or `raw` where it is no JSON; `seen` goes into a correction."""

    body: Json | None = None
    raw: str | None = None
    seen: int | None = None


class Counts(Frozen):
    returned: int
    rejected: int
    refused: int
    settled: int


class DeskList(Frozen):
    entries: tuple[DeskLine, ...]
    counts: Counts
    next: str | None = None


class Erased(Frozen):
    """Whether there were personal values, and how many raw mails, entries of the desk and uploads were deleted."""

    request: str
    erased: bool
    mails: int
    entries: int
    files: int = 0


class ErasedFiles(Frozen):
    """How many rendered files were deleted."""

    request: str
    files: int


class Remark(Frozen):
    code: str
    message: Text


class Stored(Frozen):
    sha256: str
    size: int
    media_type: str
    name: str
    remarks: tuple[Remark, ...] = ()


class Listed(DocumentRendered):
    address: str
    sheet_address: str | None
    superseded: bool = False


class Documents(Frozen):
    request: str
    documents: tuple[Listed, ...]


class Notification(Frozen):
    channel: Channel
    recipient: str
    template: str
    about: str
    status: Literal["planned", "sent", "failed", "unknown"] = "planned"
    attempt: int = 0
    problem: str = ""
    planned_at: datetime
    ended_at: datetime | None = None
    id: str


class Notifications(Frozen):
    request: str
    notifications: tuple[Notification, ...]
