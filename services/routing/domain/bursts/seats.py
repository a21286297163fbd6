"""The vacant seats of a batch: who may have each, what they are worth to it, and what each further place of a person loses. Pure.

Worths are the scores of one by one, tie-breaks included, in whole millionths of a millionth: the sums of a batch are exact.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from services.routing.domain import scoring
from services.routing.domain.assigning import Opened
from services.routing.domain.assignment import Scores
from services.routing.domain.bursts.optimum import Losses
from services.routing.domain.context import Context
from services.routing.domain.eligibility import Eligible, Question, eligible
from services.routing.domain.roster import Fit
from services.routing.domain.seating import burden
from shared.catalogue import SupporterRole


@dataclass(frozen=True, kw_only=True)
class VacantSeat:
    """One seat to be filled together with the others of its batch. `worths` are those of `fits`, at the load before the batch;
    `places` is how many requests each may hold at most, full or not."""

    subject: str
    wanted: SupporterRole
    question: Question
    found: Eligible
    fits: Mapping[str, Fit]
    scores: Scores
    worths: Mapping[str, int]
    places: Mapping[str, int]
    effort: float


def vacant_seats(opened: Opened, context: Context) -> list[VacantSeat]:
    """The seats of a request, in its order. Who coordinates it has that effort among their load already."""
    places = opened.places
    beside = frozenset(seat.person for seat in (*places.keep, *places.same_role))
    holding = opened.seats.holding | opened.seats.taken.keys()
    seats = replace(opened.seats, context=context, holding=holding, taken={}, attending=set(), lent=set())
    found = []
    for wanted in places.vacant:
        question = seats.question("supporter", wanted, seats.barred | beside)
        may = eligible(question, context, seats.pack)
        scores = Scores(question, context, seats.pack)
        found.append(
            VacantSeat(
                subject=question.identity,
                wanted=wanted,
                question=question,
                found=may,
                fits={fit.worker: fit for fit in may.fits},
                scores=scores,
                worths=_worths(may.fits, scores),
                places=_places(may.fits, question, context),
                effort=burden(seats.kind, "supporter"),
            )
        )
    return found


def losses(seats: Sequence[VacantSeat], context: Context) -> Losses:
    """Per person the free places, and how much less each is worth than the first: by load and fairness, at the seats' mean effort.

    Of somebody with more free places than there are seats those count that the batch could fill, and the next.
    """
    effort = sum(seat.effort for seat in seats) / len(seats)
    people: dict[str, int] = {}
    for seat in seats:
        for worker, places in seat.places.items():
            people[worker] = min(places, people.get(worker, places))
    weights, half = seats[0].scores.weights, seats[0].scores.half
    free = {person: min(places - context.load(person).count, len(seats) + 1) for person, places in people.items()}
    return {person: _losses(person, places, effort, weights, half, context) for person, places in free.items()}


def _losses(
    person: str, free: int, effort: float, weights: Mapping[str, float], half: float, context: Context
) -> tuple[int, ...]:
    load = context.load(person)
    worths = [
        scoring.worth(weights, "load", 1.0 / (1.0 + load.weight + place * effort))
        + scoring.worth(weights, "fairness", half / (half + load.recent + place * effort))
        for place in range(free)
    ]
    return tuple((worths[0] - worth) * scoring.MICRO for worth in worths)


def _worths(fits: Sequence[Fit], scores: Scores) -> dict[str, int]:
    totals = scores.totals(fits)
    return {fit.worker: scoring.exact(total, scores.tie_break(fit.worker)) for fit, total in zip(fits, totals, strict=True)}


def _places(fits: Sequence[Fit], question: Question, context: Context) -> dict[str, int]:
    home = question.request.business_unit
    return {fit.worker: context.places(fit.unit, fit.seats, home=home, lent=fit.lent) for fit in fits}
