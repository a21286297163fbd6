"""What a repeated command is answered: what the first was, read from the events it caused and from what has come of them since."""

from services.intake.domain.evolve import SUBMISSIONS
from services.intake.domain.state import State
from shared.ledger.messages import Outcome
from shared.schemas.envelope import Event
from shared.schemas.intake import AmendmentRequested, RequestDropped, WithdrawalRequested
from shared.schemas.model import Json
from shared.schemas.registry import TYPE_OF
from shared.schemas.routing import AmendmentRefused, RequestAmended

VERDICTS = SUBMISSIONS | {TYPE_OF[RequestDropped]}
ANSWERS = {TYPE_OF[RequestAmended], TYPE_OF[AmendmentRefused]}


def first_answer(outcome: Outcome) -> Json:
    """The answer that the command's own events tell."""
    event = outcome.events[-1] if outcome.events else None
    if event is None:
        return {"outcome": outcome.state.verdict.outcome if outcome.state.verdict else "accepted", "duplicate": True}
    if "verdict" in event.data:
        verdict = event.data["verdict"]
        return {"outcome": verdict["outcome"], "verdict": verdict, "amended": _changed_something(outcome.state, event)}
    return {"outcome": "withdrawn"}


def was_refused(outcome: Outcome) -> bool:
    """Whether what a repeated command asked for is what routing has refused since: the work had ended."""
    if not outcome.repeated:
        return False
    state: State = outcome.state
    for event in outcome.events:
        if event.type == TYPE_OF[WithdrawalRequested]:
            return not state.withdrawing and state.status != "withdrawn"
        if event.type == TYPE_OF[AmendmentRequested]:
            return _routings_answer(state, event.sequence) == TYPE_OF[AmendmentRefused]
    return False


def _changed_something(state: State, event: Event) -> bool:
    """Whether there was a wording that stood, or waited to be completed, when `event` was said."""
    if event.type == TYPE_OF[AmendmentRequested]:
        return True
    before = [moment.type for moment in state.timeline if moment.source == "intake" and moment.sequence < event.sequence]
    last = next((kind for kind in reversed(before) if kind in VERDICTS), None)
    return last is not None and last != TYPE_OF[RequestDropped]


def _routings_answer(state: State, number: int) -> str | None:
    """The type of what routing answered to the amendment under intake's `number`: it answers each once, in their order."""
    asked = [moment.sequence for moment in state.timeline if moment.type == TYPE_OF[AmendmentRequested]]
    answers = [moment.type for moment in state.timeline if moment.type in ANSWERS]
    place = asked.index(number) if number in asked else len(answers)
    return answers[place] if place < len(answers) else None
