"""Hours, money and outcomes over HTTP: those with a seat log them, whoever may see a request reads them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Annotated, Any, Literal, Protocol

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from services.routing.api.commanding import Body, Commanding, PersonId
from services.routing.api.reading import Authenticate
from services.routing.api.shown import Assignment
from services.routing.api.telling import Caller, Desk, Teller, commanding
from services.routing.domain import State
from services.routing.domain.efforts import Concluded, Effort, Entry, Spent, standing, worth, yuan
from services.routing.domain.refusals import UNKNOWN
from shared.http.limits import StrictRoute
from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.effort import IssuedGift
from shared.schemas.model import Frozen, Json, Text
from shared.service.once import Keys
from shared.storage import Sight
from shared.telemetry.clock import Clock

MOST_DAYS = 366
MOST = 1000
"""So many requests of an opportunity are added up."""
BAD_PERIOD = Refusal(
    code="bad_period",
    status=422,
    message=Text(zh="起始日期（from）不能晚于截止日期（to）。", en="Give a from that is not after to."),
)
PERIOD_TOO_LONG = Refusal(
    code="period_too_long",
    status=422,
    message=Text(
        zh=f"起止日期（from、to）相隔不能超过 {MOST_DAYS} 天；请分几段查询。",
        en=f"Between from and to are at most {MOST_DAYS} days; ask for shorter periods one after the other.",
    ),
)
OTHERS_HOURS = Refusal(
    code="others_hours",
    status=403,
    message=Text(
        zh="按人员汇总工时仅限本经营单位的领导和协调人；查询自己的工时请填写本人（person）。",
        en="Hours by person are for the unit's leaders and coordinators; for your own, name yourself (person).",
    ),
)
UNKNOWN_OPPORTUNITY = Refusal(
    code="unknown_opportunity",
    status=404,
    message=Text(zh="没有这个商机的申请。", en="There are no requests of such an opportunity."),
)
Note = Annotated[str, Field(max_length=200)]
Hours = Annotated[float, Field(ge=0, le=24, description="in quarters of an hour")]
Number = Annotated[int, Field(ge=1, le=100_000)]
Amount = Annotated[str, Field(max_length=20, description="CNY, a decimal text with at most two places")]
By = Literal["person", "type", "opportunity", "unit"]


class Worked(Body):
    hours: Hours
    day: date
    note: Note = ""


class LoggingEffort(Worked):
    """The work is of whoever says it, or of `person` when the coordinator says so: of somebody who has or had a seat."""

    person: PersonId | None = None


class CorrectingEffort(Worked):
    """`number` is the entry's; the new one takes its place, no hours take it back."""

    number: Number


class LoggingSpend(Body):
    """`line` is a key of the request's budget."""

    line: Annotated[str, Field(min_length=1, max_length=100)]
    amount: Amount
    note: Note = ""


class CorrectingSpend(LoggingSpend):
    """`number` is the entry's; the new one takes its place, an amount of 0 takes it back."""

    number: Number


class RecordingOutcome(Body):
    """What is won has an amount, what is lost or dropped has a reason."""

    opportunity: Annotated[str, Field(max_length=200)] | None = None
    outcome: Literal["won", "lost", "dropped"]
    amount: Amount | None = None
    reason: Annotated[str, Field(max_length=2000)] = ""


class Logged(Frozen):
    """One request: every entry, those that were corrected included; `hours` and `spend` add up what counts."""

    id: str
    hours: float
    spend: str
    entries: tuple[Entry, ...]
    spent: tuple[Spent, ...]
    gifts: tuple[IssuedGift, ...]
    recipients: Json | None
    outcome: Concluded | None


class Sum(Frozen):
    """The hours of one person, or of one type, opportunity or unit in one unit."""

    key: str | None
    business_unit: str | None
    hours: float
    entries: int


class Sums(Frozen):
    """Most hours first, at most a thousand."""

    by: str
    sums: tuple[Sum, ...]


class Pursuit(Frozen):
    """What became of an opportunity of one unit, and what it took."""

    business_unit: str
    outcome: Concluded | None
    hours: float
    spend: str
    gifts: str
    requests: int


class Pursuits(Frozen):
    """Units number their opportunities themselves: one entry for each unit that has one of this id.

    With `more` the sums are those of its first thousand requests.
    """

    opportunity: str
    outcomes: tuple[Pursuit, ...]
    more: bool = False


class Efforts(Protocol):
    """Reads of effort, each as far as whoever asks may see."""

    async def sums(
        self, sight: Sight, by: str, first: date, last: date, person: str | None = None
    ) -> Sequence[Mapping[str, Any]]: ...
    async def of_opportunity(self, sight: Sight, opportunity: str, limit: int) -> Sequence[tuple[str, State]]: ...


class States(Protocol):
    async def state(self, sight: Sight, request: str) -> State | None: ...


def effort_routes(
    desk: Desk,
    states: States,
    efforts: Efforts,
    clock: Clock,
    principal: Authenticate,
    keys: Keys,
    planners: frozenset[str],
) -> APIRouter:
    """Everything under /v1 about effort. Whoever has one of the roles `planners` sees the hours of each person of their unit."""
    router = APIRouter(prefix="/v1", tags=["effort"], route_class=StrictRoute)
    _logging(router, Teller(desk, clock, keys), commanding(principal))
    _reading(router, states, efforts, principal)
    _summing(router, efforts, principal, planners)
    return router


