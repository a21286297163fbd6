"""Chooses one person for one seat: hard filters first, then a score, then a tie-break that any process computes alike.

Pure: the same question, directory and loads give the same record, byte for byte.
"""

import heapq
from collections.abc import Callable, Mapping, Sequence

from services.routing.domain import scoring
from services.routing.domain.context import NO_LOAD, Context
from services.routing.domain.eligibility import Eligible, Question, eligible
from services.routing.domain.explanation import explain
from services.routing.domain.policy import AssignmentRules
from services.routing.domain.roster import Fit
from services.routing.domain.scoring import TIE_BREAK
from shared.catalogue import Pack
from shared.schemas.model import Text
from shared.schemas.routing import Candidate, DecisionRecord
from shared.schemas.seasons import Season, SeasonUsed

__all__ = ["OFFERED", "SHOWN", "TIE_BREAK", "alone", "foremost", "rank", "weights_of"]
SHOWN = 10
"""Candidates in the record of a choice by policy: it is kept in the request and said in an event."""
OFFERED = 20
"""Candidates that a coordinator may choose from."""


def rank(question: Question, context: Context, pack: Pack, *, shown: int = SHOWN) -> DecisionRecord:
    """The record of the choice: the best `shown` with every number, the others counted by reason.

    `chosen` is empty when nobody fits. `considered` is everybody in the directory: the candidates, and those in `excluded`.
    """
    found = eligible(question, context, pack)
    scores = Scores(question, context, pack)
    candidates = tuple(
        scores.candidate(place, fit, tie_break)
        for place, (fit, tie_break) in enumerate(_best(found.fits, scores, shown), start=1)
    )
    excluded = found.excluded
    if len(found.fits) > len(candidates):
        excluded["ranked_lower"] += len(found.fits) - len(candidates)
    said = explain(question, pack, found, candidates, context)
    chosen = (candidates[0].person,) if candidates else ()
    return recorded(question, scores, context, candidates=candidates, excluded=excluded, chosen=chosen, explanation=said)


def alone(question: Question, fit: Fit, context: Context, pack: Pack) -> DecisionRecord:
    """The record of whoever has the seat without a ranking: nobody else was looked at, so nobody else is counted."""
    scores = Scores(question, context, pack)
    one = scores.candidate(1, fit, scores.tie_break(fit.worker))
    nothing = Text(zh="", en="")
    record = recorded(question, scores, context, candidates=(one,), excluded={}, chosen=(fit.worker,), explanation=nothing)
    return record.model_copy(update={"considered": 1})


def foremost(question: Question, context: Context, pack: Pack, count: int) -> tuple[Sequence[Fit], Eligible]:
    """The best `count` for the seat, best first, and everybody who may have it: as `rank`, where nobody asks for a record."""
    found = eligible(question, context, pack)
    return [fit for fit, _ in _best(found.fits, Scores(question, context, pack), count)], found


def recorded(
    question: Question,
    scores: "Scores",
    context: Context,
    *,
    candidates: tuple[Candidate, ...],
    excluded: Mapping[str, int],
    chosen: tuple[str, ...],
    explanation: Text,
) -> DecisionRecord:
    """A choice with everything that it was made from."""
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
        chosen=chosen,
        explanation=explanation,
        skills=dict(question.least_levels),
        weights=scores.weights,
        fairness_half=scores.half,
        season=season_used(context.season(question.request.business_unit)),
    )


def weights_of(pack: Pack, rules: AssignmentRules) -> dict[str, float]:
    """The weights of a choice: the pinned pack's, and beside them those of routing's own rules."""
    return {"language": rules.language, "fairness": rules.fairness, "absence": rules.absence, **pack.weights}


def season_used(season: Season | None) -> SeasonUsed | None:
    """What the record holds of the season."""
    return SeasonUsed(id=season.id, name=season.name, figures=season.figures) if season else None


class _Table(dict[float, int]):
    """What a part is worth by what it follows from, each worked out once."""

    def __init__(self, worth: Callable[[float], int]) -> None:
        super().__init__()
        self._worth = worth

    def __missing__(self, value: float) -> int:
        found = self[value] = self._worth(value)
        return found


