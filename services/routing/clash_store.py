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
from shared.storage import BulkWriteError, Collection, UpdateOne

REQUEST = "claims.request"
MOST_CLAIMS = 5000
"""In one document; beyond it a unit that has none there may add one."""
DOCUMENTS = 50
TRIES = 3
DUPLICATE = 11000


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
        """Let each (request, unit, mark) stand; in a full document those alone whose unit has no claim there."""
        steps = [
            UpdateOne({"_id": mark.digest}, _claimed(mark, request, unit, at), upsert=True) for request, unit, mark in wanted
        ]
        for turn in range(TRIES if steps else 0):
            try:
                await self._collection.bulk_write(steps, ordered=False)
                break
            except BulkWriteError as error:  # another process made the document at the same moment: now it is there
                codes = {problem["code"] for problem in (error.details or {}).get("writeErrors", ())}
                if codes != {DUPLICATE} or turn == TRIES - 1:
                    raise

    async def release(self, claims: Sequence[tuple[str, str]]) -> None:
        """Take back each (request, digest); what nobody claims any more is deleted."""
        steps = [UpdateOne({"_id": digest}, {"$pull": {"claims": {"request": request}}}) for request, digest in claims]
        if steps:
            await self._collection.bulk_write(steps, ordered=False)
            digests = sorted({digest for _, digest in claims})
            await self._collection.delete_many({"_id": {"$in": digests}, "claims": []})

    async def claimants(self, before: datetime, after: str) -> tuple[str, Sequence[str]] | None:
        """Requests with a claim older than `before` in the next documents after `after`, and the last of those; None at the end."""
        query = {"_id": {"$gt": after}, "claims.at": {"$lt": before}}
        found = self._collection.find(query, {REQUEST: 1, "claims.at": 1}).sort("_id", 1).limit(DOCUMENTS)
        last, requests = "", dict[str, None]()
        async for one in found:
            last = one["_id"]
            requests |= dict.fromkeys(claim["request"] for claim in one["claims"] if claim["at"] < before)
        return (last, list(requests)) if last else None


def _claimed(mark: Mark, request: str, unit: str, at: datetime) -> list[dict[str, Any]]:
    """The claim, where it is not there yet, in one step: between two somebody could delete the empty document."""
    claims = {"kind": mark.kind, "claims": {"$ifNull": ["$claims", []]}}
    full = {"$gte": [{"$size": "$claims"}, MOST_CLAIMS]}
    represented = {"$in": [{"$literal": unit}, "$claims.unit"]}
    there = {"$or": [{"$in": [{"$literal": request}, f"${REQUEST}"]}, {"$and": [full, represented]}]}
    added = {"$concatArrays": ["$claims", [{"$literal": {"request": request, "unit": unit, "at": at}}]]}
    return [{"$set": claims}, {"$set": {"claims": {"$cond": [there, "$claims", added]}}}]
