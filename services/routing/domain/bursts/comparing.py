"""Two ways to assign a batch, measured alike: how many requests have people, total score, overload, spread; and which is kept. Pure."""

from collections.abc import Iterable, Sequence
from typing import Literal

from services.routing.domain import scoring
from services.routing.domain.context import Context
from shared.ledger.messages import Decision
from shared.schemas.choices import Candidate, DecisionRecord, Together, Way
from shared.schemas.routing import SupportersAssigned


def gini(values: Sequence[float]) -> float:
    """0 when all are alike, near 1 when one has everything."""
    ordered, total = sorted(values), sum(values)
    if not total:
        return 0.0
    return sum((2 * place - len(ordered) - 1) * value for place, value in enumerate(ordered, start=1)) / (len(ordered) * total)


def kept(together: Way, one_by_one: Way) -> Literal["together", "one_by_one"]:
    """Together only if nobody is over the cap and more requests have people, else the score is greater, else the work spread more."""

    def order(way: Way) -> tuple[int, float, float]:
        return way.assigned, way.score, -way.spread

    return "together" if not together.overload and order(together) > order(one_by_one) else "one_by_one"


def compared(requests: int, together: Way, one_by_one: Way) -> Together:
    """What the records say of the two ways."""
    best = kept(together, one_by_one)
    gain = together.score - one_by_one.score
    return Together(
        requests=requests,
        kept=best,
        gain=round(gain if best == "together" else -gain, 6),
        together=together,
        one_by_one=one_by_one,
    )


def measured(decisions: Sequence[Decision], people: Iterable[str], context: Context) -> Way:
    """What comes of `decisions`, one after the other from `context`; the spread is that of `people`."""
    assigned = overload = worth = 0
    for decision in decisions:
        for fact in decision.facts:
            if isinstance(fact, SupportersAssigned):
                assigned += 1
                worth += sum(_worth(record, context) for record in fact.decisions)
        overload += sum(context.load(one.holder).count >= one.capacity for one in decision.reservations)
        context = context.after(decision.reservations)
    spread = gini([context.load(person).weight for person in people])
    return Way(assigned=assigned, score=round(worth / scoring.MICRO, 6), overload=overload, spread=round(spread, 6))


def _worth(record: DecisionRecord, context: Context) -> int:
    """The score of whoever was chosen, in millionths, at the load they have by now; without the tie-break, which is no merit."""
    one = _chosen(record)
    load = context.load(one.person)
    assert record.fairness_half is not None, "records of today hold all they were worked out from"
    inputs = {**one.inputs, "load": load.weight, "recent": load.recent}
    return sum(scoring.parts(inputs, record.weights, record.fairness_half).values())


def _chosen(record: DecisionRecord) -> Candidate:
    return next(one for one in record.candidates if one.person in record.chosen)
