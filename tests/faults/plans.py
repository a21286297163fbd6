"""Which runs a profile has."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

from tests.faults.cases import Case, Profile
from tests.faults.catalogue import catalogue
from tests.on_kafka import UNTRIED, hindrance

FIXED = ("kill_outside_0", "smtp_drop", "smtp_dot_kill:phase")


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One run to be made."""

    case: Case
    seed: int


def planned(faults: Sequence[str], seed: int) -> list[Planned]:
    """Runs by name. Raises SystemExit for a name nobody knows."""
    known = catalogue()
    if unknown := [fault for fault in faults if fault not in known]:
        raise SystemExit(f"There is no fault {unknown[0]!r}; `python -m tests.faults --profile long --list` names them.")
    return [Planned(case=known[fault], seed=seed) for fault in faults]


def plan(profile: Profile, seed: int, runs: int) -> list[Planned]:
    """Short: every kind once. Long: every kind again and again with new seeds, until there are `runs` and as many of each as it wants."""
    cases = _possible([case for case in catalogue().values() if _belongs(case, profile)])
    if profile.name != "long":
        return [Planned(case=case, seed=seed) for case in cases]
    made: list[Planned] = []
    for turn in count():
        wanted = [case for case in cases if len(made) < runs or turn < case.least]
        if not wanted:
            return made
        made += [Planned(case=case, seed=seed + turn) for case in wanted]
    raise AssertionError("a plan ends when it is long enough")


def _belongs(case: Case, profile: Profile) -> bool:
    match profile.name:
        case "fixed":
            return case.name in FIXED
        case "short":
            return not case.seldom
        case _:
            return True


def _possible(cases: Sequence[Case]) -> list[Case]:
    """Without Kafka its runs are left out, loudly."""
    if any(case.shape.broker == "kafka" for case in cases) and (why := hindrance()):
        print(f"!!! {UNTRIED}: {why}", flush=True)
        return [case for case in cases if case.shape.broker != "kafka"]
    return list(cases)
