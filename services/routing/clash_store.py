"""Who pursues what, in the database: one document per digest, {_id: digest, kind, claims: [{request, unit, at}]}.

Invariant: a request has at most one claim in a document. A claim is written before the others are read, by everybody and under
majority: of two that come at once, one at least reads both.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.routing.clash_keys import Mark
from shared.schemas.clashes import ClashKind
from shared.storage import Collection, UpdateOne

REQUEST = "claims.request"


@dataclass(frozen=True, kw_only=True)
class Pursuit:
    """One digest and who claims it: request → unit."""

    digest: str
    kind: ClashKind
    claims: Mapping[str, str]


class MongoClashes:
    """The collection `clashes`. Every method is safe to repeat; several processes may share the collection."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def prepare(self) -> None:
        """The index by which a request's claims are found."""
        await self._collection.create_index(REQUEST)

    async def of(self, requests: Sequence[str], digests: Sequence[str] = ()) -> Sequence[Pursuit]:
        """Everything that any of `requests` claims, and `digests`, with everybody's claims in the order in which they came."""
        found = self._collection.find({"$or": [{REQUEST: {"$in": list(requests)}}, {"_id": {"$in": list(digests)}}]})
        return [
            Pursuit(digest=one["_id"], kind=one["kind"], claims={claim["request"]: claim["unit"] for claim in one["claims"]})
            async for one in found
        ]

    async def claim(self, wanted: Sequence[tuple[str, str, Mark]], at: datetime) -> None:
        """Let each (request, unit, mark) stand."""
        if not wanted:
            return
        made: dict[str, dict[str, Any]] = {mark.digest: {"kind": mark.kind, "claims": []} for _, _, mark in wanted}
        steps = [UpdateOne({"_id": digest}, {"$setOnInsert": empty}, upsert=True) for digest, empty in made.items()]
        steps += [
            UpdateOne(
                {"_id": mark.digest, REQUEST: {"$ne": request}},
                {"$push": {"claims": {"request": request, "unit": unit, "at": at}}},
            )
            for request, unit, mark in wanted
        ]
        await self._collection.bulk_write(steps)

    async def release(self, claims: Sequence[tuple[str, str]]) -> None:
        """Take back each (request, digest)."""
        steps = [UpdateOne({"_id": digest}, {"$pull": {"claims": {"request": request}}}) for request, digest in claims]
        if steps:
            await self._collection.bulk_write(steps, ordered=False)

    async def claimants(self, before: datetime, after: str, limit: int) -> Sequence[str]:
        """Requests with a claim older than `before`, by id, those after `after`."""
        old = {"$elemMatch": {"request": {"$gt": after}, "at": {"$lt": before}}}
        steps: list[dict[str, Any]] = [
            {"$match": {"claims": old}},
            {"$unwind": "$claims"},
            {"$match": {REQUEST: {"$gt": after}, "claims.at": {"$lt": before}}},
            {"$group": {"_id": f"${REQUEST}"}},
            {"$sort": {"_id": 1}},
            {"$limit": limit},
        ]
        return [row["_id"] async for row in self._collection.aggregate(steps)]
