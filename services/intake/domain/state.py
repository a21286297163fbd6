"""Intake's state of one request: what the unit sent, what was decided about it, and what the other services said since."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from pydantic import field_serializer

from shared.catalogue import EarlierRequest, Pack
from shared.catalogue.attachments import Uploaded
from shared.ledger.messages import Refusal
from shared.schemas.intake import Owed, PreconditionWaived
from shared.schemas.model import Frozen, Json, Text
from shared.schemas.people import Directory
from shared.schemas.requests import PolicyPin, Request, Verdict
from shared.schemas.status import RequestStatus

EARLY_WAIT = timedelta(minutes=15)
OPEN: frozenset[RequestStatus] = frozenset({"submitted", "waiting", "choosing", "assigned", "working", "sent_back", "paused"})


class Moment(Frozen):
    """One line of the timeline."""

    at: datetime
    source: str
    type: str
    sequence: int
    data: Json


class Version(Frozen):
    """One wording of the request: as sent, as normalised, and the digest of its meaning.

    `by` and `unit` are who sent it and for which unit, `whole_for` the unit that may see it whole: the one that sent all of it, and
    None when several did.
    """

    body: Json
    request: Request
    meaning: str
    by: str = ""
    unit: str = ""
    whole_for: str | None = ""


class Asked(Frozen):
    """An amendment that routing has yet to answer: the number of the event that asked for it, and the wording asked for."""

    number: int
    version: Version


class KnownEarlier(Frozen):
    """What had become of an earlier request when a message that names it was held."""

    reference: tuple[str, str, str]
    type: str
    opportunity_id: str | None
    status: str
    filed_by: str = ""
    requester: str = ""

    @classmethod
    def of(cls, reference: tuple[str, str, str], known: EarlierRequest) -> "KnownEarlier":
        """As it is kept."""
        return cls(reference=reference, **vars(known))

    @property
    def earlier(self) -> EarlierRequest:
        """As it is weighed."""
        return EarlierRequest(**self.model_dump(exclude={"reference"}))


class KnownFile(Frozen):
    """What was known of an attached file when a message that names it was held."""

    sha256: str
    size: int
    by: tuple[str, ...] = ()
    refused: Text | None = None

    @classmethod
    def of(cls, sha256: str, known: Uploaded) -> "KnownFile":
        """As it is kept."""
        return cls(sha256=sha256, size=known.size, by=tuple(sorted(known.by)), refused=known.refused)

    @property
    def uploaded(self) -> Uploaded:
        """As it is weighed."""
        return Uploaded(size=self.size, by=frozenset(self.by), refused=self.refused)


class Applied(Frozen):
    """A command that came early and was applied: the number of the event it caused."""

    command: str
    number: int


class Early(Frozen):
    """An amendment or withdrawal that came before its submission, with what is needed to apply it, or to tell that it was refused.

    `refusal` ({code, status, message}) says why it was; then it is only kept until its unit is told. `reply` is where a record of
    the topic is answered.
    """

    command: str
    name: Literal["amend", "withdraw"]
    body: Json
    by: str
    filed_by: str
    channel: str
    at: datetime
    until: datetime
    reply: Json | None = None
    pinned_to: tuple[str, ...] = ()
    known: tuple[KnownEarlier, ...] = ()
    files: tuple[KnownFile, ...] = ()
    refusal: Json | None = None

    def refused(self, why: Refusal) -> "Early":
        """The same, refused for good."""
        return self.model_copy(update={"refusal": {"code": why.code, "status": why.status, "message": why.message.model_dump()}})


class Owing(Owed):
    """Evidence that is owed, and whether it was asked for and told further."""

    asked: bool = False
    overdue: bool = False


class AskedVerdict(Frozen):
    """The verdict on an amendment that routing has yet to answer, under the number of the event that asked."""

    number: int
    verdict: Verdict


class Private(Frozen):
    """What stays in intake, personal values included. `pending` are amendments in the order they were asked for.

    `asking` are wordings that are about to be asked for: they have no number until the events that ask have been said. `early` is
    what came before its submission, `refused_early` the commands of it that were refused for good, `applied_early` those that were
    applied.
    """

    current: Version | None = None
    asking: tuple[Version, ...] = ()
    pending: tuple[Asked, ...] = ()
    filed_by: str = ""
    channel: str = ""
    early: tuple[Early, ...] = ()
    refused_early: tuple[str, ...] = ()
    applied_early: tuple[Applied, ...] = ()

    @property
    def latest(self) -> Version | None:
        """The wording that stands once routing has let everything asked for stand."""
        if self.asking:
            return self.asking[-1]
        return self.pending[-1].version if self.pending else self.current

    def doubted(self) -> "Private":
        """What no decision changes; which wording stands, and whether one is asked for, is not known (docs/decisions/0016)."""
        return Private(filed_by=self.filed_by, channel=self.channel)


class State(Frozen):
    """`request` is the public wording, as it was said, `verdict` the one on it; `private` never leaves intake but through `personal`.

    `received_at` is when intake first said anything about the request; it never changes, so that lists can be paged by it.
    """

    status: RequestStatus = "new"
    request: Request | None = None
    verdict: Verdict | None = None
    policy: PolicyPin | None = None
    received_at: datetime | None = None
    submitted_at: datetime | None = None
    withdrawing: bool = False
    timeline: tuple[Moment, ...] = ()
    waivers: tuple[PreconditionWaived, ...] = ()
    owing: tuple[Owing, ...] = ()
    asked: tuple[AskedVerdict, ...] = ()
    private: Private = Private()

    @property
    def head(self) -> int:
        """The number of intake's last word on the request."""
        return max((moment.sequence for moment in self.timeline if moment.source == "intake"), default=0)

    @property
    def amending(self) -> bool:
        """Whether routing has yet to answer an amendment."""
        return bool(self.private.pending)

    @field_serializer("received_at")
    def _of_one_width(self, moment: datetime | None) -> str | None:
        return sortable(moment) if moment else None


