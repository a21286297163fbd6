"""Deliveries of either room by their subject: what is told of seasons stands beside the requests, and is seen and settled alike."""

from typing import Protocol

from services.notify.state import State
from shared.ledger.messages import Outcome, Told
from shared.schemas.seasons import SEASONS
from shared.storage import Sight


class Tells(Protocol):
    async def tell(self, message: Told) -> Outcome: ...


class Reads(Protocol):
    async def state(self, sight: Sight, request: str) -> State | None: ...


class Desks:
    """The desk of the room that a command's subject is in."""

    def __init__(self, requests: Tells, seasons: Tells) -> None:
        self._requests = requests
        self._seasons = seasons

    async def tell(self, message: Told) -> Outcome:
        """Told to the one or the other."""
        return await (self._seasons if message.subject == SEASONS else self._requests).tell(message)


class Projections:
    """The reads of the room that a subject is in. Of seasons our own services alone see who was told: they are no unit's."""

    def __init__(self, requests: Reads, seasons: Reads) -> None:
        self._requests = requests
        self._seasons = seasons

    async def state(self, sight: Sight, request: str) -> State | None:
        """The state, or None when there is nothing to see."""
        return await (self._seasons if request == SEASONS else self._requests).state(sight, request)
