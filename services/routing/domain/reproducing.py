"""Works a choice out again from its record alone: parts, sums, ranks, and who was chosen. Pure."""

from services.routing.domain import scoring
from services.routing.domain.scoring import MICRO
from shared.schemas.routing import Candidate, DecisionRecord
from shared.schemas.seasons import SeasonFigures


def reproduced(identity: str, record: DecisionRecord) -> DecisionRecord | None:
    """`record` of request `identity` with every score, rank and choice by policy worked out anew: equal, unless somebody changed it.

    What the coordinator chose stays as it is. None for a record of an earlier release, which held no inputs.
    """
    if record.fairness_half is None:
        return None
    scored = [_scored(identity, record, candidate, record.fairness_half) for candidate in record.candidates]
    scored.sort(key=lambda one: (-one.total, one.person))
    candidates = tuple(one.model_copy(update={"rank": place}) for place, one in enumerate(scored, start=1))
    by_policy = bool(record.chosen) and record.chosen_by == "policy"
    return record.model_copy(
        update={"candidates": candidates, "chosen": (candidates[0].person,) if by_policy and candidates else record.chosen}
    )


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


def _scored(identity: str, record: DecisionRecord, candidate: Candidate, half: float) -> Candidate:
    worths = scoring.parts(candidate.inputs, record.weights, half)
    tie_break = scoring.tie_break(candidate.person, scoring.salt(identity, record.role))
    return candidate.model_copy(
        update={
            "inputs": {**candidate.inputs, **_cap(candidate)},
            "parts": {**{name: worth / MICRO for name, worth in worths.items()}, "tie_break": tie_break},
            "total": scoring.total(worths, tie_break),
            "open_load": candidate.inputs.get("load", 0.0),
        }
    )
