"""The dead-letter collection of one service: records that could not be given to any request, byte for byte, for ever."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from typing import Any

from shared.messaging.wire import Record
from shared.storage.client import Collection

Letter = dict[str, Any]
_handed_again: ContextVar[bool] = ContextVar("handed_again", default=False)


class BuriedAgainError(Exception):
    """A record that was handed to its handler again would be buried again; the message is the problem."""


@contextmanager
def handed_again() -> Iterator[None]:
    """Inside, whoever would keep a record gets BuriedAgainError instead: it is kept already, and nothing else shall happen."""
    token = _handed_again.set(True)
    try:
        yield
    finally:
        _handed_again.reset(token)


class MongoDeadLetters:
    """Kept once per identity, however often the record is read."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def keep(self, identity: str, record: Record, problem: str, at: datetime) -> None:
        """Keep `record`; keeping it again changes nothing."""
        if _handed_again.get():
            raise BuriedAgainError(problem)
        entry = {"record": record.as_json(), "problem": problem, "at": at}
        await self._collection.update_one({"_id": identity}, {"$setOnInsert": entry}, upsert=True)

    async def prepare(self) -> None:
        """Create the index that pages are read by."""
        await self._collection.create_index([("at", 1), ("_id", 1)])

    async def listed(
        self, limit: int = 100, *, after: tuple[datetime, str] | None = None, reason: str = "", redriven: bool = False
    ) -> Sequence[Letter]:
        """Letters behind (`at`, identity), oldest first: those whose problem holds `reason`, the redriven ones only if asked for."""
        query = _chosen(reason, redriven=redriven)
        if after is not None:
            query["$or"] = [{"at": {"$gt": after[0]}}, {"at": after[0], "_id": {"$gt": after[1]}}]
        return [letter async for letter in self._collection.find(query).sort([("at", 1), ("_id", 1)]).limit(limit)]

    async def count(self, *, reason: str = "", redriven: bool = False) -> int:
        """How many letters `listed` would go through."""
        return await self._collection.count_documents(_chosen(reason, redriven=redriven))

    async def found(self, identity: str) -> Letter | None:
        """One letter, or None."""
        return await self._collection.find_one({"_id": identity})

    async def mark_redriven(self, identity: str, by: str, at: datetime) -> None:
        """Note that `identity` was taken at last; the first such note stays."""
        await self._collection.update_one(
            {"_id": identity, "redriven_at": None}, {"$set": {"redriven_at": at, "redriven_by": by}}
        )


def _chosen(reason: str, *, redriven: bool) -> dict[str, Any]:
    query: dict[str, Any] = {} if redriven else {"redriven_at": None}
    return {**query, "problem": {"$regex": re.escape(reason)}} if reason else query
