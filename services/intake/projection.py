"""What intake answers from its own database: one request, lists of them, and what became of earlier ones."""

from collections.abc import Mapping
from typing import Any

from services.intake.domain.state import State
from services.intake.surroundings import Reference
from shared.catalogue import EarlierRequest
from shared.schemas.model import Frozen
from shared.storage import Collection

FILTERS = {
    "business_unit": "state.request.business_unit",
    "type": "state.request.type",
    "status": "state.status",
    "opportunity": "state.request.opportunity.id",
    "requester": "state.request.requester.id",
    "system": "state.request.source.system",
    "reference": "state.request.source.reference",
}


class Page(Frozen):
    """One page of requests, newest first; `next` is the cursor of the following page, or None."""

    requests: tuple[tuple[str, State], ...]
    next: str | None


class Projection:
    """Reads of the request ledger's collection."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def prepare(self) -> None:
        """The indexes of the lists."""
        for path in ("state.request.business_unit", "state.private.filed_by", "state.request.opportunity.id"):
            await self._collection.create_index([(path, 1), ("_id", -1)])
        await self._collection.create_index([("state.status", 1), ("_id", -1)])

    async def state(self, request: str) -> State | None:
        """The request's state, or None when there is no such request."""
        stored = await self._collection.find_one({"_id": request}, {"state": 1})
        return State.model_validate(stored["state"]) if stored and stored.get("state") else None

    async def page(self, *, filters: Mapping[str, str], unit: str | None, after: str | None, limit: int) -> Page:
        """Requests that match all `filters` (see FILTERS) and, when given, belong to or were filed by `unit`."""
        query: dict[str, Any] = {FILTERS[name]: value for name, value in filters.items()}
        if unit is not None:
            query["$or"] = [{"state.request.business_unit": unit}, {"state.private.filed_by": unit}]
        if after is not None:
            query["_id"] = {"$lt": after}
        found = self._collection.find({**query, "state": {"$ne": None}}, {"state": 1}).sort("_id", -1).limit(limit + 1)
        rows = [(stored["_id"], State.model_validate(stored["state"])) async for stored in found]
        return Page(requests=tuple(rows[:limit]), next=rows[limit - 1][0] if len(rows) > limit else None)

    async def earlier(self, identities: Mapping[str, Reference]) -> Mapping[Reference, EarlierRequest]:
        """What became of the named requests; those that do not exist are left out."""
        paths = {"state.status": 1, "state.request.type": 1, "state.request.opportunity.id": 1}
        found = self._collection.find({"_id": {"$in": list(identities)}, "state.request": {"$ne": None}}, paths)
        return {
            identities[stored["_id"]]: EarlierRequest(
                type=stored["state"]["request"]["type"],
                opportunity_id=(stored["state"]["request"].get("opportunity") or {}).get("id"),
                status=stored["state"]["status"],
            )
            async for stored in found
        }
