"""What intake answers from its own database: one request, lists of them, and what became of earlier ones."""

from collections.abc import Collection as Several
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Any

from services.intake.domain import RequestDomain
from services.intake.domain.seats import seated
from services.intake.domain.state import State
from services.intake.paging import Place, place_of
from services.intake.surroundings import Reference
from shared.catalogue import EarlierRequest
from shared.ledger.domain import state_of
from shared.schemas.model import Frozen, Json
from shared.schemas.requests import NUMBER_PREFIX
from shared.storage import Collection, Places, Sight, Sighted

FILTERS = {
    "business_unit": "state.request.business_unit",
    "type": "state.request.type",
    "status": "state.status",
    "opportunity": "state.request.opportunity.id",
    "requester": "state.request.requester.id",
    "system": "state.request.source.system",
    "reference": "state.request.source.reference",
}
OPPORTUNITY = "state.request.opportunity.id"
CHANNEL = "state.private.channel"
ENCLOSED = "state.request.attachments.sha256"
ASKED_FOR = "state.private.pending.version.request.attachments.sha256"
SAID = "data.request.attachments.sha256"
RECEIVED, FILED_BY = "state.received_at", "state.private.filed_by"
SEATS = ("state.timeline.data.seat.person", "state.timeline.data.seats.person")
PLACES = Places(units=(FILTERS["business_unit"], FILED_BY), people=(FILTERS["requester"], *SEATS))
"""The request's unit and the one that filed it; who asked, and whoever was ever given a seat (`_still` says who has one)."""
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


