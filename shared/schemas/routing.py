"""What routing says on backline.routing.v1: who coordinates, who supports, why, and how the work went."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from shared.schemas.model import Frozen, Json, Text
from shared.schemas.requests import FieldChange, PolicyPin, Request

Step = Literal["coordinator", "supporter"]


class Candidate(Frozen):
    """One person who passed every filter, with each part of the score (higher is better) and the sum."""

    person: str
    rank: int
    total: float
    parts: dict[str, float]
    open_load: float
    stands_in_for: str | None = None


class DecisionRecord(Frozen):
    """How one choice was made, reproducible from directory version, policy and these numbers.

    `candidates` holds the best 10, or 20 where a coordinator chooses; `excluded` counts everybody else by the filter that
    removed them.
    """

    step: Step
    role: str
    skill: str | None = None
    at: datetime
    directory: str
    policy: PolicyPin
    considered: int
    candidates: tuple[Candidate, ...]
    excluded: dict[str, int]
    chosen: tuple[str, ...]
    chosen_by: str = "policy"
    explanation: Text


class Seat(Frozen):
    """One person's part in a request."""

    person: str
    role: str
    step: Step
    skill: str | None = None
    department: str | None = None
    stands_in_for: str | None = None


class CoordinatorAssigned(Frozen):
    seat: Seat
    decision: DecisionRecord


class SupportersAssigned(Frozen):
    seats: tuple[Seat, ...]
    decisions: tuple[DecisionRecord, ...]


class AssignmentWaiting(Frozen):
    """Nobody fits, or the coordinator has yet to choose (`reason`); the decisions say why or offer the ranking."""

    step: Step
    reason: Literal["nobody_fits", "coordinator_chooses"]
    decisions: tuple[DecisionRecord, ...]


class WorkAccepted(Frozen):
    """A supporter took the work on. `first` marks the acceptance that starts it.

    `on_behalf_of` is the seat's holder, when `by` stands in while they are away.
    """

    by: str
    role: str
    first: bool
    on_behalf_of: str | None = None


class WorkDeclined(Frozen):
    """A seat was given back; whoever coordinated and supported in one role gives back both (`step` coordinator).

    `on_behalf_of` is the seat's holder, when `by` stands in while they are away.
    """

    by: str
    role: str
    step: Step
    reason: str
    on_behalf_of: str | None = None

    def vacates(self, seat: Seat) -> bool:
        """Whether `seat` was given back: a supporter's are all given back, a coordinator's with the one in the same role."""
        if seat.person != (self.on_behalf_of or self.by):
            return False
        return seat.step == self.step or (self.step == "coordinator" and seat.role == self.role)


def seats_after(seats: Sequence[Seat], said: Seat | Sequence[Seat] | WorkDeclined) -> tuple[Seat, ...]:
    """Who has a part in a request after a coordinator's seat or all supporters' seats were given, or one was given back."""
    match said:
        case Seat():
            return (said, *(seat for seat in seats if seat.step != "coordinator"))
        case WorkDeclined():
            return tuple(seat for seat in seats if not said.vacates(seat))
        case _:
            return (*(seat for seat in seats if seat.step == "coordinator"), *said)


class WorkCompleted(Frozen):
    """The work is delivered. `result` holds its sections (for a survey: the information checklist)."""

    by: str
    note: str
    result: Json
    on_behalf_of: str | None = None


class RequestAmended(Frozen):
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
