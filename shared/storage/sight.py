"""Whose requests a reader may see, and the reads that insist on it: no reader's query reaches a collection without its filter.

Invariant: a sight is made of who asks (`Principal.sight`); nothing a caller sends can widen it, and narrowing is all a query can do.
"""

from collections.abc import Collection as Several
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

from motor.motor_asyncio import AsyncIOMotorCommandCursor, AsyncIOMotorCursor

from shared.storage.client import Collection

Query = dict[str, Any]
NOTHING: Query = {"_id": {"$in": []}}


@dataclass(frozen=True, kw_only=True)
class Sight:
    """What one reader may see: what belongs to `unit`, and that in which `person` has a part, or somebody away of `stands_in_for`;
    without any of them, nothing.
    """

    unit: str | None = None
    person: str | None = None
    whole: bool = False
    stands_in_for: frozenset[str] = frozenset()

    @classmethod
    def of_our_services(cls) -> Self:
        """Everything: for our own services alone."""
        return cls(whole=True)

    def in_unit(self) -> Self:
        """Without what is seen only for having a part in it."""
        return replace(self, person=None, stands_in_for=frozenset())

    def by_oneself(self) -> Self:
        """Without what is seen only for standing in for somebody."""
        return replace(self, stands_in_for=frozenset())

    @property
    def people(self) -> frozenset[str]:
        """Whose parts may be seen: one's own, and theirs for whom one stands in."""
        return self.stands_in_for | ({self.person} if self.person else set())

    def allows(self, *, units: Several[str], people: Several[str]) -> bool:
        """Whether what belongs to `units`, and in which `people` have a part, may be seen."""
        by_unit = bool(self.unit) and self.unit in units
        return self.whole or by_unit or not self.people.isdisjoint(people)


@dataclass(frozen=True, kw_only=True)
class Places:
    """Where a stored request says to whom it belongs (`units`), who has a part in it (`people`), who had one and has none any more
    (`former`: theirs alone to see, not for whoever stands in), and that it is one (`known`).
    """

    units: tuple[str, ...]
    people: tuple[str, ...]
    former: tuple[str, ...] = ()
    known: str = "state.request"

    def filter(self, sight: Sight, each: Mapping[str, Any] | None = None) -> Query:
        """The requests that `sight` allows. `each` is said in every branch, so that each is read from its own index in its order."""
        bounds = dict(each or {})
        if sight.whole:
            return bounds
        own = [{place: sight.unit, **bounds} for place in self.units if sight.unit]
        # Who has a seat is heard before the request itself may be; until then it is nobody's to see.
        named = [{"$in": sorted(sight.people)}] if sight.stands_in_for else sorted(sight.people)
        parts = [{place: one, self.known: {"$ne": None}, **bounds} for place in self.people for one in named]
        parts += [{place: sight.person, self.known: {"$ne": None}, **bounds} for place in self.former if sight.person]
        return {"$or": own + parts} if own + parts else NOTHING


class Sighted:
    """A collection of requests as readers see it: there is no read here without a sight."""

    def __init__(self, collection: Collection, places: Places) -> None:
        self._collection = collection
        self._places = places

    async def one(self, sight: Sight, request: str, fields: Mapping[str, Any]) -> dict[str, Any] | None:
        """The request of that id if it may be seen; None also where there is none. It is looked up by its id, whatever the sight."""
        query = {"_id": request, **self._places.filter(sight)} if self._places.filter(sight) != NOTHING else NOTHING
        return await self._collection.find_one(query, fields, hint="_id_")

    async def count(self, sight: Sight, query: Mapping[str, Any]) -> int:
        """How many match `query` (which has no top-level $or) and may be seen."""
        return int(await self._collection.count_documents({"$and": [dict(query), self._places.filter(sight)]}))

    def aggregate(
        self, sight: Sight, query: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]
    ) -> "AsyncIOMotorCommandCursor[dict[str, Any]]":
        """`steps` over those that match `query` and may be seen; none of the steps may read other requests."""
        seen = {"$match": {"$and": [dict(query), self._places.filter(sight)]}}
        return self._collection.aggregate([seen, *steps])

    def find(
        self, sight: Sight, query: Mapping[str, Any], fields: Mapping[str, Any], each: Mapping[str, Any] | None = None
    ) -> "AsyncIOMotorCursor[dict[str, Any]]":
        """Those that match `query` (which has no top-level $or) and may be seen; see `Places.filter` for `each`."""
        seen = self._places.filter(sight, each)
        return self._collection.find({"$and": [dict(query), seen]} if query and seen else seen or dict(query), fields)
