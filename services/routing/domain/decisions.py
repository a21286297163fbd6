"""What routing says: assigns what is submitted, obeys those who work on it, and decides amendments and withdrawals."""

from dataclasses import replace
from datetime import datetime

from services.routing.domain import closing, halting, settling
from services.routing.domain.absences import covered
from services.routing.domain.assigning import assign
from services.routing.domain.bidding import room
from services.routing.domain.clocks import timed
from services.routing.domain.commands import obey
from services.routing.domain.context import Context
from services.routing.domain.evolve import evolve
from services.routing.domain.life import SEATED
from services.routing.domain.linking.looking import noticed
from services.routing.domain.refusals import UNKNOWN, ended
from services.routing.domain.review.following import followed
from services.routing.domain.running_out import recalculate, woken
from services.routing.domain.state import State
from shared.ledger.messages import NOTHING, Decision, Heard, Message, Settled, Told, Woken
from shared.schemas.envelope import Event, Source
from shared.schemas.intake import AmendmentRequested, RequestSubmitted, WithdrawalRequested
from shared.schemas.registry import TYPE_OF
from shared.schemas.routing import (
    AmendmentRefused,
    AssignmentWaiting,
    RequestAmended,
    RequestWithdrawn,
    WithdrawalRefused,
    WorkResumed,
)

__all__ = ["UNKNOWN", "RoutingDomain"]


class RoutingDomain:
    """The Domain of a request in routing. Its commands are those of `commands.COMMANDS`; `data.by` is who asks."""

    source: Source = "routing"
    hears: frozenset[Source] = frozenset({"intake"})
    state = State
    schema = 1

    def decide(self, state: State, message: Message, context: Context) -> Decision:
        """Assign, obey, or leave alone."""
        return timed(state, _decided(state, message, context), context)

    def evolve(self, state: State, event: Event) -> State:
        """See `evolve`."""
        return evolve(state, event)

    def wake_at(self, state: State) -> datetime | None:
        """When a pause or the requester's time to object is over, a bid's plan or a request that is named is to be looked at, or a clock
        has something to say.

        Waiting requests are woken when people or seats change and by the sweep, so none has a time of its own.
        """
        own = state.halt.until if state.halt else state.confirm_by or room.look_at(state)
        named = state.link.next_at if state.link else None
        return min((moment for moment in (own, named, state.clocks.next_at) if moment), default=None)

    def upcast(self, document: dict[str, object], _schema: int) -> dict[str, object]:
        """There is only one schema yet."""
        return document

    def comparable(self, state: State) -> State:
        """Only intake is heard, in its own order."""
        return state


def _decided(state: State, message: Message, context: Context) -> Decision:
    match message:
        case Told(name=name) if name in settling.FROM_GUARD:
            return settling.hear(state, message, context)
        case Told(name="recalculate", data=data):
            return recalculate(state, str(data.get("by")), "operator", context)
        case Settled():
            return room.settled(state, message)
        case Heard(event=event):
            decision = _heard(state, event, context)
        case Told():
            decision = obey(state, message, context)
        case Woken(subject=subject):
            decision = woken(state, _woken(state, subject, context), context)
        case _:
            return NOTHING
    decision = noticed(state, message.subject, decision, context)
    return followed(state, message.subject, decision, context)


def _woken(state: State, subject: str, context: Context) -> Decision:
    match state.status:
        case "waiting":
            absent = covered(state, subject, context)
            return absent if absent.facts else _sought(state, subject, context)
        case "paused":
            return halting.time_over(state, subject, context)
        case "completed":
            return closing.time_over(state, context)
        case "choosing" | "assigned" | "working":
            return _looked_at(state, subject, context)
        case _:
            return room.look(state, subject, context)


def _sought(state: State, subject: str, context: Context) -> Decision:
    """Whoever is lacking is sought again; what is at work meanwhile is looked at as ever."""
    assigned = assign(subject, state, context)
    if not state.supporters or not all(isinstance(fact, AssignmentWaiting) for fact in assigned.facts):
        return assigned
    looked = _looked_at(state, subject, context)
    return replace(looked, facts=(*assigned.facts, *looked.facts))


def _looked_at(state: State, subject: str, context: Context) -> Decision:
    absent = covered(state, subject, context)
    return absent if absent.facts else room.look(state, subject, context)


def _heard(state: State, event: Event, context: Context) -> Decision:
    """What was answered already is not answered again."""
    if event.type == TYPE_OF[RequestSubmitted] and state.status == "new" and state.coordinator is None:
        return assign(event.subject, state, context)
    if event.type == TYPE_OF[AmendmentRequested] and event.sequence > state.answered:
        asked = event.read_as(AmendmentRequested)
        if not state.open:
            return Decision(facts=(AmendmentRefused(reason=ended(state)),))
        return _amended(state, event.subject, asked, context)
    if event.type == TYPE_OF[WithdrawalRequested] and event.sequence > state.answered:
        wish = event.read_as(WithdrawalRequested)
        if not state.open:
            return Decision(facts=(WithdrawalRefused(reason=ended(state)),))
        return Decision(facts=(RequestWithdrawn(by=wish.by, reason=wish.reason),), cancel=room.unopened(state, event.subject))
    return NOTHING


def _amended(state: State, subject: str, asked: AmendmentRequested, context: Context) -> Decision:
    """The amendment stands; work that was sent back for it goes on, and who is lacking may be found by it."""
    fact = RequestAmended(request=asked.request, changes=asked.changes, version=state.version + 1)
    amended = state.model_copy(update={"request": asked.request, "asked_before": state.earlier_requesters(asked.request)})
    if state.status in SEATED:  # an appointment may have been moved into somebody's leave
        after = covered(amended, subject, context)
    elif state.status == "sent_back":
        after = halting.resumed(amended, WorkResumed(by=asked.by, cause="amendment", status=state.goes_on_as), subject, context)
    elif state.status == "waiting":
        after = assign(subject, amended, context)
    else:
        after = NOTHING
    return replace(after, facts=(fact, *after.facts))
