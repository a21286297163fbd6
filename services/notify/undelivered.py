"""The callbacks that were given up, found in notify's own database by the unit whose they are."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from services.notify.callbacks import CHANNEL
from services.notify.state import State
from shared.schemas.model import Frozen
from shared.schemas.requests import number_of
from shared.storage import Collection

GIVEN_UP = {"items.status": "failed"}
"""The condition of the partial index, which a query repeats so that it is read by it."""


class Given(Frozen):
    """One delivery that was given up: what it says of which request, after how many attempts, when and why. No addresses."""

    request: str
    number: str
    delivery: str
    callback: str
    type: str
    attempts: int
    at: datetime | None
    problem: str


class Undelivered:
    """Reads of the ledger's collection; only documents in which something was given up are in its index."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def prepare(self) -> None:
        """Create the index."""
        await self._collection.create_index([("state.request.business_unit", 1), ("_id", 1)], partialFilterExpression=GIVEN_UP)

    async def of(self, unit: str, *, callback: str | None = None, after: str = "", limit: int = 100) -> list[Given]:
        """The unit's, of the requests behind `after`, in the order of their ids: whole requests, until there are `limit`."""
        found: list[Given] = []
        query: dict[str, Any] = {**GIVEN_UP, "state.request.business_unit": unit, "_id": {"$gt": after}}
        async for document in self._collection.find(query, {"state": 1, "items": 1}).sort("_id", 1):
            found += _given_up(document, callback)
            if len(found) >= limit:
                break
        return found

    async def count(self, unit: str) -> int:
        """How many there are of the unit."""
        ours = {"$and": [{"$eq": ["$$this.kind", CHANNEL]}, {"$eq": ["$$this.status", "failed"]}]}
        pipeline: list[dict[str, Any]] = [
            {"$match": {**GIVEN_UP, "state.request.business_unit": unit}},
            {"$group": {"_id": None, "total": {"$sum": {"$size": {"$filter": {"input": "$items", "cond": ours}}}}}},
        ]
        async for counted in self._collection.aggregate(pipeline):
            return int(counted["total"])
        return 0


def _given_up(document: dict[str, Any], callback: str | None) -> Sequence[Given]:
    failed = {item["id"] for item in document["items"] if item["kind"] == CHANNEL and item["status"] == "failed"}
    state = State.model_validate(document["state"])
    return [
        Given(
            request=document["_id"],
            number=number_of(document["_id"]),
            delivery=identity,
            callback=known.recipient,
            type=known.template,
            attempts=known.attempt,
            at=known.ended_at,
            problem=known.problem,
        )
        for identity, known in state.deliveries.items()
        if identity in failed and callback in {None, known.recipient}
    ]
