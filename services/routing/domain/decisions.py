"""What routing says: assigns what is submitted, obeys those who work on it, and decides amendments and withdrawals."""

from datetime import datetime

from services.routing.domain.assigning import assign
from services.routing.domain.commands import obey
from services.routing.domain.context import Context
from services.routing.domain.evolve import evolve
from services.routing.domain.refusals import UNKNOWN, UNKNOWN_COMMAND, ended
from services.routing.domain.state import State
from shared.ledger.messages import NOTHING, Decision, Heard, Message, Told, Woken
from shared.schemas.envelope import Event, Source
from shared.schemas.intake import AmendmentRequested, RequestSubmitted, WithdrawalRequested
from shared.schemas.registry import TYPE_OF
from shared.schemas.routing import AmendmentRefused, RequestAmended, RequestWithdrawn, WithdrawalRefused

__all__ = ["UNKNOWN", "RoutingDomain"]


class RoutingDomain:
    """The Domain of a request in routing. Commands: accept, decline, complete, choose; `data.by` is who asks."""

    source: Source = "routing"
    hears: frozenset[Source] = frozenset({"intake"})
    state = State
    schema = 1

    def decide(self, state: State, message: Message, context: Context) -> Decision:
        """Assign, obey, or leave alone."""
        match message:
            case Heard(event=event):
                return _heard(state, event, context)
            case Told(name="accept" | "decline" | "complete" | "choose" as name, data=data, subject=subject):
                return obey(state, name, data, subject, context)
            case Told():
                return Decision(refusal=UNKNOWN_COMMAND)
            case Woken(subject=subject) if state.status == "waiting":
                return assign(subject, state, context)
            case _:
                return NOTHING

    def evolve(self, state: State, event: Event) -> State:
        """See `evolve`."""
        return evolve(state, event)

    def wake_at(self, _state: State) -> datetime | None:
        """Waiting requests are woken when people or seats change and by the sweep, so none has a time of its own."""
        return None

    def upcast(self, document: dict[str, object], _schema: int) -> dict[str, object]:
        """There is only one schema yet."""
        return document

    def comparable(self, state: State) -> State:
        """Only intake is heard, in its own order."""
        return state


def _heard(state: State, event: Event, context: Context) -> Decision:
    """What was answered already is not answered again."""
    if event.type == TYPE_OF[RequestSubmitted] and state.status == "new" and state.coordinator is None:
        return assign(event.subject, state, context)
    if event.type == TYPE_OF[AmendmentRequested] and event.sequence > state.answered:
        asked = event.read_as(AmendmentRequested)
        if not state.open:
            return Decision(facts=(AmendmentRefused(reason=ended(state)),))
        return Decision(facts=(RequestAmended(request=asked.request, changes=asked.changes, version=state.version + 1),))
    if event.type == TYPE_OF[WithdrawalRequested] and event.sequence > state.answered:
        wish = event.read_as(WithdrawalRequested)
        if not state.open:
            return Decision(facts=(WithdrawalRefused(reason=ended(state)),))
        return Decision(facts=(RequestWithdrawn(by=wish.by, reason=wish.reason),))
    return NOTHING