class Projection:
    """Reads of the request ledger's collection."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._seen = Sighted(collection, PLACES)

    async def prepare(self) -> None:
        """The indexes of the lists; and of requests stored before they were listed by it, when they were received."""
        await self._collection.create_index(NEWEST_FIRST)
        for path in (FILTERS["business_unit"], FILED_BY, FILTERS["opportunity"], FILTERS["status"]):
            await self._collection.create_index([(path, 1), *NEWEST_FIRST])
        for path in (ENCLOSED, ASKED_FOR):
            await self._collection.create_index(path, sparse=True)
        older = {"schema": {"$lt": 2}, "state.timeline.source": "intake", RECEIVED: None}  # few or none: read by the first index
        said = {"$toDate": {"$getField": {"field": "at", "input": FIRST_SAID}}}
        while some := [stored["_id"] async for stored in self._collection.find(older, {"_id": 1}).limit(PLACED_AT_ONCE)]:
            placed = [{"$set": {RECEIVED: {"$dateToString": {"date": said}}}}]
            await self._collection.update_many({"_id": {"$in": some}, **older}, placed)

    async def state(self, sight: Sight, request: str) -> State | None:
        """The request's state, or None when there is no such request to see."""
        stored = await self._seen.one(sight, request, STORED)
        state = _state(stored) if stored and stored.get("state") else None
        return state if state is not None and _still(sight, state) else None

    async def own(self, request: str) -> State | None:
        """The state of one request, of whichever unit: for what intake itself has yet to do about it."""
        stored = await self._collection.find_one({"_id": request}, STORED)
        return _state(stored) if stored and stored.get("state") else None

    async def seen(self, sight: Sight, request: str) -> tuple[State, int] | None:
        """The request's state and its revision, or None when there is no such request to see."""
        stored = await self._seen.one(sight, request, {**STORED, "revision": 1})
        state = _state(stored) if stored and stored.get("state") else None
        return (state, int(stored["revision"])) if stored and state is not None and _still(sight, state) else None

    async def revisions(self, requests: Sequence[str]) -> Mapping[str, int]:
        """The revision of each of `requests` that there is."""
        found = self._collection.find({"_id": {"$in": list(requests)}}, {"revision": 1})
        return {stored["_id"]: int(stored["revision"]) async for stored in found}

    async def page(
        self,
        sight: Sight,
        *,
        filters: Mapping[str, str],
        number: str | None = None,
        after: Place | None = None,
        limit: int,
    ) -> Page:
        """The unit's requests that match all `filters` (see FILTERS), newest first, those behind `after`.

        With a `number`, also those in which the person who asks has a part. A page may hold fewer than there is room for.
        """
        query, received = listed(filters=filters, number=number, after=after)
        asked = sight if number is not None else sight.in_unit()
        found = self._seen.find(asked, query, STORED, each=received).sort(NEWEST_FIRST).limit(limit + 1)
        rows = [(stored["_id"], _state(stored)) async for stored in found]
        within = tuple(rows[:limit])
        shown = tuple(row for row in within if _still(sight, row[1]))
        return Page(requests=shown, next=_last(within) if len(rows) > limit else None)

    async def naming(self, digests: AbstractSet[str], since: datetime) -> set[str]:
        """Those of `digests` that a request names as a file, or named in a wording said since `since`."""
        named = await self._named({ENCLOSED: {"$in": sorted(digests)}}, {ENCLOSED: 1})
        rest = sorted(digests - named)
        if rest:
            said = {"said_at": {"$gte": since}, f"events.{SAID}": {"$in": rest}}
            named |= await self._named(said, {f"events.{SAID}": 1})
        return named & digests

    async def named_by_others(self, digests: Several[str], request: str) -> set[str]:
        """Those of `digests` that another request than `request` names as a file, also in a wording that it was asked to take."""
        wanted = [written for digest in digests for written in (digest, digest.upper())]
        others = {"$or": [{path: {"$in": wanted}} for path in (ENCLOSED, ASKED_FOR)], "_id": {"$ne": request}}
        named = await self._named(others, {ENCLOSED: 1})
        async for stored in self._collection.find(others, {ASKED_FOR: 1}):
            pending = ((stored.get("state") or {}).get("private") or {}).get("pending") or ()
            named |= {file["sha256"] for asked in pending for file in asked["version"]["request"].get("attachments", ())}
        return named & set(wanted)

    async def _named(self, query: Mapping[str, Any], paths: Mapping[str, int]) -> set[str]:
        found: set[str] = set()
        async for stored in self._collection.find(query, paths):
            requests = [
                (stored.get("state") or {}).get("request"),
                *(event["data"].get("request") for event in stored.get("events", ())),
            ]
            found |= {file["sha256"] for request in requests if request for file in request.get("attachments", ())}
        return found

    async def earlier(self, identities: Mapping[str, Reference]) -> Mapping[Reference, EarlierRequest]:
        """What became of the named requests; those that do not exist are left out."""
        paths = dict.fromkeys(
            ["state.status", "state.request.type", OPPORTUNITY, FILED_BY, FILTERS["requester"]],
            1,
        )
        found = self._collection.find({"_id": {"$in": list(identities)}, "state.request": {"$ne": None}}, paths)
        return {
            identities[stored["_id"]]: EarlierRequest(
                type=stored["state"]["request"]["type"],
                opportunity_id=(stored["state"]["request"].get("opportunity") or {}).get("id"),
                status=stored["state"]["status"],
                filed_by=(stored["state"].get("private") or {}).get("filed_by") or "",
                requester=stored["state"]["request"]["requester"]["id"],
            )
            async for stored in found
        }

    async def count(self, sight: Sight, status: str, system: str | None = None) -> int:
        """How many of the unit's requests are in `status`, of one source `system` if given."""
        of_system = {FILTERS["system"]: system} if system is not None else {}
        return await self._seen.count(sight.in_unit(), {FILTERS["status"]: status, **of_system})

    async def evidence(self, requests: Sequence[str]) -> Sequence[Json]:
        """The evidence and the files that the wordings of `requests` offer, each as far as a body that holds nothing else."""
        places = ("current", "pending.version")
        paths = {f"state.private.{place}.body.{part}": 1 for place in places for part in ("evidence", "attachments")}
        bodies: list[Json] = []
        async for stored in self._collection.find({"_id": {"$in": list(requests)}}, paths):
            private = (stored.get("state") or {}).get("private") or {}
            kept = [private.get("current"), *(asked.get("version") for asked in private.get("pending") or ())]
            bodies += [version["body"] for version in kept if version and version.get("body")]
        return bodies


def listed(
    *, filters: Mapping[str, str], number: str | None = None, after: Place | None = None
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The query for requests that match all `filters` (see FILTERS; also `channel`) and have `number`, those behind `after`; and the
    bound on when they were received, which is to be said beside each condition that an index begins with.
    """
    query: dict[str, Any] = {FILTERS.get(name, CHANNEL): value for name, value in filters.items()}
    if number is not None:
        start = number.removeprefix(NUMBER_PREFIX).lower()
        query["_id"] = {"$gte": start, "$lt": start + AFTER_ANY_HEX_DIGIT}
    if after is not None:
        query["$nor"] = [{RECEIVED: after.received, "_id": {"$gte": after.request}}]
    return query, {RECEIVED: {"$type": "string", **({"$lte": after.received} if after else {})}}


def _still(sight: Sight, state: State) -> bool:
    """Whether a request that was found may be seen now: the store knows who was given a seat, not who gave it back."""
    if state.request is None:
        return sight.whole
    units = {state.request.business_unit, state.private.filed_by}
    return sight.allows(units=units, people={state.request.requester.id}) or sight.allows(units=(), people=seated(state))


def _state(stored: Mapping[str, Any]) -> State:
    return state_of(RequestDomain(), stored["state"], stored["schema"])


def _last(rows: tuple[tuple[str, State], ...]) -> Place | None:
    request, state = rows[-1]
    return place_of(request, state.received_at) if state.received_at else None
