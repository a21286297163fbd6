"""What people tell routing about a request: each command in its states, by the right person, on what they saw. Pure."""

from collections.abc import Callable, Mapping

from services.routing.domain import accounting, closing, halting, handing, performing, settling, spending
from services.routing.domain.bidding import confirming
from services.routing.domain.context import Context
from services.routing.domain.life import AFTERWARDS, allowed
from services.routing.domain.refusals import UNKNOWN, UNKNOWN_COMMAND, out_of_state, stale
from services.routing.domain.review import opining
from services.routing.domain.standing_in import acts_for
from services.routing.domain.state import State
from services.routing.domain.wish import Wish
from shared.ledger.messages import Decision, Told
from shared.schemas.routing import WorkCommand

COMMANDS: Mapping[WorkCommand, Callable[[State, Wish, Context], Decision]] = {
    "accept": performing.accept,
    "decline": performing.decline,
    "complete": performing.complete,
    "choose": performing.choose,
    "send_back": halting.send_back,
    "pause": halting.pause,
    "resume": halting.resume,
    "hand_over": handing.hand_over,
    "add": handing.add,
    "release": handing.release,
    "confirm": closing.confirm,
    "reopen": closing.reopen,
    "escalate": halting.escalate,
    **opining.COMMANDS,
    "log_effort": accounting.log_effort,
    "correct_effort": accounting.correct_effort,
    "log_spend": spending.log_spend,
    "correct_spend": spending.correct_spend,
    "record_outcome": accounting.record_outcome,
    "settle_clash": settling.settle,
    "confirm_item": confirming.confirm_item,
}


def obey(state: State, told: Told, context: Context) -> Decision:
    """Do what `data["by"]` wishes, or say why not. `data["revision"]`, where given, is the state they saw."""
    name = next((name for name in COMMANDS if name == told.name), None)
    if name is None:
        return Decision(refusal=UNKNOWN_COMMAND)
    wish = Wish(by=str(told.data.get("by") or ""), data=told.data, subject=told.subject)
    if not _concerns(state, wish.by, context):
        return Decision(refusal=UNKNOWN)
    seen = told.data.get("revision")
    if seen is not None and seen != state.revision:
        return Decision(refusal=stale(state))
    had_one = wish.by in state.involved() - state.seated()
    afterwards = had_one and state.status in AFTERWARDS.get(name, ())
    if not (afterwards or allowed(name, state.status, staffed=bool(state.supporters))):
        return Decision(refusal=out_of_state(state.status, name))
    return COMMANDS[name](state, wish, context)


def _concerns(state: State, by: str, context: Context) -> bool:
    """Whether `by` may know of the request: as its readers do, or as who stands in for somebody with a part in it.

    To everybody else it is as if there were none.
    """
    if state.request is None:
        return False
    person = context.directory.people.get(by)
    if person is not None and person.business_unit == state.request.business_unit:
        return True
    requester = state.request.requester.id
    if by in {requester, *state.involved()}:
        return True
    return any(acts_for(by, holder, context.directory, context.now) for holder in (requester, *state.seated()))
