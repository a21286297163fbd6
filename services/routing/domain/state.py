"""Routing's state of one request, and the table of what may happen when."""

from datetime import datetime
from typing import Literal

from shared.schemas.model import Frozen
from shared.schemas.requests import PolicyPin, Request
from shared.schemas.routing import DecisionRecord, Seat

Status = Literal["new", "waiting", "choosing", "assigned", "working", "completed", "withdrawn"]
Command = Literal["accept", "decline", "complete", "choose", "amend", "withdraw"]
ALLOWED: dict[Command, frozenset[Status]] = {
    "accept": frozenset({"assigned", "working"}),
    "decline": frozenset({"assigned", "working"}),
    "complete": frozenset({"working"}),
    "choose": frozenset({"choosing"}),
    "amend": frozenset({"new", "waiting", "choosing", "assigned", "working"}),
    "withdraw": frozenset({"new", "waiting", "choosing", "assigned", "working"}),
}
CLOSED: frozenset[Status] = frozenset({"completed", "withdrawn"})


class Held(Seat):
    """A seat and whether its holder took the work on."""

    accepted: bool = False


class State(Frozen):
    """`declined` are people who may not be chosen again; `decisions` is the latest record of each seat's choice."""

    status: Status = "new"
    request: Request | None = None
    policy: PolicyPin | None = None
    coordinator: Seat | None = None
    supporters: tuple[Held, ...] = ()
    declined: tuple[str, ...] = ()
    waiting_since: datetime | None = None
    version: int = 1
    decisions: tuple[DecisionRecord, ...] = ()

    @property
    def open(self) -> bool:
        """Whether people hold seats for it or may yet."""
        return self.status not in CLOSED

    def holders(self) -> frozenset[str]:
        """Everybody whose seat counts as open work."""
        seats = [self.coordinator] if self.coordinator else []
        return frozenset(seat.person for seat in (*seats, *self.supporters)) if self.open else frozenset()

    def may_act(self, person: str) -> bool:
        """Whether `person` works on the request."""
        return person in self.holders()
