"""What may not take too long. In seconds, with wide margins: the machines are noisy, and milliseconds are the benchmark's business.

Each bound is that of the fault table with a margin, or follows from the length of the plan's outage; pure, like the checker.
"""

from collections.abc import Callable, Sequence

from tests.faults.cases import Profile
from tests.faults.history import History

INTAKE_SECONDS = 5.0
"""A hundred times what intake may take while the broker is away."""
LEAST_DRAIN_SECONDS = 30.0
STALL_SECONDS = 17.0
"""A little more than what a client may wait for a new primary, and less than the shortest time for which one is away."""
AGE_SECONDS = 45.0
"""Half as much again as an event may be old while one broker of three is away."""
KEPT_SECONDS = 15.0
"""Three times what it may take until poison is kept."""
ENDED_SECONDS = 28.0
"""What all stages of an end take together at the most; beyond it the kernel ends a process that hangs (shared/http/server.py)."""
LISTED_SECONDS = 90.0
"""Half as much again as it may take: a lease of a minute must have run out, if whoever had it was killed."""


def late(bounds: Sequence[str], history: History, profile: Profile) -> list[str]:
    """A sentence for each of `bounds` that was not kept."""
    return [sentence for name in bounds if (sentence := BOUNDS[name](history, profile))]


def figures(history: History) -> dict[str, float]:
    """What was measured, in seconds, whether or not it is bounded in this run."""
    asked = [told.waited for told in history.told]
    measured = {
        "stall_p99_s": p99(asked),
        "age_p99_s": p99(history.ages.of_all()),
        "listed_s": max(_listed(history), default=0.0),
    }
    return {name: round(seconds, 2) for name, seconds in measured.items()}


def p99(values: Sequence[float]) -> float:
    """Of a few values, nearly the largest; 0 of none."""
    ordered = sorted(values)
    return ordered[round(0.99 * (len(ordered) - 1))] if ordered else 0.0


def _intake(history: History, _profile: Profile) -> str:
    """Nobody who sends a request waits for the broker."""
    gone, back = history.harmed, history.mended
    waited = [told.waited for told in history.told if told.action == "submit" and gone <= told.at - told.waited <= back]
    if not waited:
        return "nothing was submitted while the broker was away"
    return _over("intake answered within", p99(waited), INTAKE_SECONDS)


def _drain(history: History, profile: Profile) -> str:
    """What was said while the broker was away is heard three times as fast as it was said; margin: as fast, where that is little."""
    drained = history.ages.heard_by(history.mended) - history.mended
    return _over("what waited for the broker was heard within", drained, max(profile.outage / 3, LEAST_DRAIN_SECONDS))


def _stall(history: History, _profile: Profile) -> str:
    """Nobody waits until a lost primary is back: another takes its place."""
    stalls = [told.waited for told in history.told]
    return _over("clients were answered within", p99(stalls), STALL_SECONDS)


def _age(history: History, _profile: Profile) -> str:
    return _over("events were heard within", p99(history.ages.of_all()), AGE_SECONDS)


def _kept(history: History, _profile: Profile) -> str:
    return _over("all poison was kept within", history.notes["kept_after"], KEPT_SECONDS)


def _ended(history: History, _profile: Profile) -> str:
    return _over("whoever was asked to end did so within", history.notes["ended_after"], ENDED_SECONDS)


def _doubts(history: History, _profile: Profile) -> str:
    return _over("every doubt was listed within", max(_listed(history), default=0.0), LISTED_SECONDS)


def _listed(history: History) -> list[float]:
    """For each doubt how long after the mail server had the mail it was listed, as far as both are known."""
    taken = {(one.channel, one.delivery): one.at - history.began for one in history.taken if not one.said}
    found: list[float] = []
    for request, ledger in history.ledgers.get("notify", {}).items():
        for event in ledger.events:
            if not event["type"].endswith(".notification_unknown"):
                continue
            at = taken.get(("email", event["data"]["delivery"]["id"]))
            listed = history.ages.said.get(("notify", request, event["sequence"]))
            if at is not None and listed is not None:
                found.append(max(0.0, listed - at))
    return found


def _over(what: str, seconds: float, limit: float) -> str:
    return f"{what} {seconds:.1f} s, more than {limit:.0f} s" if seconds > limit else ""


BOUNDS: dict[str, Callable[[History, Profile], str]] = {
    "intake": _intake,
    "drain": _drain,
    "stall": _stall,
    "age": _age,
    "kept": _kept,
    "ended": _ended,
    "listed": _doubts,
}
