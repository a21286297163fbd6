"""Clients' own names for their commands, one document per name, kept for good: what the first use asked for, and its answer."""

from collections.abc import Callable
from datetime import datetime

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from shared.schemas.model import Json
from shared.storage.client import Collection


class MongoKeys:
    """Each method is one command, and returns what is durable."""

    def __init__(self, collection: Collection, now: Callable[[], datetime]) -> None:
        self._collection = collection
        self._now = now

    async def claim(self, name: str, wish: Json) -> Json | None:
        """Write `wish` down under `name`, or return what stands there: the wish and, once there is one, its `answer`."""
        while True:
            try:
                found: Json | None = await self._collection.find_one_and_update(
                    {"_id": name},
                    {"$setOnInsert": {**wish, "at": self._now()}},
                    upsert=True,
                    return_document=ReturnDocument.BEFORE,
                )
            except DuplicateKeyError:  # another was first by a moment: now it is there to be found
                continue
            return found

    async def settle(self, name: str, answer: str, *, instead_of: str | None = None) -> str:
        """Keep `answer` under `name` unless there is one other than `instead_of`; the one that stands."""
        wanted = {"$eq": [{"$ifNull": ["$answer", None]}, {"$literal": instead_of}]}
        stands = {"$cond": [wanted, {"$literal": answer}, "$answer"]}
        kept: Json = await self._collection.find_one_and_update(
            {"_id": name}, [{"$set": {"answer": stands}}], upsert=True, return_document=ReturnDocument.AFTER
        )
        return str(kept["answer"])
