"""What a look at the request that another one names comes to, and what is said of it then. Pure.

Invariant: of one finding people are told once, however often it is looked at; and what waits is always looked at again.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast, get_args

from pydantic import BaseModel

from services.routing.domain.context import Context
from services.routing.domain.linking import words
from services.routing.domain.linking.evolving import COMES_LATER
from services.routing.domain.linking.state import Found, Link, Linked, Namer, namer
from services.routing.domain.review.following import supposed
from services.routing.domain.review.model import asked_people
from services.routing.domain.state import State
from shared.ledger.messages import Decision
from shared.schemas.links import (
    PRICE,
    Approved,
    Awaited,
    Failed,
    LinkedRequest,
    LinkedRequestAwaited,
    LinkedRequestDecided,
    LinkedRequestFailed,
    LinkStanding,
)
from shared.schemas.routing import POLICY, EscalatedToCoordinator, EscalatedToLeader

LONGEST_ROW = 5
"""So many requests may wait for each other in a row."""
MOST_LINES = 20
DONE = frozenset({"completed", "confirmed"})


def linked_of(request: str, state: State) -> Linked | None:
    """What others read of a request that they name; None while there is none yet."""
    asked, review = state.request, state.review
    if asked is None:
        return None
    lines = asked.details.get("lines")
    whose = asked_people(review, state.supporters) or tuple(seat.person for seat in state.supporters)
    return Linked(
        request=request,
        type=asked.type,
        status=state.status,
        outcome=review.outcome if review else None,
        round=review.round if review else 0,
        version=state.version,
        amount=review.amount if review else 0.0,
        lines=tuple(line for line in lines if isinstance(line, dict)) if isinstance(lines, list) else (),
        conditions=tuple(one for opinion in review.opinions for one in opinion.conditions) if review else (),
        held_by=tuple(dict.fromkeys(whose)) or ((state.coordinator.person,) if state.coordinator else ()),
        awaits=state.link.request if state.link else None,
        opportunity=asked.opportunity.id if asked.opportunity else None,
    )


def standing(subject: str, by: Namer, link: Link, found: Found) -> LinkStanding:
    """How the request that `link` names stands for `subject`, named `by` it. Another unit's is as one that does not exist."""
    one = found.get(link.request)
    if link.request == subject:
        return "circular"
    if one is None or link.business_unit != by.business_unit:
        return "unknown"
    if one.type != PRICE:
        return "circular" if _leads_back(subject, one, found) else "other_type"
    if one.opportunity and by.opportunity and one.opportunity != by.opportunity:
        return "other_opportunity"
    if one.status == "withdrawn":
        return "withdrawn"
    return (one.outcome or "approved") if one.status in DONE else "pending"


def _leads_back(subject: str, one: Linked, found: Found) -> bool:
    """Whether whoever is named waits for `subject` in the end, for itself, or for more of them in a row than anybody follows."""
    seen, now = {subject}, one
    for _ in range(LONGEST_ROW):
        if now.request in seen:
            return True
        seen.add(now.request)
        after = found.get(now.awaits) if now.awaits else None
        if now.awaits == subject:
            return True
        if after is None:
            return False
        now = after
    return True


def noticed(state: State, subject: str, decision: Decision, context: Context) -> Decision:
    """`decision` with what is found out of the request that is named, where that was looked at and is not known yet."""
    if decision.refusal is not None or not (context.linked or state.link):
        return decision
    after = supposed(state, decision.facts, context.now) if decision.facts else state
    fact = _news(after, subject, context)
    return replace(decision, facts=(*decision.facts, fact)) if fact is not None else decision


def _news(state: State, subject: str, context: Context) -> BaseModel | None:
    link = state.link
    if link is None or state.request is None or not state.open:
        return None
    if link.request in context.linked:
        now = standing(subject, namer(state.request), link, context.linked)
        early = link.standing is None and now == "unknown" and context.now < link.since + COMES_LATER
        if not early and not _known(link, now, context.linked.get(link.request)):
            return _said(link, now, context.linked.get(link.request), state.request.business_unit, context)
    due = link.standing is not None and link.next_at is not None and link.next_at <= context.now
    return _above(state, link, context) if due else None


def _known(link: Link, now: LinkStanding, one: Linked | None) -> bool:
    """Whether people know that already. A price that was decided anew is news, also when it is approved as before."""
    return link.standing == now and (link.holds or one is None or link.round == one.round)


def _said(link: Link, now: LinkStanding, one: Linked | None, unit: str, context: Context) -> BaseModel:
    named = LinkedRequest(**link.model_dump(include=set(LinkedRequest.model_fields)))
    held_by = one.held_by if one is not None and now == "pending" else ()
    reason = words.reason(now, named, held_by, one.conditions if one is not None else ())
    if now in get_args(Awaited):
        return LinkedRequestAwaited(
            linked=named, standing=cast(Awaited, now), held_by=held_by, reason=reason, look_at=_later(unit, context)
        )
    if now in get_args(Failed):
        return LinkedRequestFailed(linked=named, standing=cast(Failed, now), reason=reason, look_at=_later(unit, context))
    assert one is not None, "what does not exist is not approved"
    return LinkedRequestDecided(
        linked=named,
        standing=cast(Approved, now),
        round=one.round,
        version=one.version,
        amount=one.amount,
        lines=one.lines[:MOST_LINES],
        more=max(0, len(one.lines) - MOST_LINES),
        conditions=one.conditions,
        awaited=link.standing is not None,
        reason=reason,
    )


def _later(unit: str, context: Context, hours: float | None = None) -> datetime:
    """When those above hear of it, in working time of the unit."""
    time = context.calendar.of_unit(unit, context.directory)
    return context.calendar.add(time, context.now, timedelta(hours=hours or context.policy.linked_overdue_hours))


def _above(state: State, link: Link, context: Context) -> BaseModel | None:
    """It is waited for too long: the coordinator hears of it first, the leaders next, and nobody after them."""
    assert state.request is not None, "only a request names another"
    leader = link.above > 0 or state.coordinator is None
    hours = context.policy.service_levels.leader_after_hours
    again = _later(state.request.business_unit, context, hours) if not leader and hours else None
    above = EscalatedToLeader if leader else EscalatedToCoordinator
    reason = words.overdue(link)
    return above(by=POLICY, reason=f"{reason.zh} / {reason.en}", cause="time", linked=link.request, look_at=again)