class Scores:
    """What each part of somebody's score is worth for one question, in millionths; higher is better."""

    def __init__(self, question: Question, context: Context, pack: Pack) -> None:
        opportunity = question.request.opportunity
        rules = context.policy.assignment
        self.weights: Mapping[str, float] = weights_of(pack, rules)
        self.half = rules.fairness_half
        self._taken = question.taken
        self._loads = context.loads
        self._context = context
        weights, half = self.weights, self.half  # not by way of self, which would hold the context until the collector comes
        self._of_load = _Table(lambda load: scoring.worth(weights, "load", 1.0 / (1.0 + load)))
        self._of_recent = _Table(lambda recent: scoring.worth(weights, "fairness", half / (half + recent)))
        self._of_level = [scoring.worth(self.weights, "level", level / 3.0) for level in range(4)]
        self._worth = {name: scoring.worth(self.weights, name) for name in scoring.YES_OR_NO}
        self._familiar = context.familiar.get(opportunity.id, frozenset()) if opportunity else frozenset()
        self._industry = opportunity.customer.industry if opportunity else None
        self._language = question.request.locale
        self._needed_by = question.request.needed_by
        self._salt = scoring.salt(question.identity, question.role)

    def totals(self, fits: Sequence[Fit]) -> list[int]:
        """The sums of the parts of each, without the tie-break. One loop over locals: a large unit has hundreds of them."""
        loads, taken, of_level = self._loads, self._taken, self._of_level
        of_load, of_recent = self._of_load, self._of_recent
        familiar, industry, language = self._familiar, self._industry, self._language
        knows, trade, home, speaks = (self._worth[name] for name in scoring.YES_OR_NO)
        found: list[int] = []
        for fit in fits:
            worker = fit.worker
            known = loads.get(worker, NO_LOAD)
            load, recent = known.weight, known.recent
            if worker in taken:
                load += taken[worker]
            total = of_load[load] + of_recent[recent] + of_level[fit.level] + fit.at_home * home
            if worker in familiar:
                total += knows
            if industry in fit.industries:
                total += trade
            if fit.leaves:
                total -= self._cost_of_absence(worker)
            found.append(total + speaks if language in fit.languages else total)
        return found

    def tie_break(self, person: str) -> float:
        """See `scoring.tie_break`."""
        return scoring.tie_break(person, self._salt)

    def candidate(self, place: int, fit: Fit, tie_break: float, price: int | None = None) -> Candidate:
        """The record's line of `fit`, with what its parts were worked out from; `price` in millionths of a millionth."""
        inputs = self._inputs(fit)
        cost = scoring.price_of(price) if price is not None else None
        if price and cost is not None:
            inputs["price"] = cost
        found = scoring.scored(self._worths(inputs), tie_break, cost)
        return Candidate(
            person=fit.worker,
            rank=place,
            total=found.total,
            parts=found.parts,
            open_load=inputs.get("load", 0.0),
            stands_in_for=fit.stands_in_for,
            inputs=inputs,
        )

    def _worths(self, inputs: scoring.Inputs) -> dict[str, int]:
        """As `scoring.parts`, looked up in what was worked out for the sums."""
        return {
            "load": self._of_load[inputs.get("load", 0.0)],
            "level": self._of_level[int(inputs.get("level", 0.0))],
            **{name: worth if name in inputs else 0 for name, worth in self._worth.items()},
            "fairness": self._of_recent[inputs.get("recent", 0.0)],
            **({"absence": -scoring.worth(self.weights, "absence", inputs["absence"])} if "absence" in inputs else {}),
        }

    def _inputs(self, fit: Fit) -> dict[str, float]:
        known = self._loads.get(fit.worker, NO_LOAD)
        inputs: dict[str, float] = {
            "load": known.weight + self._taken.get(fit.worker, 0.0),
            "open": known.count,
            "recent": known.recent,
            "level": fit.level,
            "continuity": fit.worker in self._familiar,
            "industry": self._industry in fit.industries,
            "own_unit": fit.at_home,
            "language": self._language in fit.languages,
            "borrowed": fit.lent,
            "absence": self._context.absence(fit.worker, self._needed_by) if fit.leaves else 0.0,
        }
        if self._context.in_season:
            inputs |= self._cap(fit)
        return {name: float(value) for name, value in inputs.items() if value}

    def _cost_of_absence(self, worker: str) -> int:
        return scoring.worth(self.weights, "absence", self._context.absence(worker, self._needed_by))

    def _cap(self, fit: Fit) -> dict[str, float]:
        """How many places a person has in season, and what that follows from."""
        season = self._context.season(fit.unit)
        if season is None:
            return {}
        figures = season.figures
        given = {"seats": fit.seats, "cap_factor": figures.cap_factor, "cap_more": figures.cap_more}
        return {**given, "cap": figures.cap(fit.seats)}


def _best(fits: Sequence[Fit], scores: Scores, count: int) -> list[tuple[Fit, float]]:
    """The best `count` of `fits`, best first, with their tie-breaks: made only for those whom the sums leave in the running."""
    totals = scores.totals(fits)
    least = heapq.nlargest(count, totals)[-1] if len(totals) > count else min(totals, default=0)
    running = [(total, scores.tie_break(fit.worker), fit) for total, fit in zip(totals, fits, strict=True) if total >= least]
    running.sort(key=lambda one: (-one[0], -one[1], one[2].worker))
    return [(fit, tie_break) for _, tie_break, fit in running[:count]]
