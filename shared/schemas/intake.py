"""What intake says: about requests on backline.requests.v1, about people on backline.people.v1.

Fields that the pack marks `personal` travel as pointers ({"$personal": "details.jury"}); their values stay in intake.
"""

from shared.schemas.callbacks import Callback
from shared.schemas.model import Frozen
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


class PersonRecorded(Frozen):
    person: Person


class UnitRecorded(Frozen):
    unit: BusinessUnit


class CallbackRecorded(Frozen):
    """A unit's subscription as it stands from here on (docs/decisions/0025)."""

    callback: Callback
