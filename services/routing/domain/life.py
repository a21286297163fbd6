"""The life of a request in routing: which status counts as what, and which command is allowed in which. Pure.

The same as a drawing: ARCHITECTURE.md, "The life of a request".
"""

from shared.schemas.routing import WorkCommand
from shared.schemas.status import WorkStatus

CLOSED: frozenset[WorkStatus] = frozenset({"completed", "confirmed", "withdrawn"})
"""Nobody's seat counts as open work."""
OPEN: frozenset[WorkStatus] = frozenset({"new", "waiting", "choosing", "assigned", "working", "sent_back", "paused"})
SEATED: frozenset[WorkStatus] = frozenset({"assigned", "working"})
HALTED: frozenset[WorkStatus] = frozenset({"sent_back", "paused"})
"""The work waits for the requester or the customer; it goes on where it was."""
VACANT: frozenset[WorkStatus] = frozenset({"waiting", "choosing"})
"""A seat is vacant. Whoever has another one goes on meanwhile; the work is delivered once nobody is sought any more."""

ALLOWED: dict[WorkCommand, frozenset[WorkStatus]] = {
    "accept": SEATED | VACANT,
    "decline": SEATED | VACANT,
    "complete": frozenset({"working", "waiting"}),
    "choose": frozenset({"choosing"}),
    "send_back": SEATED | VACANT,
    "pause": SEATED | VACANT,
    "resume": HALTED,
    "hand_over": SEATED | HALTED | VACANT,
    "add": SEATED | HALTED | VACANT,
    "release": SEATED | HALTED | VACANT,
    "confirm": frozenset({"completed"}),
    "reopen": frozenset({"completed"}),
    "escalate": OPEN - {"new"},
    "opine": SEATED | {"waiting"},
    "return_to_step": SEATED | {"waiting"},
    "ask_also": SEATED | {"waiting"},
    "transfer": SEATED | {"waiting"},
    "log_effort": OPEN - {"new"} | CLOSED,
    "correct_effort": OPEN | CLOSED,
    "log_spend": OPEN - {"new"} | CLOSED,
    "correct_spend": OPEN | CLOSED,
    "record_outcome": OPEN | CLOSED,
    "settle_clash": OPEN | {"completed"},
    "confirm_item": SEATED | VACANT,
}
"""Amendments and withdrawals are intake's to ask for: they stand in every open status."""
AFTERWARDS: dict[WorkCommand, frozenset[WorkStatus]] = {"log_effort": OPEN - {"new"}}
"""Where whoever had a seat and has none any more may do more than is allowed to others."""
STAFFED: frozenset[WorkCommand] = frozenset({"pause", "log_effort", "log_spend"})
"""Where a seat is vacant: only while somebody else is at work."""


def allowed(command: WorkCommand, status: WorkStatus, *, staffed: bool) -> bool:
    """Whether `command` has its place in `status`, when somebody is at work on it, or nobody yet."""
    return status in ALLOWED[command] and (staffed or command not in STAFFED or status not in VACANT)
