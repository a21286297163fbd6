"""What outcomes say, in the few forms that are made or asked for in several places. Pure."""

from shared.ledger.messages import Outcome


def unapplied(subject: str, problem: str, *, stored: bool, unstorable: bool) -> Outcome:
    """The outcome of a message that could not be applied."""
    return Outcome(subject=subject, state=None, problem=problem, stored=stored, unstorable=unstorable)


def passed(outcome: Outcome) -> bool:
    """Whether a lease was still its owner's, by the outcome of what the owner said of it."""
    return not outcome.problem and bool((outcome.answer or {}).get("passed"))


def label_of(outcome: Outcome) -> str:
    """The metric label of a command's outcome."""
    if outcome.problem:
        return "failed"
    return "refused" if outcome.refusal else "repeated" if outcome.repeated else "applied"
