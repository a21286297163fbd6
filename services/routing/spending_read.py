"""Routing's reads of money: what budgets foresee and what was spent by line, and gifts by whom they went to."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from services.routing.domain.spending import BUDGET, budget_lines
from services.routing.efforts_read import SECONDS
from services.routing.projection import OPPORTUNITY, PLACES, STATUS, UNIT
from shared.catalogue import Pack
from shared.storage import Collection, Sight, Sighted, within

BEGUN, SPENT, GIFTS = "state.effort.begun", "state.effort.spent", "state.effort.gifts"
BUDGETS = f"state.request.details.{BUDGET}"
CUSTOMER = "$state.request.opportunity.customer"
PLANNED = {BUDGETS: {"$exists": True}}
GIVEN = {f"{GIFTS}.0": {"$exists": True}}
FIRST = ""
"""Before every moment."""
HUNDREDTHS = 100
BOTTOM_UP = 0.5
"""Added before the rest is cut off: half a cent counts as one, as in `to_the_cent`."""
To = Literal["customer", "recipients"]
"""Whom gifts are added up by: the opportunity's customer, or the pointer to a request's recipients."""
KEYS: dict[To, dict[str, Any]] = {
    "customer": {"unit": f"${UNIT}", "customer": {"$ifNull": [f"{CUSTOMER}.id", f"{CUSTOMER}.name", None]}},
    "recipients": {"unit": f"${UNIT}", "request": "$_id"},
}


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Which requests are added up: those of a unit and opportunity, accepted from `since` on and before `until`, where given."""

    unit: str | None = None
    opportunity: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def query(self) -> dict[str, Any]:
        """The same of a stored request."""
        named = {UNIT: self.unit, OPPORTUNITY: self.opportunity}
        bounds = {"$gte": _moment(self.since) if self.since else FIRST, **({"$lt": _moment(self.until)} if self.until else {})}
        return {BEGUN: bounds, **{place: value for place, value in named.items() if value is not None}}


