"""What intake says about what units send: one verdict per submission, one answer per meaning, whatever the channel."""

from datetime import datetime
from typing import Any

from services.intake.domain import early, owing
from services.intake.domain.erasing import erase
from services.intake.domain.evolve import evolve, in_free_order
from services.intake.domain.identity import reserved
from services.intake.domain.older import lifted
from services.intake.domain.refusals import NOT_YOURS, RESERVED_SYSTEM, UNKNOWN
from services.intake.domain.sending import amend, merged, submit, withdraw
from services.intake.domain.state import Context, State, theirs
from services.intake.domain.waiving import waive
from shared.ledger.messages import NOTHING, Decision, Heard, Message, Settled, Told, Woken
from shared.schemas.envelope import Event, Source
from shared.schemas.registry import TYPE_OF
from shared.schemas.routing import RequestAmended

__all__ = ["RequestDomain", "merged", "theirs"]


class RequestDomain:
    """The Domain of a request in intake. Commands: submit, amend, withdraw, waive; `data` as the channel built it."""

    source: Source = "intake"
    hears: frozenset[Source] = frozenset({"routing", "documents", "notify"})
    state = State
    schema = 4

    def decide(self, state: State, message: Message, context: Context) -> Decision:
        """The verdict on a command, what is asked for when its time has come, and what an amendment that stands settles."""
        match message:
            case Told():
                return _told(state, message, context)
            case Heard(event=event) if event.type == TYPE_OF[RequestAmended]:
                return owing.settled(state)
            case Woken():
                return early.over(state, context) or owing.asked(state, context)
            case Settled(item=item, end=end) if item.kind == early.OVER:
                return early.told(state, item, end)
            case _:
                return NOTHING

    def evolve(self, state: State, event: Event) -> State:
        """See `evolve`."""
        return evolve(state, event)

    def wake_at(self, state: State) -> datetime | None:
        """When an early message has waited long enough, or evidence that is owed is to be asked for."""
        return min((*early.times(state), *owing.times(state)), default=None)

    def upcast(self, document: dict[str, Any], schema: int) -> dict[str, Any]:
        """See `lifted`."""
        return lifted(document, schema)

    def comparable(self, state: State) -> State:
        """See `in_free_order`."""
        return in_free_order(state)


def _told(state: State, message: Told, context: Context) -> Decision:
    data = message.data
    if message.name == "waive":
        return waive(state, data, context)
    if not theirs(state, data):
        return Decision(refusal=NOT_YOURS if message.name == "submit" else UNKNOWN)
    if state.request is None and reserved(data.get("body", {})) and not str(data["by"]).startswith("service:"):
        return Decision(refusal=RESERVED_SYSTEM)  # what one of our services opened may be corrected like any other
    if early.is_early(state, message):
        return early.held(state, message, context)
    match message.name:
        case "submit":
            return early.caught_up(state, submit(state, data, context), context)
        case "amend":
            return amend(state, data, context)
        case "withdraw":
            return withdraw(state, data)
        case "erase":
            known = state.policy is not None or state.private.early
            return erase(state, context.pack(state.policy) if state.policy else None) if known else Decision(refusal=UNKNOWN)
        case _:
            return NOTHING
