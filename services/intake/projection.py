"""What intake answers from its own database: one request, lists of them, and what became of earlier ones."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from services.intake.domain import RequestDomain
from services.intake.domain.state import State
from services.intake.paging import Place, place_of
from services.intake.surroundings import Reference
from shared.catalogue import EarlierRequest
from shared.ledger.domain import state_of
from shared.schemas.model import Frozen
from shared.schemas.requests import NUMBER_PREFIX
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
RECEIVED, FILED_BY = "state.received_at", "state.private.filed_by"
NEWEST_FIRST = [(RECEIVED, -1), ("_id", -1)]
FIRST_SAID = {"$arrayElemAt": [{"$filter": {"input": "$state.timeline", "cond": {"$eq": ["$$this.source", "intake"]}}}, 0]}
PLACED_AT_ONCE = 1000
"""What one statement of the first start after an upgrade writes: far less than its time allows."""
STORED = {"state": 1, "schema": 1}
AFTER_ANY_HEX_DIGIT = "g"


class Page(Frozen):
    """One page of requests, newest first; `next` is the place of its last one if more follow, else None."""

    requests: tuple[tuple[str, State], ...]
    next: Place | None

    def where(self, shown: Callable[[State], bool]) -> "Page":
        """The page without the requests that are not to be shown; it ends where it ended."""
        return Page(requests=tuple(row for row in self.requests if shown(row[1])), next=self.next)


class Projection:
    """Reads of the request ledger's collection."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def prepare(self) -> None:
        """The indexes of the lists; and of requests stored before they were listed by it, when they were received."""
        await self._collection.create_index(NEWEST_FIRST)
        for path in (FILTERS["business_unit"], FILED_BY, FILTERS["opportunity"], FILTERS["status"]):
            await self._collection.create_index([(path, 1), *NEWEST_FIRST])
        older = {"schema": {"$lt": 2}, "state.timeline.source": "intake", RECEIVED: None}  # few or none: read by the first index
        said = {"$toDate": {"$getField": {"field": "at", "input": FIRST_SAID}}}
        while some := [stored["_id"] async for stored in self._collection.find(older, {"_id": 1}).limit(PLACED_AT_ONCE)]:
            placed = [{"$set": {RECEIVED: {"$dateToString": {"date": said}}}}]
            await self._collection.update_many({"_id": {"$in": some}, **older}, placed)

    async def state(self, request: str) -> State | None:
        """The request's state, or None when there is no such request."""
        stored = await self._collection.find_one({"_id": request}, STORED)
        return _state(stored) if stored and stored.get("state") else None

    async def seen(self, request: str) -> tuple[State, int] | None:
        """The request's state and its revision, or None when there is no such request."""
        stored = await self._collection.find_one({"_id": request}, {**STORED, "revision": 1})
        return (_state(stored), int(stored["revision"])) if stored and stored.get("state") else None

    async def revisions(self, requests: Sequence[str]) -> Mapping[str, int]:
        """The revision of each of `requests` that there is."""
        found = self._collection.find({"_id": {"$in": list(requests)}}, {"revision": 1})
        return {stored["_id"]: int(stored["revision"]) async for stored in found}

    async def page(
        self,
        *,
        filters: Mapping[str, str],
        unit: str | None = None,
        number: str | None = None,
        after: Place | None = None,
        limit: int,
    ) -> Page:
        """The requests that `listed` names, newest first, those behind `after`."""
        wanted = listed(filters=filters, unit=unit, number=number, after=after)
        found = self._collection.find(wanted, STORED).sort(NEWEST_FIRST).limit(limit + 1)
        rows = [(stored["_id"], _state(stored)) async for stored in found]
        shown = tuple(rows[:limit])
        return Page(requests=shown, next=_last(shown) if len(rows) > limit else None)

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


def listed(
    *, filters: Mapping[str, str], unit: str | None = None, number: str | None = None, after: Place | None = None
) -> dict[str, Any]:
    """The query for requests that match all `filters` (see FILTERS) and have `number`, those behind `after`; when `unit` is
    given, only those that belong to it or were filed by it.

    The bound on when they were received is said in each branch, so that each is read from its own index in its order.
    """
    received = {RECEIVED: {"$type": "string", **({"$lte": after.received} if after else {})}}
    query: dict[str, Any] = {FILTERS[name]: value for name, value in filters.items()}
    if unit is None:
        query |= received
    else:
        query["$or"] = [{path: unit, **received} for path in (FILTERS["business_unit"], FILED_BY)]
    if number is not None:
        start = number.removeprefix(NUMBER_PREFIX).lower()
        query["_id"] = {"$gte": start, "$lt": start + AFTER_ANY_HEX_DIGIT}
    if after is not None:
        query["$nor"] = [{RECEIVED: after.received, "_id": {"$gte": after.request}}]
    return query


def _state(stored: Mapping[str, Any]) -> State:
    return state_of(RequestDomain(), stored["state"], stored["schema"])


def _last(rows: tuple[tuple[str, State], ...]) -> Place | None:
    request, state = rows[-1]
    return place_of(request, state.received_at) if state.received_at else None
