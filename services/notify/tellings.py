"""What an event makes known and to whom: the rows of the policy it calls for, each with what its messages show. Pure.

Invariant: people hear of the documents of one cause once, when the last of them has ended, and of a set that they were told had
failed once more if it becomes whole; machines hear of each document.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from services.notify.facts import params_of
from services.notify.policy import NotifyPolicy, Row
from services.notify.state import DocumentState, State
from shared.schemas import bidding, documents, intake, links, routing
from shared.schemas.envelope import Event
from shared.schemas.model import Json
from shared.schemas.registry import MODELS, TYPE_OF

RENDERED, FAILED = TYPE_OF[documents.DocumentRendered], TYPE_OF[documents.DocumentFailed]

DECIDED, PLANNED = TYPE_OF[links.LinkedRequestDecided], TYPE_OF[bidding.BidPlanned]


@dataclass(frozen=True, kw_only=True)
class Telling:
    """One row to follow, and what its messages show."""

    row: Row
    params: Json


def tellings(policy: NotifyPolicy, state: State, event: Event) -> tuple[Telling, ...]:
    """All that `event`, already evolved into `state`, calls for; whoever several rows name is told by the first of them."""
    row = policy.events.get(event.type)
    if row and not _news(event):
        row = row.for_machines()
    if event.type not in {RENDERED, FAILED}:
        return (Telling(row=row, params=params_of(state, event)),) if row else ()
    params = params_of(state, event)
    own = (Telling(row=row.for_machines(), params=params),) if row else ()
    ended = _ended(state, event.data["document"])
    types = [FAILED] * any(document.problem for document in ended) + [RENDERED] * any(document.name for document in ended)
    shown = {**params, "particulars": _together(ended)}
    return own + tuple(Telling(row=policy.events[name].for_people(), params=shown) for name in types if name in policy.events)


def actor_of(event: Event) -> str | None:
    """The person whose own act `event` is; None for what the system decided."""
    match event.read_as(MODELS[event.type]):
        case routing.SupportersAssigned(decisions=decisions):
            return next((decision.chosen_by for decision in decisions if decision.chosen_by != routing.POLICY), None)
        case intake.PreconditionWaived(by=person):
            return person
        case said:
            by = getattr(said, "by", None) if event.source == "routing" else None
            return None if by == routing.POLICY else by


def _news(event: Event) -> bool:
    """Whether people have to hear of it: that a bid was planned as before, and a price approved that nobody waited for, they need not."""
    if event.type == PLANNED:
        return event.read_as(bidding.BidPlanned).news
    if event.type != DECIDED:
        return True
    said = event.read_as(links.LinkedRequestDecided)
    return said.awaited or said.standing == "approved_with_changes"


def _ended(state: State, last: str) -> tuple[DocumentState, ...]:
    """The documents of the cause that `last` belongs to, in the cause's order; none while one of them is still to come."""
    together = state.documents[last].together
    if not set(together) <= state.documents.keys():
        return ()
    ended = tuple(state.documents[document] for document in together)
    if state.documents[last].mended and any(document.problem for document in ended):
        return ()  # of what is lacking still, people were told
    return ended


def _together(ended: Iterable[DocumentState]) -> Json:
    ended = tuple(ended)
    return {
        "kind": next((document.kind for document in ended), ""),
        "version": max((document.version for document in ended), default=0),
        "files": [document.name for document in ended if document.name],
        "failures": list(dict.fromkeys(document.cause for document in ended if document.problem)),
    }
