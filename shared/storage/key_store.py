"""Clients' own names for their commands, one document per name: what the first use asked for, and its answer.

With an answer a name is kept for good; one that was only claimed (its command was refused, or its process killed) for a week.
"""

from collections.abc import Callable
from datetime import datetime, timedelta

from pymongo import ReturnDocument
from pymongo.errors import DuplicateKeyError

from shared.schemas.model import Json
from shared.storage.client import Collection

UNANSWERED = timedelta(days=7)


class MongoKeys:
    """Each method is one command, and returns what is durable."""

    def __init__(self, collection: Collection, now: Callable[[], datetime]) -> None:
        self._collection = collection
        self._now = now

    async def prepare(self) -> None:
        """The database forgets claims that were never answered."""
        await self._collection.create_index("claimed", expireAfterSeconds=int(UNANSWERED.total_seconds()), sparse=True)

    async def claim(self, name: str, wish: Json) -> Json | None:
        """Write `wish` down under `name`, or return what stands there: the wish and, once there is one, its `answer`.

        A claim without an answer is a claim of now, so that it does not expire while its command is carried out.
        """
        now = {"$literal": self._now()}
        unanswered = {"$eq": [{"$type": "$answer"}, "missing"]}
        kept = {key: {"$ifNull": [f"${key}", value]} for key, value in {**_literally(wish), "at": now}.items()}
        while True:
            try:
                found: Json | None = await self._collection.find_one_and_update(
                    {"_id": name},
                    [{"$set": {**kept, "claimed": {"$cond": [unanswered, now, "$$REMOVE"]}}}],
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
            {"_id": name},
            [{"$set": {"answer": stands}}, {"$unset": "claimed"}],
            upsert=True,
            return_document=ReturnDocument.AFTER,
        )
        return str(kept["answer"])


def _literally(wish: Json) -> Json:
    """No text of a client's is an expression."""
    return {key: {"$literal": value} for key, value in wish.items()}
