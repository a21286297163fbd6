"""Chooses one person for one seat: hard filters first, then a score, then a tie-break that any process computes alike.

Pure: the same question, directory and loads give the same record, byte for byte.
"""

import hashlib
from dataclasses import dataclass

from services.routing.domain.context import Context
from services.routing.domain.eligibility import Fit, Question, eligible
from services.routing.domain.explanation import explain
from shared.catalogue import Pack
from shared.schemas.routing import Candidate, DecisionRecord

SHOWN = 20
TIE_BREAK = 1e-6
"""Smaller than any difference a weight of the pack can make, so it decides only between equals."""


@dataclass(frozen=True, kw_only=True)
class _Scored:
    fit: Fit
    parts: dict[str, float]
    total: float
    open_load: float


def rank(question: Question, context: Context, pack: Pack) -> DecisionRecord:
    """The record of the choice: the best 20 with every number, the others counted by reason; `chosen` is empty when nobody fits.

    `considered` is everybody in the directory: the candidates, and those in `excluded`.
    """
    found = eligible(question, context, pack)
    scored = [_score(question, context, pack, fit) for fit in found.fits]
    scored.sort(key=lambda one: (-one.total, one.fit.worker.id))
    candidates = tuple(_candidate(place, one) for place, one in enumerate(scored[:SHOWN], start=1))
    excluded = found.excluded
    if len(scored) > SHOWN:
        excluded["ranked_lower"] += len(scored) - SHOWN
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


def _score(question: Question, context: Context, pack: Pack, fit: Fit) -> _Scored:
    """Each part in 0…1 times the pack's weight; higher is better. The total is the sum of the recorded parts."""
    request, worker = question.request, fit.worker
    opportunity = request.opportunity
    load = context.load(worker.id).weight + question.taken.get(worker.id, 0.0)
    level = min((worker.skills.get(skill, 0) for skill in question.skills), default=0)
    familiar = opportunity is not None and worker.id in context.familiar.get(opportunity.id, frozenset())
    industry = opportunity is not None and opportunity.customer.industry in worker.industries
    raw = {
        "load": 1.0 / (1.0 + load),
        "level": level / 3.0,
        "continuity": float(familiar),
        "industry": float(industry),
        "own_unit": float(worker.business_unit == request.business_unit),
    }
    parts = {name: round(pack.weights.get(name, 0.0) * value, 6) for name, value in raw.items()}
    parts["tie_break"] = _tie_break(question, worker.id)
    return _Scored(fit=fit, parts=parts, total=round(sum(parts.values()), 12), open_load=load)


def _tie_break(question: Question, person: str) -> float:
    """A number below TIE_BREAK that follows from request, role and person alone, and favours nobody over many requests."""
    digest = hashlib.sha256(f"{question.identity}|{question.role}|{person}".encode()).hexdigest()
    return round(int(digest[:8], 16) / 0x1_0000_0000 * TIE_BREAK, 12)


def _candidate(place: int, scored: _Scored) -> Candidate:
    return Candidate(
        person=scored.fit.worker.id,
        rank=place,
        total=scored.total,
        parts=scored.parts,
        open_load=scored.open_load,
        stands_in_for=scored.fit.stands_in_for,
    )
