"""What intake says: about requests on backline.requests.v1, about people on backline.people.v1.

Fields that the pack marks `personal` travel as pointers ({"$personal": "details.jury"}); their values stay in intake.
"""

from datetime import datetime
from typing import Literal

from shared.schemas.access import SystemAccess
from shared.schemas.callbacks import Callback
from shared.schemas.model import Frozen, Text
from shared.schemas.people import BusinessUnit, Person
from shared.schemas.requests import FieldChange, PolicyPin, Request, Verdict


class RequestSubmitted(Frozen):
    """An accepted request, complete but for its personal values."""

    request: Request
    verdict: Verdict
    policy: PolicyPin


class RequestReturned(RequestSubmitted):
    """A request that lacks something; it can be completed under the same id."""


class RequestRejected(RequestSubmitted):
    """A request whose requester may not ask for it."""


class RequestDropped(Frozen):
    """A returned or rejected request that its unit withdrew before it was ever accepted."""

    by: str
    reason: str


class AmendmentRequested(Frozen):
    """An accepted request shall read `request` from now on; routing says whether it does."""

    by: str
    request: Request
    changes: tuple[FieldChange, ...]
    verdict: Verdict


class WithdrawalRequested(Frozen):
    """The unit wants its accepted request back; routing says whether it is."""

    by: str
    reason: str


class PreconditionWaived(Frozen):
    """Whoever holds `role` let the request do without a precondition, and answers for it with a reason. `through` is the unit's system
    that said so for them (`unit:<code>`); none where they said so themselves.
    """

    precondition: str
    label: Text
    by: str
    role: str
    reason: str
    through: str | None = None


class Owed(Frozen):
    """Evidence that the policy lets come later: for which precondition, until when, and when its absence is told further."""

    any_of: tuple[str, ...]
    label: Text
    due: datetime
    escalates: datetime | None = None


class EvidenceAsked(Frozen):
    """The time of what is owed is over; its requester is asked for it."""

    owed: tuple[Owed, ...]


class EvidenceOverdue(Frozen):
    """It was asked for in vain; coordinator and unit leader are told."""

    owed: tuple[Owed, ...]


class EvidenceSettled(Frozen):
    """It was given, waived, or is no longer wanted (`state`)."""

    any_of: tuple[str, ...]
    label: Text
    state: Literal["met", "waived", "not_wanted"]


class PersonRecorded(Frozen):
    person: Person


class UnitRecorded(Frozen):
    unit: BusinessUnit


class AccessRecorded(Frozen):
    """All keys of one system, as they are now."""

    access: SystemAccess


class CallbackRecorded(Frozen):
    """A unit's subscription as it stands from here on (docs/decisions/0025)."""

    callback: Callback