def _logging(router: APIRouter, teller: Teller, caller: Commanding) -> None:
    @router.post("/requests/{request_id}/log-effort", summary="Say how long you worked on it on a day")
    async def log_effort(request_id: str, caller: Annotated[Caller, Depends(caller)], body: LoggingEffort) -> Assignment:
        return await teller.tell(request_id, caller, "log_effort", body.model_dump(mode="json"))

    @router.post("/requests/{request_id}/correct-effort", summary="Put another entry in an entry's place")
    async def correct_effort(request_id: str, caller: Annotated[Caller, Depends(caller)], body: CorrectingEffort) -> Assignment:
        return await teller.tell(request_id, caller, "correct_effort", body.model_dump(mode="json"))

    @router.post("/requests/{request_id}/log-spend", summary="Say what was spent on a line of its budget")
    async def log_spend(request_id: str, caller: Annotated[Caller, Depends(caller)], body: LoggingSpend) -> Assignment:
        return await teller.tell(request_id, caller, "log_spend", body.model_dump())

    @router.post("/requests/{request_id}/correct-spend", summary="Put another amount in an entry's place")
    async def correct_spend(request_id: str, caller: Annotated[Caller, Depends(caller)], body: CorrectingSpend) -> Assignment:
        return await teller.tell(request_id, caller, "correct_spend", body.model_dump())

    @router.post("/requests/{request_id}/record-outcome", summary="Say what became of its opportunity")
    async def record_outcome(request_id: str, caller: Annotated[Caller, Depends(caller)], body: RecordingOutcome) -> Assignment:
        return await teller.tell(request_id, caller, "record_outcome", body.model_dump())


def _reading(router: APIRouter, states: States, efforts: Efforts, principal: Authenticate) -> None:
    @router.get("/requests/{request_id}/effort", summary="Hours, gifts, money and outcome of one request")
    async def effort(request_id: str, caller: Annotated[Principal, Depends(principal)]) -> Logged:
        state = await states.state(caller.sight, request_id)
        if state is None:
            raise Refused(UNKNOWN)
        return _logged(request_id, state.effort or Effort())

    @router.get("/opportunities/{opportunity}/outcome", summary="What became of an opportunity, and what it took")
    async def outcome(opportunity: str, caller: Annotated[Principal, Depends(principal)]) -> Pursuits:
        found = await efforts.of_opportunity(caller.sight, opportunity, MOST + 1)
        if not found:
            raise Refused(UNKNOWN_OPPORTUNITY)
        units: dict[str, list[Effort]] = defaultdict(list)
        for _, state in found[:MOST]:
            if state.request is not None:
                units[state.request.business_unit].append(state.effort or Effort())
        outcomes = tuple(_pursuit(unit, opportunity, given) for unit, given in sorted(units.items()))
        return Pursuits(opportunity=opportunity, outcomes=outcomes, more=len(found) > MOST)


def _summing(router: APIRouter, efforts: Efforts, principal: Authenticate, planners: frozenset[str]) -> None:
    @router.get("/effort", summary="Hours between two days, added up; each person's for who plans, or one's own")
    async def sums(
        caller: Annotated[Principal, Depends(principal)],
        by: By,
        first: Annotated[date, Query(alias="from", description="YYYY-MM-DD, at most 366 days before to")],
        last: Annotated[date, Query(alias="to")],
        person: Annotated[str | None, Query(min_length=1, max_length=100, description="the hours of this person alone")] = None,
    ) -> Sums:
        if first > last:
            raise Refused(BAD_PERIOD)
        if (last - first).days > MOST_DAYS:
            raise Refused(PERIOD_TOO_LONG)
        sight = _sight(caller, planners, person) if by == "person" or person else caller.sight
        rows = await efforts.sums(sight, by, first, last, person)
        return Sums(by=by, sums=tuple(_sum(row) for row in rows))


def _sight(caller: Principal, planners: frozenset[str], person: str | None) -> Sight:
    """How far the hours of `person`, or of everybody, may be seen: one's own wherever, of others those in one's unit. Raises Refused."""
    if caller.kind == "service" or (caller.kind == "person" and caller.id == person):
        return caller.sight
    if caller.kind != "person" or not caller.roles & planners:
        raise Refused(OTHERS_HOURS)
    return caller.sight.in_unit()


def _sum(row: Mapping[str, Any]) -> Sum:
    return Sum(key=row.get("key"), business_unit=row.get("unit"), hours=row["quarters"] / 4, entries=row["entries"])


def _logged(request_id: str, effort: Effort) -> Logged:
    return Logged(
        id=request_id,
        hours=_hours(effort),
        spend=yuan(effort.spent_fen),
        entries=effort.entries,
        spent=effort.spent,
        gifts=effort.gifts,
        recipients=effort.recipients,
        outcome=effort.outcome,
    )


def _pursuit(unit: str, opportunity: str, efforts: Sequence[Effort]) -> Pursuit:
    said = [one.outcome for one in efforts if one.outcome is not None and one.outcome.opportunity == opportunity]
    return Pursuit(
        business_unit=unit,
        outcome=max(said, key=lambda one: one.at, default=None),
        hours=sum(_hours(one) for one in efforts),
        spend=yuan(sum(one.spent_fen for one in efforts)),
        gifts=yuan(sum(worth(one.gifts) for one in efforts)),
        requests=len(efforts),
    )


def _hours(effort: Effort) -> float:
    return sum(entry.quarters for entry in standing(effort.entries)) / 4
