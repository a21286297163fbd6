"""Chooses one person for one seat: hard filters first, then a score, then a tie-break that any process computes alike.

Pure: the same question, directory and loads give the same record, byte for byte.
"""

import hashlib
import heapq
from collections.abc import Sequence
from functools import lru_cache

from services.routing.domain.context import NO_LOAD, Context
from services.routing.domain.eligibility import Question, eligible
from services.routing.domain.explanation import explain
from services.routing.domain.roster import Fit
from shared.catalogue import Pack
from shared.schemas.routing import Candidate, DecisionRecord

SHOWN = 10
"""Candidates in the record of a choice by policy: it is kept in the request and said in an event."""
OFFERED = 20
"""Candidates that a coordinator may choose from."""
MICRO = 1_000_000
"""Parts of a score are whole millionths, so that adding them up in any order gives the same sum."""
TIE_BREAK = 1 / MICRO
"""Smaller than any difference a weight of the pack can make, so it decides only between equals."""
PRIME = 0x9E3779B97F4A7C15
WORD = (1 << 64) - 1


def rank(question: Question, context: Context, pack: Pack, *, shown: int = SHOWN) -> DecisionRecord:
    """The record of the choice: the best `shown` with every number, the others counted by reason.

    `chosen` is empty when nobody fits. `considered` is everybody in the directory: the candidates, and those in `excluded`.
    """
    found = eligible(question, context, pack)
    scores = _Scores(question, context, pack)
    candidates = tuple(
        _candidate(place, fit, scores, tie_break)
        for place, (fit, tie_break) in enumerate(_best(found.fits, scores, shown), start=1)
    )
    excluded = found.excluded
    if len(found.fits) > len(candidates):
        excluded["ranked_lower"] += len(found.fits) - len(candidates)
    return DecisionRecord(
        step=question.step,
        role=question.role,
        skill=question.skills[0] if question.skills else None,
        at=context.now,
        directory=context.directory.version,
        policy=question.policy,
        considered=len(context.directory.people),
        candidates=candidates,
        excluded=dict(sorted(excluded.items())),
        chosen=(candidates[0].person,) if candidates else (),
        explanation=explain(question, pack, found, candidates, context),
    )


class _Scores:
    """What each part of somebody's score is worth for one question, in millionths; higher is better."""

    def __init__(self, question: Question, context: Context, pack: Pack) -> None:
        opportunity = question.request.opportunity
        self._taken = question.taken
        self._loads = context.loads
        self._weights = pack.weights
        self._of_load: dict[float, int] = {}
        self._of_level = [self._worth("level", level / 3.0) for level in range(4)]
        self._continuity, self._industry, self._own_unit = (self._worth(name) for name in ("continuity", "industry", "own_unit"))
        self._familiar = context.familiar.get(opportunity.id, frozenset()) if opportunity else frozenset()
        self._wanted_industry = opportunity.customer.industry if opportunity else None
        self._salt = _digest(f"{question.identity}|{question.role}")

    def open_load(self, person: str) -> float:
        """The effort of the person's open work, with what this decision puts on them."""
        return self._loads.get(person, NO_LOAD).weight + self._taken.get(person, 0.0)

    def totals(self, fits: Sequence[Fit]) -> list[int]:
        """The sums of the parts of each, without the tie-break. One loop over locals: a large unit has hundreds of them."""
        loads, taken, of_load, of_level = self._loads, self._taken, self._of_load, self._of_level
        familiar, industry = self._familiar, self._wanted_industry
        found: list[int] = []
        for fit in fits:
            worker = fit.worker
            load = loads[worker].weight if worker in loads else 0.0
            if worker in taken:
                load += taken[worker]
            if load not in of_load:
                of_load[load] = self._worth("load", 1.0 / (1.0 + load))
            total = of_load[load] + of_level[fit.level] + fit.at_home * self._own_unit
            if worker in familiar:
                total += self._continuity
            found.append(total + self._industry if industry in fit.industries else total)
        return found

    def parts(self, fit: Fit) -> dict[str, int]:
        """The parts by name."""
        return {
            "load": self._worth("load", 1.0 / (1.0 + self.open_load(fit.worker))),
            "level": self._of_level[fit.level],
            "continuity": self._continuity * (fit.worker in self._familiar),
            "industry": self._industry * (self._wanted_industry in fit.industries),
            "own_unit": self._own_unit * fit.at_home,
        }

    def tie_break(self, person: str) -> float:
        """A number below TIE_BREAK that follows from request, role and person alone, and favours nobody over many requests."""
        mixed = ((_digest(person) ^ self._salt) * PRIME) & WORD
        mixed = ((mixed ^ (mixed >> 32)) * PRIME) & WORD
        return round((mixed >> 32) / 0x1_0000_0000 * TIE_BREAK, 12)

    def _worth(self, name: str, value: float = 1.0) -> int:
        return round(self._weights.get(name, 0.0) * value * MICRO)


def _best(fits: Sequence[Fit], scores: _Scores, count: int) -> list[tuple[Fit, float]]:
    """The best `count` of `fits`, best first, with their tie-breaks: made only for those whom the sums leave in the running."""
    totals = scores.totals(fits)
    least = heapq.nlargest(count, totals)[-1] if len(totals) > count else min(totals, default=0)
    running = [(total, scores.tie_break(fit.worker), fit) for total, fit in zip(totals, fits, strict=True) if total >= least]
    running.sort(key=lambda one: (-one[0], -one[1], one[2].worker))
    return [(fit, tie_break) for _, tie_break, fit in running[:count]]


@lru_cache(maxsize=16_384)
def _digest(text: str) -> int:
    """64 bits that any process computes alike."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8])


def _candidate(place: int, fit: Fit, scores: _Scores, tie_break: float) -> Candidate:
    parts = scores.parts(fit)
    return Candidate(
        person=fit.worker,
        rank=place,
        total=round(sum(parts.values()) / MICRO + tie_break, 12),
        parts={**{name: worth / MICRO for name, worth in parts.items()}, "tie_break": tie_break},
        open_load=scores.open_load(fit.worker),
        stands_in_for=fit.stands_in_for,
    )