def within_pin(state: State, data: Json) -> bool:
    """Whether the request is one of the unit, or of the system of it, that the sender's key is pinned to, if it is to any."""
    pinned, request = tuple(data.get("pinned_to", ())), state.request
    return request is not None and (request.business_unit, request.source.system)[: len(pinned)] == pinned


def theirs(state: State, data: Json) -> bool:
    """Whether who tells may: of a request that exists, its unit, the unit that filed it, who asked, and our own services; of one
    that does not, whoever may file for the unit it is to be of (a `stranger` may not).

    Nobody else is told that it exists, unless they may file for its unit and take its reference (docs/decisions/0021).
    A key that is pinned to a unit, or to a system of it, touches that one's requests alone.
    """
    if state.request is None:
        return not data.get("stranger")
    if not within_pin(state, data):
        return False
    kind, _, identity = str(data["by"]).partition(":")
    own = (kind == "person" and identity == state.request.requester.id) or kind == "service"
    return own or data["filed_by"] in {state.request.business_unit, state.private.filed_by} - {""}


def sortable(moment: datetime) -> str:
    """`moment` in UTC to the millisecond, always of one width: the order of the texts is that of the moments."""
    return moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


@dataclass(frozen=True, kw_only=True)
class Context:
    """What judging reads from elsewhere: the moment, the people, the packs by (name, version), earlier requests, and what is
    known of attached files by SHA-256 (None where nobody keeps files).

    `early_wait` is how long what comes before its submission is held.
    """

    now: datetime
    directory: Directory
    current: Pack
    packs: Mapping[tuple[str, str], Pack]
    earlier: Mapping[tuple[str, str, str], EarlierRequest]
    uploaded: Mapping[str, Uploaded] | None = None
    early_wait: timedelta = EARLY_WAIT

    def pack(self, pin: PolicyPin | None) -> Pack:
        """The pack a request was filed under, else the current one. An open request keeps its version."""
        if pin is None:
            return self.current
        return self.packs[(pin.name, pin.version)]
