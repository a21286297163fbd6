"""Routing's state of one request, and the table of what may happen when."""

from datetime import datetime
from typing import Literal, Self

from shared.schemas.model import Frozen
from shared.schemas.requests import PolicyPin, Request
from shared.schemas.routing import DecisionRecord, Seat, WorkDeclined

Status = Literal["new", "waiting", "choosing", "assigned", "working", "completed", "withdrawn"]
Command = Literal["accept", "decline", "complete", "choose", "amend", "withdraw"]
CLOSED: frozenset[Status] = frozenset({"completed", "withdrawn"})
OPEN: frozenset[Status] = frozenset({"new", "waiting", "choosing", "assigned", "working"})
ALLOWED: dict[Command, frozenset[Status]] = {
    "accept": frozenset({"assigned", "working"}),
    "decline": frozenset({"waiting", "choosing", "assigned", "working"}),
    "complete": frozenset({"working"}),
    "choose": frozenset({"choosing"}),
    "amend": OPEN,
    "withdraw": OPEN,
}


class Held(Seat):
    """A seat and whether its holder took the work on."""

    accepted: bool = False


class State(Frozen):
    """`declined` are people who may not be chosen again; `decisions` is the latest record of each seat's choice.

    `asked` and `answered` are the numbers of intake's last amendment or withdrawal, and of the last one routing answered.
    """

    status: Status = "new"
    request: Request | None = None
    policy: PolicyPin | None = None
    coordinator: Seat | None = None
    supporters: tuple[Held, ...] = ()
    declined: tuple[str, ...] = ()
    waiting_since: datetime | None = None
    version: int = 1
    decisions: tuple[DecisionRecord, ...] = ()
    asked: int = 0
    answered: int = 0

    @property
    def open(self) -> bool:
        """Whether people hold seats for it or may yet."""
        return self.status not in CLOSED

    def seated(self) -> frozenset[str]:
        """Everybody who has a seat, also when the work has ended."""
        seats = [self.coordinator] if self.coordinator else []
        return frozenset(seat.person for seat in (*seats, *self.supporters))

    def holders(self) -> frozenset[str]:
        """Everybody whose seat counts as open work."""
        return self.seated() if self.open else frozenset()

    def after(self, declined: WorkDeclined) -> Self:
        """The state after a seat was given back."""
        left = tuple(seat for seat in self.supporters if not declined.vacates(seat))
        vacant = declined.step == "supporter" or len(left) < len(self.supporters)
        holder = declined.on_behalf_of or declined.by
        update: dict[str, object] = {"supporters": left, "declined": (*self.declined, holder)}
        if self.coordinator and declined.vacates(self.coordinator):
            update["coordinator"] = None
        if vacant or not left:
            update["status"] = "waiting"
        return self.model_copy(update=update)
