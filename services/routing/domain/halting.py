"""Work that waits for somebody outside: sent back to the requester, paused for the customer, told to who is one step above. Pure."""

from datetime import datetime, timedelta

from services.routing.domain.assigning import assign
from services.routing.domain.context import Context
from services.routing.domain.refusals import BAD_UNTIL, NO_REASON, NOT_CONCERNED, NOT_YOURS
from services.routing.domain.state import State
from services.routing.domain.wish import Wish
from shared.ledger.messages import NOTHING, Decision
from shared.schemas.routing import (
    POLICY,
    EscalatedToCoordinator,
    EscalatedToLeader,
    WorkPaused,
    WorkResumed,
    WorkSentBack,
)

LONGEST_PAUSE = timedelta(days=366)


def send_back(state: State, wish: Wish, context: Context) -> Decision:
    """The requester is asked for what is missing; the seats are kept."""
    seat, reason = wish.any_seat(state, context), wish.text("reason")
    if seat is None:
        return Decision(refusal=NOT_YOURS)
    if not reason:
        return Decision(refusal=NO_REASON)
    missing = wish.data.get("missing")
    named = tuple(str(one) for one in missing) if isinstance(missing, list | tuple) else ()
    return Decision(facts=(WorkSentBack(by=wish.by, reason=reason, missing=named, on_behalf_of=wish.behalf(seat.person)),))


def pause(state: State, wish: Wish, context: Context) -> Decision:
    """The work waits for the customer; at `until`, where given, it goes on by itself."""
    seat, reason = wish.any_seat(state, context), wish.text("reason")
    if seat is None:
        return Decision(refusal=NOT_YOURS)
    if not reason:
        return Decision(refusal=NO_REASON)
    until = wish.data.get("until")
    if until is not None:
        until = datetime.fromisoformat(str(until))
        if until.tzinfo is None or not context.now < until <= context.now + LONGEST_PAUSE:
            return Decision(refusal=BAD_UNTIL)
    return Decision(facts=(WorkPaused(by=wish.by, reason=reason, until=until, on_behalf_of=wish.behalf(seat.person)),))


def resume(state: State, wish: Wish, context: Context) -> Decision:
    """The work goes on where it was."""
    seat = wish.any_seat(state, context)
    if seat is None:
        return Decision(refusal=NOT_YOURS)
    goes_on = WorkResumed(by=wish.by, cause="person", status=state.goes_on_as, on_behalf_of=wish.behalf(seat.person))
    return resumed(state, goes_on, wish.subject, context)


def resumed(state: State, fact: WorkResumed, subject: str, context: Context) -> Decision:
    """`fact`, and whom it seats when nobody was found before the work was halted."""
    if fact.status != "waiting":
        return Decision(facts=(fact,))
    again = assign(subject, state.model_copy(update={"status": "new", "halt": None}), context)
    return Decision(facts=(fact, *again.facts), reservations=again.reservations)


def time_over(state: State, subject: str, context: Context) -> Decision:
    """A pause ends when its time is over."""
    if state.halt is None or state.halt.until is None or state.halt.until > context.now:
        return NOTHING
    return resumed(state, WorkResumed(by=POLICY, cause="time", status=state.goes_on_as), subject, context)


def escalate(state: State, wish: Wish, context: Context) -> Decision:
    """A supporter and the requester turn to the coordinator; the coordinator, or everybody while there is none, to the unit's leaders."""
    coordinating = wish.coordinating(state, context)
    seat, reason = wish.seat_in(state.supporters, context) or coordinating, wish.text("reason")
    asked = wish.asked_for_it(state, context)
    if seat is None and not asked:
        return Decision(refusal=NOT_CONCERNED)
    if not reason:
        return Decision(refusal=NO_REASON)
    above = EscalatedToLeader if coordinating is not None or state.coordinator is None else EscalatedToCoordinator
    holder = seat.person if seat else state.request.requester.id if state.request else wish.by
    return Decision(facts=(above(by=wish.by, reason=reason, on_behalf_of=wish.behalf(holder)),))
