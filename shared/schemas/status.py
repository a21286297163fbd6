"""Where a request stands: as routing says of the work on it, and as intake shows it to its unit."""

from typing import Literal

WorkStatus = Literal[
    "new", "waiting", "choosing", "assigned", "working", "sent_back", "paused", "completed", "confirmed", "withdrawn"
]
"""`sent_back` waits for the requester, `paused` for the customer; `completed` is delivered and waits for the requester's word,
`confirmed` has it or needs it no more."""
DELIVERED: frozenset[str] = frozenset({"completed", "confirmed"})
"""There is a result that stands."""
RequestStatus = Literal[
    "new",
    "returned",
    "rejected",
    "dropped",
    "submitted",
    "waiting",
    "choosing",
    "assigned",
    "working",
    "sent_back",
    "paused",
    "completed",
    "confirmed",
    "withdrawn",
]
"""`returned` and `rejected` were never accepted, `dropped` was withdrawn before it was; from `submitted` on routing says how it goes."""
