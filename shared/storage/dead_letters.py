"""The dead-letter collection of one service: records that could not be given to any request, byte for byte."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared.messaging.wire import Record
from shared.storage.client import Collection


class MongoDeadLetters:
    """Kept once per identity, however often the record is read."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def keep(self, identity: str, record: Record, problem: str, at: datetime) -> None:
        """Keep `record`; keeping it again changes nothing."""
        entry = {"record": record.as_json(), "problem": problem, "at": at}
        await self._collection.update_one({"_id": identity}, {"$setOnInsert": entry}, upsert=True)

    async def listed(self, limit: int = 100) -> Sequence[dict[str, Any]]:
        """The latest dead letters, newest first."""
        return [entry async for entry in self._collection.find({}).sort("at", -1).limit(limit)]
