"""Intake's state of one request: what the unit sent, what was decided about it, and what the other services said since."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from pydantic import field_serializer

from shared.catalogue import EarlierRequest, Pack
from shared.catalogue.attachments import Uploaded
from shared.schemas.model import Frozen, Json
from shared.schemas.people import Directory
from shared.schemas.requests import PolicyPin, Request, Verdict

Status = Literal[
    "new", "returned", "rejected", "dropped", "submitted", "waiting", "choosing", "assigned", "working", "completed", "withdrawn"
]
OPEN: frozenset[Status] = frozenset({"submitted", "waiting", "choosing", "assigned", "working"})


class Moment(Frozen):
    """One line of the timeline."""

    at: datetime
    source: str
    type: str
    sequence: int
    data: Json


class Version(Frozen):
    """One wording of the request: as sent, as normalised, and the digest of its meaning."""

    body: Json
    request: Request
    meaning: str


class Asked(Frozen):
    """An amendment that routing has yet to answer: the number of the event that asked for it, and the wording asked for."""

    number: int
    version: Version


class Private(Frozen):
    """What stays in intake, personal values included. `pending` are amendments in the order they were asked for.

    `asking` is a wording that is about to be asked for: it has no number until the event that asks has been said.
    """

    current: Version | None = None
    asking: Version | None = None
    pending: tuple[Asked, ...] = ()
    filed_by: str = ""
    channel: str = ""

    @property
    def latest(self) -> Version | None:
        """The wording that stands once routing has let everything asked for stand."""
        return self.pending[-1].version if self.pending else self.current

    def doubted(self) -> "Private":
        """What no decision changes; which wording stands, and whether one is asked for, is not known (docs/decisions/0016)."""
        return Private(filed_by=self.filed_by, channel=self.channel)


class State(Frozen):
    """`request` is the public wording, as it was said; `private` never leaves intake but through `personal`.

    `received_at` is when intake first said anything about the request; it never changes, so that lists can be paged by it.
    """

    status: Status = "new"
    request: Request | None = None
    verdict: Verdict | None = None
    policy: PolicyPin | None = None
    received_at: datetime | None = None
    submitted_at: datetime | None = None
    withdrawing: bool = False
    timeline: tuple[Moment, ...] = ()
    private: Private = Private()

    @property
    def amending(self) -> bool:
        """Whether routing has yet to answer an amendment."""
        return bool(self.private.pending)

    @field_serializer("received_at")
    def _of_one_width(self, moment: datetime | None) -> str | None:
        return sortable(moment) if moment else None


def sortable(moment: datetime) -> str:
    """`moment` in UTC to the millisecond, always of one width: the order of the texts is that of the moments."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


@dataclass(frozen=True, kw_only=True)
class Context:
    """What judging reads from elsewhere: the moment, the people, the packs by (name, version), earlier requests, and what is
    known of attached files by SHA-256 (None where nobody keeps files).
    """

    now: datetime
    directory: Directory
    current: Pack
    packs: Mapping[tuple[str, str], Pack]
    earlier: Mapping[tuple[str, str, str], EarlierRequest]
    uploaded: Mapping[str, Uploaded] | None = None

    def pack(self, pin: PolicyPin | None) -> Pack:
        """The pack a request was filed under, else the current one. An open request keeps its version."""
        if pin is None:
            return self.current
        return self.packs[(pin.name, pin.version)]
