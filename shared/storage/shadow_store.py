"""Rebuilt states beside a ledger's collection, and the one guarded write that puts one in the place of the state in use.

Invariant: the shadow holds no private values, so that what is erased in the ledger is erased everywhere.
"""

from collections.abc import Sequence
from typing import Any

from pymongo import ReplaceOne

from shared.ledger.rebuilding import Rebuilt
from shared.storage.client import Collection


class MongoShadow:
    """The Shadow of one ledger's collection: the collection of that name with `_rebuilt`. It is made by each rebuild and may be dropped."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._rebuilt = collection.database[f"{collection.name}_rebuilt"]

    async def subjects(self, after: str, limit: int) -> list[str]:
        found = self._collection.find({"_id": {"$gt": after}}, {"_id": 1}).sort("_id", 1).limit(limit)
        return [stored["_id"] async for stored in found]

    async def count(self) -> int:
        """How many subjects there are."""
        return await self._collection.count_documents({})

    async def keep(self, rebuilt: Sequence[Rebuilt]) -> None:
        if rebuilt:
            await self._rebuilt.bulk_write(
                [ReplaceOne({"_id": one.subject}, _kept(one), upsert=True) for one in rebuilt], ordered=False
            )

    async def swap(self, rebuilt: Rebuilt) -> bool:
        guard = {"_id": rebuilt.subject, "revision": rebuilt.revision}
        instead = {"state": rebuilt.state, "schema": rebuilt.schema, "revision": rebuilt.revision + 1}
        return (await self._collection.update_one(guard, {"$set": instead})).matched_count == 1


def _kept(rebuilt: Rebuilt) -> dict[str, Any]:
    kept = {"state": rebuilt.said, "schema": rebuilt.schema, "checksum": rebuilt.checksum}
    return {**kept, "live": rebuilt.live, "revision": rebuilt.revision}
