"""What documents answers from its own database: a request's files, one file, and completed surveys."""

from collections.abc import Mapping, Sequence

from services.documents.domain import State, Survey
from shared.schemas.documents import DocumentRendered
from shared.schemas.requests import Request
from shared.storage import Collection, Places, Sight, Sighted

OPPORTUNITY = "state.request.opportunity.id"
PLACES = Places(
    units=("state.request.business_unit",),
    people=("state.request.requester.id", "state.coordinator.person", "state.supporters.person"),
)
"""The request's unit; who asked, and whoever has a seat."""


class Projection:
    """Reads of the request ledger's collection."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._seen = Sighted(collection, PLACES)

    async def prepare(self) -> None:
        """The indexes of the reads below."""
        await self._collection.create_index([(OPPORTUNITY, 1), ("state.request.type", 1)], sparse=True)
        await self._collection.create_index("state.made.document", sparse=True)

    # -- what readers see

    async def state(self, sight: Sight, request: str) -> State | None:
        """The request's state, or None when there is no such request to see."""
        stored = await self._seen.one(sight, request, {"state": 1})
        return State.model_validate(stored["state"]) if stored and stored.get("state") else None

    async def document(self, sight: Sight, document: str) -> DocumentRendered | None:
        """One file, of a request that may be seen."""
        async for stored in self._seen.find(sight, {"state.made.document": document}, {"state": 1}).limit(1):
            state = State.model_validate(stored["state"])
            return next(made for made in state.made if made.document == document)
        return None

    # -- what documents itself reads, of whichever unit

    async def kept(self, requests: Sequence[str]) -> set[str]:
        """The SHA-256 of every file that `requests` name, said already or just made."""
        parts = {"state.made": 1, "items.result": 1}
        named: set[str] = set()
        async for stored in self._collection.find({"_id": {"$in": list(requests)}}, parts):
            made = [*((stored.get("state") or {}).get("made") or ()), *(item["result"] for item in stored.get("items", ()))]
            for one in made:
                named |= {one.get("sha256"), ((one.get("manifest") or {}).get("sheet") or {}).get("sha256")} - {None}
        return named

    async def surveys(self, requests: Sequence[str]) -> Mapping[str, Sequence[Survey]]:
        """The completed surveys, of whichever unit, of each opportunity that `requests` are about."""
        asked = self._collection.find({"_id": {"$in": list(requests)}}, {OPPORTUNITY: 1})
        opportunities = [_opportunity(stored) async for stored in asked]
        query = {
            OPPORTUNITY: {"$in": [key for key in opportunities if key]},
            "state.request.type": "tech.survey",
            "state.completed": True,
        }
        surveys: dict[str, list[Survey]] = {}
        async for stored in self._collection.find(query, {"state": 1}).sort("_id", 1):
            state = State.model_validate(stored["state"])
            assert state.request is not None, "the query asks for known requests"
            assert state.request.opportunity is not None, "the query asks for their opportunity"
            surveys.setdefault(state.request.opportunity.id, []).append(_survey(stored["_id"], state, state.request))
        return surveys


def _survey(identity: str, state: State, request: Request) -> Survey:
    return Survey(
        request=identity,
        business_unit=request.business_unit,
        result=state.result or {},
        note=state.note,
        details=request.details,
        completed_at=state.completed_at,
    )


def _opportunity(stored: dict[str, object]) -> str | None:
    value: object = stored
    for part in OPPORTUNITY.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None
