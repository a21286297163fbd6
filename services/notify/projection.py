"""What notify answers from its own database: the state of one request."""

from services.notify.state import State
from shared.storage import Collection, Places, Sight, Sighted

PLACES = Places(units=("state.request.business_unit",), people=("state.request.requester", "state.seats.person"))
"""The request's unit; who asked, and whoever has a seat."""


class MongoProjection:
    """Reads of the ledger's collection."""

    def __init__(self, collection: Collection) -> None:
        self._seen = Sighted(collection, PLACES)

    async def state(self, sight: Sight, request: str) -> State | None:
        """The request's state, or None when there is no such request to see."""
        stored = await self._seen.one(sight, request, {"state": 1})
        return State.model_validate(stored["state"]) if stored and stored.get("state") else None
