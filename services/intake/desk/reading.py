"""Reads a desk: refused messages and returned or rejected requests in one order, newest first."""

from dataclasses import dataclass
from typing import Any, Literal

from services.intake.desk.entries import Entry
from services.intake.desk.shelf import OPEN, Shelf
from services.intake.domain.state import State, sortable
from services.intake.paging import Place
from services.intake.projection import Projection
from shared.schemas.requests import Outcome
from shared.storage import Sight

Row = Entry | tuple[str, State]


@dataclass(frozen=True, kw_only=True)
class Filter:
    """Which entries of the desk that `sight` sees: a unit's, or every unit's for our own services alone; of one `system`, if given."""

    sight: Sight
    standing: Literal["open", "settled", "all"] = "open"
    outcome: Literal["returned", "rejected", "refused"] | None = None
    channel: str | None = None
    system: str | None = None

    @property
    def unit(self) -> str | None:
        """Whose desk; None for everybody's."""
        return _unit_of(self.sight)


class DeskReader:
    """Both halves of a desk as one list."""

    def __init__(self, shelf: Shelf, projection: Projection) -> None:
        self._shelf = shelf
        self._projection = projection

    async def entry(self, sight: Sight, identity: str) -> Entry | None:
        """One refused message of the unit, settled first if its request has moved on since."""
        found = await self._shelf.one(identity)
        if found is None or _unit_of(sight) not in {None, found.unit}:
            return None
        if found.settled is not None or found.subject is None:
            return found
        await self._shelf.sweep(found.unit)
        return await self._shelf.one(identity)

    async def request(self, sight: Sight, identity: str) -> State | None:
        """The state of one of the unit's requests."""
        return await self._projection.state(sight.in_unit(), identity)

    async def page(self, wanted: Filter, after: Place | None, limit: int) -> tuple[list[Row], str | None]:
        """Up to `limit` rows behind `after`, and the cursor of the next page if more follow."""
        if wanted.unit is not None:
            await self._shelf.sweep(wanted.unit)
        rows: list[tuple[Place, Row]] = []
        if wanted.outcome in {None, "refused"}:
            rows += [(Place(row.at, row.id), row) for row in await self._shelf.page(_query(wanted), after, limit + 1)]
        if wanted.standing != "settled":
            for status in _statuses(wanted):
                rows += await self._requests(wanted, status, after, limit + 1)
        rows.sort(key=lambda row: row[0], reverse=True)
        shown = rows[:limit]
        return [row for _, row in shown], shown[-1][0].cursor() if len(rows) > limit else None

    async def counts(self, wanted: Filter) -> dict[str, int]:
        """How many of each outcome are open, and how many refused messages were settled, whatever else is `wanted`."""
        own = _whose(wanted)
        return {
            "returned": await self._projection.count(wanted.sight, "returned", wanted.system),
            "rejected": await self._projection.count(wanted.sight, "rejected", wanted.system),
            "refused": await self._shelf.count({**own, **OPEN}),
            "settled": await self._shelf.count({**own, "settled": {"$ne": None}}),
        }

    async def _requests(self, wanted: Filter, status: Outcome, after: Place | None, limit: int) -> list[tuple[Place, Row]]:
        more = {"channel": wanted.channel, "system": wanted.system}
        filters = {"status": str(status)} | {name: value for name, value in more.items() if value}
        page = await self._projection.page(wanted.sight.in_unit(), filters=filters, after=after, limit=limit)
        return [(Place(sortable(state.received_at), one), (one, state)) for one, state in page.requests if state.received_at]


def _unit_of(sight: Sight) -> str | None:
    return None if sight.whole else sight.unit or ""


def _whose(wanted: Filter) -> dict[str, Any]:
    return {name: value for name, value in (("unit", wanted.unit), ("system", wanted.system)) if value is not None}


def _query(wanted: Filter) -> dict[str, Any]:
    query = _whose(wanted)
    standing: dict[str, dict[str, Any]] = {"open": OPEN, "settled": {"settled": {"$ne": None}}, "all": {}}
    query |= standing[wanted.standing]
    return query | ({"channel": wanted.channel} if wanted.channel else {})


def _statuses(wanted: Filter) -> list[Outcome]:
    both: list[Outcome] = ["returned", "rejected"]
    return [status for status in both if wanted.outcome in {None, status}]