class SpendingRead:
    """Sums over the ledger's collection, each as far as whoever asks may see. `packs` say which lines there are."""

    def __init__(self, collection: Collection, packs: Iterable[Pack]) -> None:
        self._collection = collection
        self._seen = Sighted(collection, PLACES)
        self._lines = sorted({line for pack in packs for line in budget_lines(pack)})

    async def prepare(self) -> None:
        """The indexes of the sums, over all units and of one: of requests with a budget, and with gifts, alone."""
        for part in (PLANNED, GIVEN):
            name = BUDGET if part is PLANNED else "gifts"
            await self._collection.create_index(BEGUN, partialFilterExpression=part, name=f"{name}_begun")
            await self._collection.create_index([(UNIT, 1), (BEGUN, 1)], partialFilterExpression=part, name=f"{name}_unit_begun")

    async def lines(self, sight: Sight, asked: Asked, limit: int) -> Sequence[Mapping[str, Any]]:
        """{unit, line, budgeted, spent, entries, requests} for each unit and line, amounts in hundredths; the dearest first.

        The budget of a request that was withdrawn is not counted; what was spent on it is. Raises PyMongoError when it takes too long.
        """
        each = {"unit": "$_id.unit", "line": "$_id.line"}
        sums = {name: {"$sum": f"${name}"} for name in ("budgeted", "spent", "entries")}
        key = {"unit": f"${UNIT}", "line": "$row.line", "request": "$_id"}
        steps: list[dict[str, Any]] = [
            {"$set": {"row": {"$concatArrays": [self._foreseen(), _paid()]}}},
            {"$unwind": "$row"},
            {"$group": {"_id": key, **{name: {"$sum": f"$row.{name}"} for name in sums}}},
            {"$group": {"_id": each, **sums, "requests": {"$sum": 1}}},
            {"$sort": {"spent": -1, "budgeted": -1, "_id": 1}},
            {"$limit": limit},
        ]
        return await self._rows(sight, {**PLANNED, **asked.query()}, steps)

    async def gifts(self, sight: Sight, to: To, asked: Asked, limit: int) -> Sequence[Mapping[str, Any]]:
        """{unit, customer | request, name, recipients, quantity, worth, unpriced, requests} for each unit and key; the dearest first.

        Of a customer `requests` counts, of a request `recipients` is the pointer. Raises PyMongoError when it takes too long.
        """
        gift = "$state.effort.gifts"
        priced = {"$gt": [f"{gift}.unit_price", None]}
        worth = {"$multiply": [{"$toDecimal": f"{gift}.unit_price"}, f"{gift}.quantity", HUNDREDTHS]}
        steps: list[dict[str, Any]] = [
            {"$unwind": gift},
            {
                "$group": {
                    "_id": {**KEYS[to], "of": "$_id"},
                    "quantity": {"$sum": f"{gift}.quantity"},
                    "worth": {"$sum": {"$cond": [priced, worth, 0]}},
                    "unpriced": {"$sum": {"$cond": [priced, 0, f"{gift}.quantity"]}},
                    "name": {"$first": f"{CUSTOMER}.name"},
                    "recipients": {"$first": "$state.effort.recipients"},
                }
            },
            {
                "$group": {
                    "_id": {name: f"$_id.{name}" for name in KEYS[to]},
                    **{name: {"$sum": f"${name}"} for name in ("quantity", "worth", "unpriced")},
                    **{name: {"$max": f"${name}"} for name in ("name", "recipients")},
                    "requests": {"$sum": 1},
                }
            },
            {"$sort": {"worth": -1, "quantity": -1, "_id": 1}},
            {"$limit": limit},
        ]
        return await self._rows(sight, {**GIVEN, **asked.query()}, steps)

    async def _rows(self, sight: Sight, query: Mapping[str, Any], steps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        with within(SECONDS):
            rows = [row async for row in self._seen.aggregate(sight, query, steps)]
        return [{**row.pop("_id"), **{name: _plain(value) for name, value in row.items()}} for row in rows]

    def _foreseen(self) -> dict[str, Any]:
        """A row for each line of the request's budget, unless it was withdrawn; what is no amount or no line is none."""
        budget = {"$cond": [{"$eq": [{"$type": f"${BUDGETS}"}, "object"]}, f"${BUDGETS}", {}]}
        stands = {"$ne": [f"${STATUS}", "withdrawn"]}
        counted = {"$and": [stands, {"$in": ["$$this.k", self._lines]}, {"$isNumber": "$$this.v"}]}
        cents = {"$floor": {"$add": [{"$multiply": [{"$toDecimal": "$$this.v"}, HUNDREDTHS]}, {"$toDecimal": BOTTOM_UP}]}}
        found = {"$filter": {"input": {"$objectToArray": budget}, "cond": counted}}
        return {"$map": {"input": found, "in": {"line": "$$this.k", "budgeted": cents, "spent": 0, "entries": 0}}}


def _paid() -> dict[str, Any]:
    """A row for each amount that was spent and that nothing took the place of."""
    stands = {"$eq": [{"$ifNull": ["$$this.corrected_by", None]}, None]}
    found = {"$filter": {"input": {"$ifNull": [f"${SPENT}", []]}, "cond": stands}}
    return {"$map": {"input": found, "in": {"line": "$$this.line", "budgeted": 0, "spent": "$$this.fen", "entries": 1}}}


def _moment(at: datetime) -> str:
    """As moments are stored, in UTC, without the Z: before whatever part of that second is stored."""
    return f"{at:%Y-%m-%dT%H:%M:%S}"


def _plain(value: Any) -> Any:
    """A number of the database as a whole number; everything else as it is."""
    whole = value.to_decimal() if hasattr(value, "to_decimal") else value
    return value if isinstance(value, str | dict) or value is None else int(whole)
