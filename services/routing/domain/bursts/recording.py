"""The record of a seat that was filled together with a batch: every candidate's score after their price. Pure."""

from collections.abc import Iterable

from services.routing.domain import assignment
from services.routing.domain.bursts.seats import VacantSeat
from services.routing.domain.bursts.solving import Solved
from services.routing.domain.context import Context
from services.routing.domain.explanation import explain_shared
from services.routing.domain.scoring import MICRO
from shared.catalogue import Pack
from shared.schemas.routing import DecisionRecord


def recorded(number: int, seat: VacantSeat, beside: Iterable[str], found: Solved, context: Context, pack: Pack) -> DecisionRecord:
    """The choice of seat `number`: nobody is worth more to it, after prices, than whoever was chosen.

    Who has another seat of the same request (`beside`) is counted, not shown: nobody needs them more.
    """
    chosen, prices, question = found.holders[number], found.prices, seat.question
    seated = dict.fromkeys((one for one in beside if one in seat.worths and one != chosen), "declined_or_seated")
    barred = {**found.forbidden.get(number, {}), **seated}
    open_to = [person for person in seat.worths if person not in barred]
    full = {person for person in open_to if person not in prices}
    running = sorted(
        (person for person in open_to if person not in full),
        key=lambda person: (prices[person] - seat.worths[person], person != chosen, person),
    )
    candidates = tuple(
        seat.scores.candidate(place, seat.fits[person], seat.scores.tie_break(person), prices[person])
        for place, person in enumerate(running[: assignment.SHOWN], start=1)
    )
    excluded = seat.found.excluded.copy()
    excluded.update([*barred.values(), *("full" for _ in full), *("ranked_lower" for _ in running[assignment.SHOWN :])])
    said = explain_shared(question, pack, seat.found, candidates, _suits_best(seat, running, chosen), context)
    return assignment.recorded(
        question, seat.scores, context, candidates=candidates, excluded=excluded, chosen=(chosen,), explanation=said
    )


def _suits_best(seat: VacantSeat, running: list[str], chosen: str) -> str:
    """Whoever is worth most to the seat before prices: `chosen`, unless somebody is worth more by more than the tie-break."""
    return max(running, key=lambda person: (seat.worths[person] // MICRO, person == chosen, seat.worths[person]))
