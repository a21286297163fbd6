"""Who did what to a service by hand: an entry is written before the deed, and completed when it has ended."""

import uuid
from datetime import datetime

from shared.schemas.model import Json
from shared.storage.client import Collection


class MongoAudit:
    """Entries are never changed but for their end. One without `ended_at` was cut off, and may or may not have been done."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def begin(self, action: str, by: str, about: Json, at: datetime) -> str:
        """Write down what `by` is about to do; the entry's id."""
        identity = uuid.uuid4().hex
        await self._collection.insert_one({"_id": identity, "action": action, "by": by, "about": about, "at": at})
        return identity

    async def end(self, identity: str, outcome: Json, at: datetime) -> None:
        """Write down what became of it."""
        await self._collection.update_one({"_id": identity}, {"$set": {"outcome": outcome, "ended_at": at}})
