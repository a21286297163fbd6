"""Evidence that may come later: asked for when its time is over, told further when it was asked for in vain. Pure."""

from collections.abc import Sequence
from datetime import datetime

from services.intake.domain.state import OPEN, Context, Owing, State
from shared.ledger.messages import NOTHING, Decision
from shared.schemas.intake import EvidenceAsked, EvidenceOverdue, EvidenceSettled, Owed


def asked(state: State, context: Context) -> Decision:
    """Ask for what is due; tell further what was asked for and has not come. A request that has ended owes nothing."""
    if not _owes(state):
        return NOTHING
    if (given := settled(state)) is not NOTHING:  # it stands, and nobody has said so yet
        return given
    due = tuple(_plain(one) for one in state.owing if not one.asked and one.due <= context.now)
    if due:
        return Decision(facts=(EvidenceAsked(owed=due),))
    late = tuple(_plain(one) for one in state.owing if _escalates(one) is not None and one.escalates <= context.now)  # type: ignore[operator]
    return Decision(facts=(EvidenceOverdue(owed=late),)) if late else NOTHING


def settled(state: State) -> Decision:
    """What the amendment that stands now has settled."""
    states = {one.any_of: one.state for one in state.verdict.preconditions} if state.verdict else {}
    facts = []
    for one in state.owing:
        now = states.get(one.any_of)
        if now != "later":
            end = "waived" if now == "waived" else "met" if now == "met" else "not_wanted"
            facts.append(EvidenceSettled(any_of=one.any_of, label=one.label, state=end))
    return Decision(facts=tuple(facts)) if facts else NOTHING


def times(state: State) -> Sequence[datetime]:
    """When something is to be asked for, or told further."""
    if not _owes(state):
        return ()
    next_ones = (_escalates(one) if one.asked else one.due for one in state.owing)
    return [moment for moment in next_ones if moment is not None]


def _owes(state: State) -> bool:
    return state.status in OPEN and not state.withdrawing


def _escalates(one: Owing) -> datetime | None:
    return one.escalates if one.asked and not one.overdue else None


def _plain(one: Owing) -> Owed:
    return Owed(any_of=one.any_of, label=one.label, due=one.due, escalates=one.escalates)
