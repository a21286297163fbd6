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

ALLOWED: dict[WorkCommand, frozenset[WorkStatus]] = {
    "accept": SEATED,
    "decline": SEATED | {"waiting", "choosing"},
    "complete": frozenset({"working"}),
    "choose": frozenset({"choosing"}),
    "send_back": SEATED | {"waiting", "choosing"},
    "pause": SEATED,
    "resume": HALTED,
    "hand_over": SEATED | HALTED,
    "add": SEATED | HALTED,
    "release": SEATED | HALTED,
    "confirm": frozenset({"completed"}),
    "reopen": frozenset({"completed"}),
    "escalate": OPEN - {"new"},
    "opine": SEATED | {"waiting"},
    "return_to_step": SEATED | {"waiting"},
    "ask_also": SEATED | {"waiting"},
    "transfer": SEATED | {"waiting"},
    "log_effort": SEATED | HALTED | CLOSED,
    "correct_effort": OPEN | CLOSED,
    "log_spend": SEATED | HALTED | CLOSED,
    "correct_spend": OPEN | CLOSED,
    "record_outcome": OPEN | CLOSED,
    "settle_clash": OPEN | {"completed"},
    "confirm_item": SEATED,
}
"""Amendments and withdrawals are intake's to ask for: they stand in every open status."""
AFTERWARDS: dict[WorkCommand, frozenset[WorkStatus]] = {"log_effort": OPEN - {"new"}}
"""Where whoever had a seat and has none any more may do more than is allowed to others."""
