"""What a business unit asks for, and the verdict it gets. Shapes follow the policy pack; details are typed there."""

import json
import unicodedata
import uuid
from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.schemas.model import Frozen, Json, Text

NAMESPACE = uuid.UUID("6f1c9a52-3f0e-5d7b-9a64-0b5b8a1f2c11")
COMPACT = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))
NUMBER_PREFIX = "BL-"
CURRENCY = "currency"
"""The extra field that says what amounts are in."""
YUAN = "CNY"
Outcome = Literal["accepted", "returned", "rejected"]
Action = Literal["submit", "amend", "withdraw", "waive"]
Pending = Literal["amendment", "withdrawal", "submission"]


def request_id(business_unit: str, system: str, reference: str) -> str:
    """UUIDv5 over the JSON array [unit, system, reference], each trimmed and in Unicode NFC, case kept."""
    parts = [unicodedata.normalize("NFC", part.strip()) for part in (business_unit, system, reference)]
    return str(uuid.uuid5(NAMESPACE, COMPACT.encode(parts)))


def number_of(request: str) -> str:
    """The short form of a request's id that people read out: BL- and its first eight hex digits, in capitals."""
    return f"{NUMBER_PREFIX}{request.replace('-', '')[:8].upper()}"


class Requester(Frozen):
    id: str
    role: str


class Origin(Frozen):
    """Where the request was first written down: the unit's own system and its reference there."""

    system: str
    reference: str


class Customer(Frozen):
    """`id` is the unit's own; who writes by mail seldom knows it."""

    name: str
    id: str | None = None
    industry: str | None = None
    region: str | None = None


class Opportunity(Frozen):
    id: str
    name: str
    customer: Customer
    stage: int | None = None
    tender_no: str | None = None


class Evidence(Frozen):
    """What is offered for a precondition. `value` is a text, or for `earlier_request` {business_unit, system, reference}."""

    precondition: str
    kind: str
    value: str | Json


class Attachment(Frozen):
    """A file that came with the request; `sha256` addresses its content in intake's store."""

    name: str
    media_type: str
    size: int
    sha256: str


class Request(Frozen):
    """A request as judged and normalised: times carry an offset, numbers are numbers, aliases are keys."""

    type: str
    business_unit: str
    requester: Requester
    source: Origin
    opportunity: Opportunity | None = None
    needed_by: datetime | None = None
    priority: Literal["low", "normal", "high", "urgent"] = "normal"
    locale: Literal["zh", "en"] = "zh"
    details: Json = Field(default_factory=dict)
    extra: Json = Field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    attachments: tuple[Attachment, ...] = ()

    @property
    def currency(self) -> str:
        """What its amounts are in (ISO 4217): yuan, unless it says something else."""
        return str(self.extra.get(CURRENCY) or "").strip() or YUAN


class PolicyPin(Frozen):
    """The policy pack a request was judged under and stays under."""

    name: str
    version: str
    hash: str


class Problem(Frozen):
    """One thing wrong: the field (dotted path), a stable code, and a sentence that names problem and remedy.

    In an answer, `pointer` is the field's JSON pointer (RFC 6901) into the body as it was sent.
    """

    field: str
    code: str
    message: Text
    pointer: str | None = None


class PreconditionVerdict(Frozen):
    """One precondition, or one of several (`any_of`), with what proved it. `label` is the policy's own wording.

    What may be proved `later` is `due` then: it is asked for at that time, and at `escalates` the unit's leader hears of it.
    """

    any_of: tuple[str, ...]
    state: Literal["met", "waived", "later", "missing"]
    met_by: Evidence | None = None
    label: Text
    message: Text | None = None
    due: datetime | None = None
    escalates: datetime | None = None


class Verdict(Frozen):
    """The one answer for every channel. `reason` is set on rejected; `problems` and missing preconditions on returned."""

    outcome: Outcome
    reason: str | None = None
    problems: tuple[Problem, ...] = ()
    preconditions: tuple[PreconditionVerdict, ...] = ()
    message: Text


class FieldChange(Frozen):
    """One field an amendment changes; `before` and `after` are JSON values, or a pointer for a personal field."""

    field: str
    before: object = None
    after: object = None


class Answer(Frozen):
    """What the sender gets, the same on every channel. `outcome` is the verdict's, or withdrawn, held, or refused (see `problem`).

    `pending` names what was asked of the request and is not decided yet: work on it may have ended meanwhile, and then the
    amendment or withdrawal is refused. While it is named there, `outcome` says what was asked for, not what has come about.
    What came before the request itself is `held`, and waits for the submission that `pending` names, for a while.
    """

    id: str | None
    number: str | None = None
    action: Action
    outcome: str
    duplicate: bool = False
    amended: bool = False
    status: str | None = None
    pending: tuple[Pending, ...] = ()
    verdict: Verdict | None = None
    problem: Json | None = None
