"""Routing's reads of the effort behind requests: sums of hours, and what became of an opportunity beside what it took."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from services.routing.domain import State
from services.routing.projection import OPPORTUNITY, PLACES, UNIT
from shared.storage import Collection, Sight, Sighted, within

ENTRIES = "state.effort.entries"
LOGGED = {f"{ENTRIES}.0": {"$exists": True}}
KEYS = {"person": f"${ENTRIES}.person", "type": "$state.request.type", "opportunity": f"${OPPORTUNITY}", "unit": f"${UNIT}"}
"""What hours may be added up by."""
MOST = 1000
SECONDS = 5
"""How long adding up may take, on the server too; in place of the connection's own limit."""


class EffortsRead:
    """What the HTTP interface shows of effort, over the ledger's collection, each as far as whoever asks may see."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection
        self._seen = Sighted(collection, PLACES)

    async def prepare(self) -> None:
        """The indexes of the sums, over all units and of one: of requests with hours alone."""
        await self._collection.create_index(f"{ENTRIES}.day", partialFilterExpression=LOGGED)
        await self._collection.create_index([(UNIT, 1), (f"{ENTRIES}.day", 1)], partialFilterExpression=LOGGED)

    async def sums(
        self, sight: Sight, by: str, first: date, last: date, person: str | None = None
    ) -> Sequence[Mapping[str, Any]]:
        """{unit, key, quarters, entries} for each unit and key, for each key alone where that is a person; most hours first.

        Of `person` alone where one is named. Raises PyMongoError when it takes too long.
        """
        days = {"$gte": first.isoformat(), "$lte": last.isoformat()}
        whose = {f"{ENTRIES}.person": person} if person else {}
        group: dict[str, Any] = {"key": KEYS[by], **({} if by == "person" else {"unit": f"${UNIT}"})}
        steps: list[dict[str, Any]] = [
            {"$unwind": f"${ENTRIES}"},
            {"$match": {f"{ENTRIES}.day": days, f"{ENTRIES}.corrected_by": None, **whose}},
            {"$group": {"_id": group, "quarters": {"$sum": f"${ENTRIES}.quarters"}, "entries": {"$sum": 1}}},
            {"$sort": {"quarters": -1, "_id": 1}},
            {"$limit": MOST},
        ]
        query = {**LOGGED, ENTRIES: {"$elemMatch": {"day": days}}}
        with within(SECONDS):
            rows = [row async for row in self._seen.aggregate(sight, query, steps)]
        return [{**row.pop("_id"), **row} for row in rows]

    async def of_opportunity(self, sight: Sight, opportunity: str, limit: int) -> Sequence[tuple[str, State]]:
        """The first requests of the opportunity that may be seen. The same id may be another opportunity in another unit."""
        found = self._seen.find(sight, {OPPORTUNITY: opportunity}, {"state": 1}).sort("_id", 1).limit(limit)
        return [(stored["_id"], State.model_validate(stored["state"])) async for stored in found]
