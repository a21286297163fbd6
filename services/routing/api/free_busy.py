"""When one's own people and those of the shared pool have time: busy times, and nothing of what they are busy with."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime

from services.routing.api.reading import Authenticate
from services.routing.domain import Context
from services.routing.domain.free_busy import busy, places
from shared.catalogue.shapes import likely
from shared.http.limits import StrictRoute
from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.model import Frozen, Text
from shared.schemas.people import Person

LONGEST = timedelta(days=92)
USUAL = timedelta(days=14)
MOST = 500
BAD_SPAN = Refusal(
    code="bad_span",
    status=422,
    message=Text(
        zh=f"时段须从 from 到其后的 to，不超过 {LONGEST.days} 天；请更正。",
        en=f"The time must run from `from` to a later `to`, at most {LONGEST.days} days; correct it.",
    ),
)
Surroundings = Callable[[], Awaitable[Context]]
"""The context of a decision at this moment."""
From = Annotated[AwareDatetime | None, Query(alias="from", description="now, unless it says something else")]
To = Annotated[AwareDatetime | None, Query(alias="to", description=f"{USUAL.days} days later, unless it says something else")]
Role = Annotated[str | None, Query(min_length=1, max_length=100, description="whoever holds this role alone")]
Someone = Annotated[str | None, Query(min_length=1, max_length=100, description="this person alone")]


class Busy(Frozen):
    """A time at which somebody is taken, by appointments or by leave: which of them is not said."""

    start: datetime
    end: datetime


class BusyPerson(Frozen):
    """Somebody's busy times, and how many requests they hold of those they may hold (`seats`)."""

    person: str
    business_unit: str
    roles: tuple[str, ...]
    open: int
    seats: int
    busy: tuple[Busy, ...]


class FreeBusy(Frozen):
    """Those whom the caller's unit may be given: its own people and the shared pool's, by id; where there are `more`, ask for less."""

    start: datetime
    end: datetime
    people: tuple[BusyPerson, ...]
    more: bool = False


def free_busy_routes(surroundings: Surroundings, pool: str, principal: Authenticate) -> APIRouter:
    """GET /v1/free-busy."""
    router = APIRouter(prefix="/v1", tags=["people"], route_class=StrictRoute)

    @router.get("/free-busy", summary="When one's own unit's people and the shared pool's are taken; nothing of what takes them")
    async def free_busy(
        caller: Annotated[Principal, Depends(principal)],
        start: From = None,
        end: To = None,
        role: Role = None,
        person: Someone = None,
    ) -> FreeBusy:
        context = await surroundings()
        first, last = _span(start, end, context.now)
        wanted = [
            one
            for _, one in sorted(context.directory.people.items())
            if one.active and _shown(one, caller, pool) and role in {None, *one.roles} and person in {None, one.id}
        ]
        rows = tuple(_row(one, context, first, last) for one in wanted[:MOST])
        return FreeBusy(start=first, end=last, people=rows, more=len(wanted) > MOST)

    return router


def _span(start: datetime | None, end: datetime | None, now: datetime) -> tuple[datetime, datetime]:
    first = start or now
    if not likely(first) or (end is not None and not likely(end)):
        raise Refused(BAD_SPAN)
    last = end or first + USUAL
    if not timedelta() < last - first <= LONGEST:
        raise Refused(BAD_SPAN)
    return first, last


def _shown(one: Person, caller: Principal, pool: str) -> bool:
    return one.business_unit == pool or caller.sees(units={one.business_unit}, people={one.id})


def _row(one: Person, context: Context, start: datetime, end: datetime) -> BusyPerson:
    held, seats = places(one, context)
    taken = tuple(Busy(start=span.start, end=span.end) for span in busy(one, context, start, end))
    return BusyPerson(person=one.id, business_unit=one.business_unit, roles=one.roles, open=held, seats=seats, busy=taken)
