"""Works a choice out again from its record alone: parts, sums, ranks, who was chosen, and which way a batch was assigned. Pure."""

from services.routing.domain import scoring
from services.routing.domain.bursts.comparing import compared
from shared.schemas.routing import Candidate, DecisionRecord
from shared.schemas.seasons import SeasonFigures


def reproduced(identity: str, record: DecisionRecord) -> DecisionRecord | None:
    """`record` of request `identity` with every score, rank and choice by policy worked out anew: equal, unless somebody changed it.

    What the coordinator chose stays as it is. None for a record of an earlier release, which held no inputs.
    """
    if record.fairness_half is None:
        return None
    priced = record.together is not None and record.together.kept == "together"
    scored = [_scored(identity, record, candidate, record.fairness_half, priced=priced) for candidate in record.candidates]
    # Of those to whom the prices leave the same, the batch has agreed on one; without prices there are no two alike.
    scored.sort(key=lambda one: (-one.total, priced and one.person not in record.chosen, one.person))
    candidates = tuple(one.model_copy(update={"rank": place}) for place, one in enumerate(scored, start=1))
    by_policy = bool(record.chosen) and record.chosen_by == "policy"
    chosen = (candidates[0].person,) if by_policy and candidates else record.chosen
    together = record.together
    if together is not None:
        together = compared(together.requests, together.together, together.one_by_one)
    return record.model_copy(update={"candidates": candidates, "chosen": chosen, "together": together})


def _cap(candidate: Candidate) -> dict[str, float]:
    """The places that a candidate of a unit in season has, by the figures that the record holds."""
    given = candidate.inputs
    if "seats" not in given or "cap_factor" not in given:
        return {}
    figures = SeasonFigures(cap_factor=given["cap_factor"], cap_more=int(given.get("cap_more", 0)))
    return {"cap": float(figures.cap(int(given["seats"])))}


def same(record: DecisionRecord, again: DecisionRecord) -> bool:
    """Byte for byte."""
    return record.model_dump_json() == again.model_dump_json()


def _scored(identity: str, record: DecisionRecord, candidate: Candidate, half: float, *, priced: bool) -> Candidate:
    tie_break = scoring.tie_break(candidate.person, scoring.salt(identity, record.role))
    worths = scoring.parts(candidate.inputs, record.weights, half)
    found = scoring.scored(worths, tie_break, candidate.inputs.get("price", 0.0) if priced else None)
    inputs = {**candidate.inputs, **_cap(candidate)}
    load = candidate.inputs.get("load", 0.0)
    return candidate.model_copy(update={"inputs": inputs, "parts": found.parts, "total": found.total, "open_load": load})
