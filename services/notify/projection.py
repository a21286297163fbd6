"""What notify answers from its own database: the state of one request."""

from services.notify.state import State
from shared.storage import Collection


class MongoProjection:
    """Reads of the ledger's collection."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def state(self, request: str) -> State | None:
        """The request's state, or None when there is no such request."""
        stored = await self._collection.find_one({"_id": request}, {"state": 1})
        return State.model_validate(stored["state"]) if stored and stored.get("state") else None
