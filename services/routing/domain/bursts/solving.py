"""Solves a batch: the assignment problem, until nobody has two seats of one request or two appointments at once. Pure.

Invariant: a request has all its seats or none, and the prices prove the choice for the pairs that were not forbidden on the way.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from services.routing.domain.appointments import taken
from services.routing.domain.bursts.optimum import Losses, firm, optimum
from services.routing.domain.bursts.seats import VacantSeat

ROUNDS = 6
"""So often what does not go together is forbidden and the batch solved again; then the requests concerned are left out."""
Forbidden = Mapping[int, Mapping[str, str]]
"""Per seat (by number) who may not have it beside the rest of the batch, and the filter that says so."""


@dataclass(frozen=True, kw_only=True)
class Solved:
    """Who has which seat, by its number; requests that are lacking here found not everybody. Who has no place left has no price."""

    holders: Mapping[int, str]
    prices: Mapping[str, int]
    forbidden: Forbidden


def solved(seats: Sequence[VacantSeat], losses: Losses, travel: timedelta) -> Solved:
    """The best choice for `seats`; of two that exclude each other for one person, that which they are worth more to may have them."""
    forbidden: dict[int, dict[str, str]] = defaultdict(dict)
    active, rounds = list(range(len(seats))), 0
    while True:
        rows = [_without(seats[seat].worths, forbidden[seat]) for seat in active]
        found = optimum(rows, losses)
        holders = {active[row]: person for row, person in found.holders.items()}
        wrong = _clashing(seats, holders, travel)
        lacking = {seats[seat].subject for seat in active if seat not in holders}
        left_out = {seats[seat].subject for seat in holders} & lacking
        if rounds >= ROUNDS:  # of those that remain everybody had people, and will have: a round or two more, and it is done
            left_out, wrong = lacking | {seats[seat].subject for seat in wrong}, {}
        if not wrong and not left_out:
            prices = {person: price for person, price in firm(rows, losses, found).prices.items() if losses[person]}
            return Solved(holders=holders, prices=prices, forbidden=forbidden)
        for seat, reason in wrong.items():
            forbidden[seat][holders[seat]] = reason
        active = [seat for seat in active if seats[seat].subject not in left_out]
        rounds += 1


def _without(worths: Mapping[str, int], barred: Mapping[str, str]) -> Mapping[str, int]:
    return {person: worth for person, worth in worths.items() if person not in barred} if barred else worths


def _clashing(seats: Sequence[VacantSeat], holders: Mapping[int, str], travel: timedelta) -> dict[int, str]:
    """The seats that their holders cannot have beside one that they are worth more to, each with the filter that says so."""
    kept: dict[str, list[VacantSeat]] = defaultdict(list)
    wrong: dict[int, str] = {}
    for number, person in sorted(holders.items(), key=lambda held: (-seats[held[0]].worths[held[1]], held[0])):
        seat = seats[number]
        booked = [one for other in kept[person] for one in other.question.appointments]
        if any(other.subject == seat.subject for other in kept[person]):
            wrong[number] = "declined_or_seated"
        elif taken(seat.question.appointments, booked, travel):
            wrong[number] = "booked"
        else:
            kept[person].append(seat)
    return wrong
