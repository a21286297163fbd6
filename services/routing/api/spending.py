"""Money over HTTP: budgets and what was spent by line, gifts by whom they went to, as far as whoever asks may see."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any, Protocol
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from services.routing.api.effort import BAD_PERIOD
from services.routing.api.reading import Authenticate
from services.routing.domain.efforts import yuan
from services.routing.spending_read import Asked, To
from shared.catalogue.shapes import EARLIEST, LATEST
from shared.http.limits import StrictRoute
from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.schemas.model import Frozen, Json
from shared.storage import Sight

MOST = 1000
Zone = Callable[[Principal], ZoneInfo]
Unit = Annotated[str | None, Query(min_length=1, max_length=100, description="of this unit alone")]
Opportunity = Annotated[str | None, Query(min_length=1, max_length=200, description="of this opportunity alone")]
Day = Annotated[date, Field(ge=date(EARLIEST, 1, 1), le=date(LATEST, 12, 31))]
First = Annotated[Day | None, Query(alias="from", description="of requests accepted on this day or later, YYYY-MM-DD")]
Last = Annotated[Day | None, Query(alias="to", description="of requests accepted on this day or earlier")]


class Line(Frozen):
    """One line of the budgets of one unit: what its requests foresaw, what was spent (`entries`), and how many they are."""

    business_unit: str
    line: str
    budgeted: str
    spent: str
    entries: int
    requests: int


class Lines(Frozen):
    """The dearest first, at most a thousand; where there are `more`, ask for less. Amounts are in CNY."""

    lines: tuple[Line, ...]
    more: bool = False


class Given(Frozen):
    """What one unit gave to one customer, or by one request to the recipients whom intake keeps under a pointer.

    `quantity` counts gifts, `unpriced` those without a price, which `amount` leaves out. `key` is the customer's id, or their name where
    they have none; None where the requests have no opportunity.
    """

    business_unit: str
    key: str | None
    customer: str | None
    recipients: Json | None
    quantity: int
    unpriced: int
    amount: str
    requests: int


class Gifts(Frozen):
    """The dearest first, at most a thousand; where there are `more`, ask for less. Amounts are in CNY."""

    by: To
    gifts: tuple[Given, ...]
    more: bool = False


class Spending(Protocol):
    """Sums of money, each as far as whoever asks may see."""

    async def lines(self, sight: Sight, asked: Asked, limit: int) -> Sequence[Mapping[str, Any]]: ...
    async def gifts(self, sight: Sight, to: To, asked: Asked, limit: int) -> Sequence[Mapping[str, Any]]: ...


def spending_routes(spending: Spending, principal: Authenticate, zone: Zone) -> APIRouter:
    """GET /v1/budgets and /v1/gifts; days are those of the caller's `zone`."""
    router = APIRouter(prefix="/v1", tags=["effort"], route_class=StrictRoute)

    async def asked(
        caller: Annotated[Principal, Depends(principal)],
        business_unit: Unit = None,
        opportunity: Opportunity = None,
        first: First = None,
        last: Last = None,
    ) -> Asked:
        if first and last and first > last:
            raise Refused(BAD_PERIOD)
        since = _begins(first, zone(caller)) if first else None
        until = _begins(last + timedelta(days=1), zone(caller)) if last else None
        return Asked(unit=business_unit, opportunity=opportunity, since=since, until=until)

    @router.get("/budgets", summary="What budgets foresee and what was spent, by line")
    async def budgets(caller: Annotated[Principal, Depends(principal)], which: Annotated[Asked, Depends(asked)]) -> Lines:
        rows = await spending.lines(caller.sight, which, MOST + 1)
        return Lines(lines=tuple(_line(row) for row in rows[:MOST]), more=len(rows) > MOST)

    @router.get("/gifts", summary="Gifts that went out, by customer or by a request's recipients")
    async def gifts(
        caller: Annotated[Principal, Depends(principal)], which: Annotated[Asked, Depends(asked)], by: To = "customer"
    ) -> Gifts:
        rows = await spending.gifts(caller.sight, by, which, MOST + 1)
        return Gifts(by=by, gifts=tuple(_given(by, row) for row in rows[:MOST]), more=len(rows) > MOST)

    return router


def _begins(day: date, zone: ZoneInfo) -> datetime:
    """When the day begins, in UTC."""
    return datetime.combine(day, time.min, zone).astimezone(UTC)


def _line(row: Mapping[str, Any]) -> Line:
    amounts = {name: yuan(row[name]) for name in ("budgeted", "spent")}
    return Line(business_unit=row["unit"], line=row["line"], entries=row["entries"], requests=row["requests"], **amounts)


def _given(by: To, row: Mapping[str, Any]) -> Given:
    return Given(
        business_unit=row["unit"],
        key=row.get("request" if by == "recipients" else "customer"),
        customer=row["name"],
        recipients=row["recipients"] if by == "recipients" else None,
        quantity=row["quantity"],
        unpriced=row["unpriced"],
        amount=yuan(row["worth"]),
        requests=row["requests"],
    )
