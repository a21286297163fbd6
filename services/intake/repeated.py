"""What a repeated command is answered: from the events it caused the first time, and from what became of them since. Pure."""

from collections.abc import Mapping

from services.intake.domain.evolve import SUBMISSIONS
from services.intake.domain.refusals import EARLY_REFUSED, TOO_EARLY, amendment_refused, closed
from services.intake.domain.state import State
from shared.ledger.messages import Outcome, Refusal
from shared.schemas.envelope import Event
from shared.schemas.intake import AmendmentRequested, RequestDropped, WithdrawalRequested
from shared.schemas.model import Json, Text
from shared.schemas.registry import TYPE_OF
from shared.schemas.requests import Action
from shared.schemas.routing import AmendmentRefused, RequestAmended

ASKED, DROPPED = TYPE_OF[AmendmentRequested], TYPE_OF[RequestDropped]
ANSWERS = {TYPE_OF[RequestAmended], TYPE_OF[AmendmentRefused]}


def from_events(action: Action, outcome: Outcome, command: str) -> Json:
    """The answer as it was given the first time. What came early caused no event of its own: it is held, or was applied since."""
    state: State = outcome.state
    if any(one.command == command for one in state.private.early):
        return {"outcome": "held", "duplicate": True}
    told = [event for event in outcome.events if _answers(action, event)]
    if not told:
        if action == "withdraw":
            return {"outcome": "withdrawn", "duplicate": True}
        return {"outcome": state.verdict.outcome if state.verdict else "accepted", "duplicate": True}
    event = told[-1]
    if "verdict" not in event.data:
        return {"outcome": "withdrawn"}
    amended = action != "waive" and (event.type == ASKED or _corrects(state, event))
    return {"outcome": event.data["verdict"]["outcome"], "verdict": event.data["verdict"], "amended": amended}


def refused_since(action: Action, outcome: Outcome, command: str) -> Refusal | None:
    """Why the wish of a repeated command came to nothing since it was first told: by routing's word, or because it was too early."""
    state: State = outcome.state
    if not outcome.repeated:
        return None
    if command in state.private.refused_early:
        return TOO_EARLY if state.status == "new" else EARLY_REFUSED
    for one in state.private.early:
        if one.command == command and one.refusal is not None:
            return Refusal(
                code=one.refusal["code"], status=one.refusal["status"], message=Text.model_validate(one.refusal["message"])
            )
    asked = _caused(outcome, command)
    if action == "withdraw" and TYPE_OF[WithdrawalRequested] in asked:
        return closed(state) if not state.withdrawing and state.status != "withdrawn" else None
    if action == "amend" and ASKED in asked:
        reason = _refused(state, asked[ASKED])
        return amendment_refused(reason) if reason is not None else None
    return None


def _caused(outcome: Outcome, command: str) -> Mapping[str, int]:
    """Type → number of what `command` caused: one that came early caused an event that says its submission was the cause."""
    state: State = outcome.state
    early = {one.number for one in state.private.applied_early if one.command == command}
    if early:
        return {
            moment.type: moment.sequence for moment in state.timeline if moment.source == "intake" and moment.sequence in early
        }
    return {event.type: event.sequence for event in outcome.events}


def _refused(state: State, number: int) -> Text | None:
    """Why routing refused the amendment that was asked for under `number`: it answers each in its turn."""
    own = [moment.sequence for moment in state.timeline if moment.type == ASKED]
    answers = [moment for moment in state.timeline if moment.type in ANSWERS]
    place = own.index(number) if number in own else len(answers)
    if place >= len(answers) or answers[place].type != TYPE_OF[AmendmentRefused]:
        return None
    return Text.model_validate(answers[place].data["reason"])


def _answers(action: Action, event: Event) -> bool:
    """Whether `event` is what a command of this name is answered with; a submission may also have caused what waited for it."""
    match action:
        case "submit" | "waive":
            return event.type in SUBMISSIONS
        case "amend":
            return "verdict" in event.data
        case "withdraw":
            return "verdict" not in event.data


def _corrects(state: State, event: Event) -> bool:
    """Whether there was a verdict already when `event` gave another, and the request had not been dropped in between."""
    before = [moment for moment in state.timeline if moment.source == "intake" and moment.sequence < event.sequence]
    told = [moment.type for moment in before if moment.type in SUBMISSIONS or moment.type == DROPPED]
    return bool(told) and told[-1] != DROPPED
