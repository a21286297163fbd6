"""What routing says on backline.routing.v1: who coordinates, who supports, why, and how the work went."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.schemas.choices import Candidate as Candidate  # noqa: PLC0414  # said here, so asked for here
from shared.schemas.choices import DecisionRecord as DecisionRecord  # noqa: PLC0414  # said here, so asked for here
from shared.schemas.choices import Seat as Seat  # noqa: PLC0414  # said here, so asked for here
from shared.schemas.choices import Step as Step  # noqa: PLC0414  # said here, so asked for here
from shared.schemas.model import Frozen, Json, Text
from shared.schemas.requests import FieldChange, Request
from shared.schemas.service_levels import ClockName, Timed
from shared.schemas.status import WorkStatus

WorkCommand = Literal[
    "accept",
    "decline",
    "complete",
    "choose",
    "send_back",
    "pause",
    "resume",
    "hand_over",
    "add",
    "release",
    "confirm",
    "reopen",
    "escalate",
    "opine",
    "return_to_step",
    "ask_also",
    "transfer",
    "log_effort",
    "correct_effort",
    "log_spend",
    "correct_spend",
    "record_outcome",
    "settle_clash",
    "confirm_item",
]
"""What people tell routing about a request."""
POLICY = "policy"
"""Who acts where nobody does: what the policy says happens by itself."""


class CoordinatorAssigned(Frozen):
    seat: Seat
    decision: DecisionRecord


class SupportersAssigned(Timed):
    seats: tuple[Seat, ...]
    decisions: tuple[DecisionRecord, ...]
    status: WorkStatus | None = None


class AssignmentWaiting(Timed):
    """Nobody fits, or the coordinator has yet to choose (`reason`); the decisions say why or offer the ranking."""

    step: Step
    reason: Literal["nobody_fits", "coordinator_chooses"]
    decisions: tuple[DecisionRecord, ...]


class WorkAccepted(Frozen):
    """A supporter took the work on. `first` marks the acceptance that starts it; `status` is that of the request since.

    `on_behalf_of` is the seat's holder, when `by` stands in while they are away.
    """

    by: str
    role: str
    first: bool
    on_behalf_of: str | None = None
    status: WorkStatus | None = None


class WorkDeclined(Frozen):
    """A seat was given back; whoever coordinated and supported in one role gives back both (`step` coordinator). `status` is that
    of the request until somebody else has the seat.

    `on_behalf_of` is the seat's holder, when `by` stands in while they are away. `accepted` is whether the holder had taken the
    work on; None where it was not said yet.
    """

    by: str
    role: str
    step: Step
    reason: str
    on_behalf_of: str | None = None
    status: WorkStatus | None = None
    accepted: bool | None = None

    def vacates(self, seat: Seat) -> bool:
        """Whether `seat` was given back: a supporter's are all given back, a coordinator's with the one in the same role."""
        if seat.person != (self.on_behalf_of or self.by):
            return False
        return seat.step == self.step or (self.step == "coordinator" and seat.role == self.role)


class WorkSentBack(Frozen):
    """The requester is asked for what is missing; an amendment sends the work on its way again."""

    by: str
    reason: str
    missing: tuple[str, ...] = Field(default=(), description="fields (details.due) or preconditions, by their keys")
    on_behalf_of: str | None = None


class WorkPaused(Frozen):
    """The work waits for the customer, at the longest until `until`."""

    by: str
    reason: str
    until: datetime | None = None
    on_behalf_of: str | None = None


class WorkResumed(Timed):
    """The work goes on as `status`: because somebody said so, the time was over, or what was missing has come."""

    by: str
    cause: Literal["person", "time", "amendment"]
    status: WorkStatus
    on_behalf_of: str | None = None


class SupportHandedOver(Timed):
    """A supporter's seat went from `holder` to a colleague, who has yet to accept it. `seats` are all supporters' seats since.
    `decision` is how the colleague was chosen, or who named them. `accepted` is whether `holder` had taken the work on; None where it was
    not said yet."""

    by: str
    holder: str
    person: str
    role: str
    reason: str
    seats: tuple[Seat, ...]
    status: WorkStatus
    cause: Literal["person", "leave"] = "person"
    decision: DecisionRecord | None = None
    accepted: bool | None = None
    on_behalf_of: str | None = Field(default=None, description="the coordinator, when `by` acts in their place")


class CoordinationHandedOver(Frozen):
    """The request has another coordinator, named by the one before, or found since that one is away (`cause`)."""

    by: str
    holder: str
    person: str
    role: str
    reason: str
    seat: Seat
    cause: Literal["person", "leave"] = "person"
    decision: DecisionRecord | None = None


class SupporterAdded(Timed):
    """The coordinator asked one more colleague for help. `seats` are all supporters' seats since, `decision` who was named and why."""

    by: str
    person: str
    role: str
    reason: str
    seats: tuple[Seat, ...]
    status: WorkStatus
    decision: DecisionRecord | None = None
    on_behalf_of: str | None = Field(default=None, description="the coordinator, when `by` acts in their place")


class SupporterReleased(Timed):
    """A supporter is no longer needed, and nobody is sought in their place. `seats` are all supporters' seats since. `accepted` is
    whether `holder` had taken the work on; None where it was not said yet."""

    by: str
    holder: str
    role: str
    reason: str
    seats: tuple[Seat, ...]
    status: WorkStatus
    accepted: bool | None = None
    on_behalf_of: str | None = Field(default=None, description="the coordinator, when `by` acts in their place")


class SeatGivenUp(Frozen):
    """A seat that nobody has is given up: nobody is sought for it any more, and the others deliver without it."""

    by: str
    role: str
    skill: str | None = None
    department: str | None = None
    reason: str
    status: WorkStatus
    on_behalf_of: str | None = Field(default=None, description="the coordinator, when `by` acts in their place")


class WorkCompleted(Timed):
    """The work is delivered. `result` holds its sections (for a survey: the information checklist).

    Unless the requester says otherwise before `confirm_by`, it is taken as accepted.
    """

    by: str
    note: str
    result: Json
    on_behalf_of: str | None = None
    confirm_by: datetime | None = None


class DeliveryConfirmed(Frozen):
    """The requester has what they asked for, and says how good it is (1 to 5); or did not object in time."""

    by: str
    cause: Literal["person", "time"]
    rating: int | None = Field(default=None, ge=1, le=5)
    note: str = ""
    on_behalf_of: str | None = None


class RequestReopened(Timed):
    """What was delivered is not what was asked for. `coordinator` and `supporters` are those who have time to go on."""

    by: str
    reason: str
    status: WorkStatus
    coordinator: Seat | None
    supporters: tuple[Seat, ...]
    on_behalf_of: str | None = None


class Escalated(Frozen):
    """Somebody wants a decision from one step above, or the policy does since time runs out (`cause`, and which `clock`).

    `linked` is the request that is waited for, where that is why; there is more to say at `look_at`.
    """

    by: str
    reason: str
    cause: Literal["person", "time"] = "person"
    on_behalf_of: str | None = None
    clock: ClockName | None = None
    linked: str | None = None
    look_at: datetime | None = None


class EscalatedToCoordinator(Escalated):
    pass


class EscalatedToLeader(Escalated):
    """The leaders of the request's unit are asked."""


class RequestAmended(Timed):
    """The amendment stands: from here on the request reads `request`. `version` counts from 2."""

    request: Request
    changes: tuple[FieldChange, ...]
    version: int


class AmendmentRefused(Frozen):
    reason: Text


class RequestWithdrawn(Frozen):
    by: str
    reason: str


class WithdrawalRefused(Frozen):
    reason: Text
