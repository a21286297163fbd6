"""What is said when time runs out: a warning, the breach, and one step above after the other. Clocks reckoned anew. Pure."""

from dataclasses import replace
from datetime import timedelta
from typing import Literal

from pydantic import BaseModel

from services.routing.domain.context import Context
from services.routing.domain.reckoning import NONE, SHORTEST, as_due, beyond, ending, left_of_level, passed_on, reckoned
from services.routing.domain.refusals import UNKNOWN
from services.routing.domain.state import State
from services.routing.domain.ticking import Clock
from shared.ledger.messages import NOTHING, Decision
from shared.schemas.model import Text
from shared.schemas.requests import Request
from shared.schemas.routing import POLICY, EscalatedToCoordinator, EscalatedToLeader
from shared.schemas.service_levels import (
    ClockName,
    ClocksRecalculated,
    ConfirmationReminded,
    Due,
    ServiceLevelBreached,
    ServiceLevelWarned,
)

CALLED: dict[ClockName, Text] = {
    "assignment": Text(zh="指派支持人", en="finding supporters"),
    "response": Text(zh="首次接受", en="the first acceptance"),
    "delivery": Text(zh="交付", en="the delivery"),
    "confirmation": Text(zh="申请人确认", en="the requester's confirmation"),
}
CALLED_IN_REVIEW = CALLED | {
    "response": Text(zh="首次提出意见", en="the first opinion"),
    "delivery": Text(zh="评审", en="the decision"),
}


def run_out(state: State, context: Context) -> Decision:
    """What the hour brings for each clock that runs; nothing twice, and nothing when the hour is earlier than it was."""
    facts = [fact for clock in state.clocks.clocks for fact in _said(clock, state, context)]
    return Decision(facts=tuple(facts)) if facts else NOTHING


def _said(clock: Clock, state: State, context: Context) -> list[BaseModel]:
    moment = clock.next_at
    if moment is None or moment > context.now:
        return []
    if clock.clock == "confirmation":
        return [ConfirmationReminded(due=clock.due)]
    if clock.breached:
        return [_above(clock, state, context, leader=True)]
    if clock.due <= context.now:
        breached = ServiceLevelBreached(clock=clock.clock, due=clock.due)
        return [breached, _above(clock, state, context, leader=state.coordinator is None)]
    return [ServiceLevelWarned(clock=clock.clock, due=clock.due)]


def _above(clock: Clock, state: State, context: Context, *, leader: bool) -> BaseModel:
    """The coordinator first, the leaders next; the leaders at once while there is no coordinator."""
    unit = context.calendar.zone_of(clock.person, context.directory)
    due = f"{clock.due.astimezone(unit):%Y-%m-%d %H:%M (%z)}"
    called = (CALLED_IN_REVIEW if state.review else CALLED)[clock.clock]
    reason = f"{called.zh}应于 {due} 前完成 / {called.en} was due by {due}"
    above = EscalatedToLeader if leader else EscalatedToCoordinator
    return above(by=POLICY, reason=reason, cause="time", clock=clock.clock)


def reckoned_otherwise(state: State, context: Context) -> bool:
    """Whether a clock was reckoned with days that were not published then, and the calendar is another one since."""
    version = context.calendar.version
    return any(clock.provisional and clock.almanac != version for clock in state.clocks.open)


def recalculate(state: State, by: str, cause: Literal["operator", "almanac"], context: Context) -> Decision:
    """All clocks that are not met, with the present calendar; an operator also has the present service levels taken, and clocks
    that were reckoned for somebody who left before clocks were passed on, reckoned for whoever has the work.
    """
    if state.request is None:
        return Decision(refusal=UNKNOWN)
    theirs = [_theirs(clock, state, state.request, context) if cause == "operator" else clock for clock in state.clocks.open]
    dues = tuple(_anew(clock, state.request, cause, context) for clock in theirs)
    moved = [due for due, clock in zip(dues, state.clocks.open, strict=True) if due != as_due(clock)]
    if not moved:
        return Decision(answer={"moved": 0})
    fact = ClocksRecalculated(by=by, cause=cause, almanac=context.calendar.version, clocks=dues)
    return Decision(facts=(fact,), answer={"moved": len(moved)})


def _theirs(clock: Clock, state: State, request: Request, context: Context) -> Clock:
    """The clock of somebody who has no seat any more, for the first who has one."""
    people = [seat.person for seat in state.supporters]
    if clock.person is None or clock.person in people or not people:
        return clock
    return clock.reckoned(passed_on(clock, people[0], context, request), context.now)


def _anew(clock: Clock, request: Request, cause: str, context: Context) -> Due:
    since, used, begun = clock.since, clock.used_seconds, None if cause == "operator" else clock
    working = _working(clock, request, cause, context)
    if beyond(clock):
        working = left_of_level(timedelta(seconds=used), request, context)
        if working is None:
            return as_due(clock)
    if working is None:
        due = ending(clock.clock, context, request, clock.person, clock.due, None, since=since, used=used, begun=begun)
    else:
        due = reckoned(clock.clock, context, request, clock.person, working, since=since, used=used, begun=begun)
    return due.model_copy(update={"by_date": clock.by_date and not beyond(clock)})


def _working(clock: Clock, request: Request, cause: str, context: Context) -> timedelta | None:
    """The time that the clock has from where it began or went on; None where it ends at a moment that is given."""
    working = timedelta(seconds=clock.working_seconds) if clock.working_seconds else None
    if cause != "operator":
        return working
    used, whole = timedelta(seconds=clock.used_seconds), _whole(clock, request, context)
    if working is not None:
        return max((whole or _of(clock)) - used, SHORTEST)
    return whole - used if whole is not None and whole - used > NONE else None


def _whole(clock: Clock, request: Request, context: Context) -> timedelta | None:
    """The time that the policy gives the step now; None where it gives none, or the request's own date counts."""
    if clock.clock == "confirmation":
        return context.policy.confirm_within
    if clock.clock == "delivery" and clock.by_date:
        return None
    hours = getattr(context.policy.service_levels.of(request.type, request.priority), clock.clock)
    return timedelta(hours=hours) if hours else None


def _of(clock: Clock) -> timedelta:
    """The whole time of a clock as it was reckoned."""
    return timedelta(seconds=(clock.working_seconds or 0) + clock.used_seconds)


def woken(state: State, decision: Decision, context: Context) -> Decision:
    """`decision`, which the hour brings for the work itself; where it brings nothing, what it brings for the clocks."""
    if decision.facts:
        return decision
    if reckoned_otherwise(state, context):
        return replace(recalculate(state, POLICY, "almanac", context), answer=None)
    return run_out(state, context)
