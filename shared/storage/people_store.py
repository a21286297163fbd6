"""A service's copy of people and units in its own database, one document per entry, guarded by its sequence."""

from collections.abc import Sequence

from pymongo import UpdateOne
from pymongo.errors import BulkWriteError

from shared.schemas.model import Json
from shared.storage.client import Collection
from shared.storage.ledger_store import DUPLICATE_KEY


class MongoPeopleStore:
    """The PeopleStore on MongoDB."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def all(self) -> list[tuple[str, int, str, Json]]:
        """Every entry kept."""
        return [(entry["_id"], entry["sequence"], entry["type"], entry["data"]) async for entry in self._collection.find({})]

    async def keep(self, entries: Sequence[tuple[str, int, str, Json]]) -> None:
        """Keep entries; one that is older than what is kept loses by its duplicate key. Returning means they are durable."""
        operations = [
            UpdateOne(
                {"_id": subject, "sequence": {"$lt": sequence}},
                {"$set": {"sequence": sequence, "type": event_type, "data": data}},
                upsert=True,
            )
            for subject, sequence, event_type, data in entries
        ]
        try:
            await self._collection.bulk_write(operations, ordered=False)
        except BulkWriteError as error:
            details = error.details or {}
            lost = [failure["code"] == DUPLICATE_KEY for failure in details.get("writeErrors", [])]
            if not lost or not all(lost) or details.get("writeConcernErrors"):
                raise
