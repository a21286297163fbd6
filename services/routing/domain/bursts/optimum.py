"""The assignment problem: who does what so that the sum of the worths is greatest, with prices that prove it. Pure.

Shortest augmenting paths with potentials (Kuhn 1955; Jonker and Volgenant 1987), over people who may take several seats, each
further one at a growing loss: the rows are seats, the columns people, and a pair that is not named is forbidden. All numbers are
integers, so that nothing depends on rounding.

Invariant: no other choice of the same seats is worth more. The prices show it without the search (`shortcomings`): at them everybody
seated is worth most to their own seat, and a person's price lies between the loss of their last place and that of their next.
"""

import heapq
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

TURNS = 8
"""So often, on the average, a person's seats are looked at before prices are left as they are."""
Worths = Sequence[Mapping[str, int]]
"""Per seat, what each person who may have it is worth to it."""
Losses = Mapping[str, Sequence[int]]
"""Per person and free place, what is lost by filling it; the first place loses nothing and none loses less than the one before."""


@dataclass(kw_only=True)
class Optimum:
    """Who has which seat (by the seat's number), and everybody's price. A seat that is lacking here found nobody."""

    holders: dict[int, str] = field(default_factory=dict)
    prices: dict[str, int] = field(default_factory=dict)


def optimum(worths: Worths, losses: Losses) -> Optimum:
    """The best choice for as many seats as can be filled; where not all can, earlier seats go first.

    Seats that once found somebody keep somebody, so a seat goes without only when those before it need everybody it could have.
    """
    search = _Search(worths, losses)
    for seat in range(len(worths)):
        search.add(seat)
    return Optimum(holders=search.holders, prices=search.prices)


def firm(worths: Worths, losses: Losses, found: Optimum) -> Optimum:
    """The same choice at prices that leave every seat nobody just as good as whoever has it, so that they show it without its names.

    Prices rise by single units where somebody else would do as well. Where another choice is worth the same, there are no such
    prices, and `found` is returned as it is.
    """
    prices, many = dict(found.prices), dict.fromkeys(losses, 0)
    seats: dict[str, list[int]] = {person: [] for person in losses}
    for seat, holder in found.holders.items():
        many[holder] += 1
        seats[holder].append(seat)
    most = {person: places[many[person]] for person, places in losses.items() if many[person] < len(places)}
    rising = deque(person for person in losses if seats[person])
    for _ in range(len(losses) * TURNS):
        if not rising:
            return Optimum(holders=found.holders, prices=prices)
        holder = rising.popleft()
        for seat in seats[holder]:
            row = worths[seat]
            net = row[holder] - prices[holder]
            for person, worth in row.items():
                if person != holder and losses[person] and prices[person] <= worth - net:
                    prices[person] = worth - net + 1
                    if prices[person] > most.get(person, prices[person]):
                        return found
                    rising.append(person)
    return found


def shortcomings(worths: Worths, losses: Losses, found: Optimum) -> list[str]:
    """What the prices fail to prove of a choice; nothing when no other choice of the same seats is worth more.

    Independent of how the choice was found: linear programming's complementary slackness, read off the numbers.
    """
    many: dict[str, int] = dict.fromkeys(losses, 0)
    wrong: list[str] = []
    for seat, holder in found.holders.items():
        many[holder] += 1
        net = worths[seat][holder] - found.prices[holder]
        better = [other for other, worth in worths[seat].items() if losses[other] and worth - found.prices[other] > net]
        wrong += [f"seat {seat} would rather have {other} than {holder}" for other in better]
    for person, places in losses.items():
        price, held = found.prices[person], many[person]
        if held > len(places):
            wrong.append(f"{person} has more seats than places")
        elif held and price < places[held - 1]:
            wrong.append(f"the last place of {person} costs more than its price")
        if held < len(places) and price > places[held]:
            wrong.append(f"the next place of {person} costs less than its price")
    return wrong


class _Search:
    """The choice for the seats added so far, always an optimal one, with its prices."""

    def __init__(self, worths: Worths, losses: Losses) -> None:
        self._losses = losses
        self._worths = [{person: worth for person, worth in row.items() if losses[person]} for row in worths]
        self._held: dict[str, set[int]] = {person: set() for person in losses}
        self.holders: dict[int, str] = {}
        self.prices: dict[str, int] = dict.fromkeys(losses, 0)

    def add(self, seat: int) -> None:
        """Give `seat` somebody by the cheapest chain of exchanges that ends at somebody with a free place, if there is one."""
        row, prices = self._worths[seat], self.prices
        best = max((worth - prices[person] for person, worth in row.items()), default=0)
        reached = {person: best - worth + prices[person] for person, worth in row.items()}
        wanting = dict.fromkeys(row, seat)
        nearest = [(cost, person) for person, cost in reached.items()]
        heapq.heapify(nearest)
        done: dict[str, int] = {}
        end: tuple[int, str] | None = None
        while nearest and (end is None or nearest[0][0] < end[0]):
            cost, person = heapq.heappop(nearest)
            if person in done:
                continue
            done[person] = cost
            if len(self._held[person]) < len(self._losses[person]):
                here = cost + self._losses[person][len(self._held[person])] - prices[person]
                end = min(end or (here, person), (here, person))
            for other in self._held[person]:
                self._reach(other, person, cost, reached, wanting, nearest, done)
        if end is not None:
            self._exchange(seat, end, done, wanting)

    def _reach(
        self,
        seat: int,
        holder: str,
        cost: int,
        reached: dict[str, int],
        wanting: dict[str, int],
        nearest: list[tuple[int, str]],
        done: Mapping[str, int],
    ) -> None:
        """Whom `seat` could have instead, if its `holder` went to somebody else."""
        row, prices = self._worths[seat], self.prices
        net = cost + row[holder] - prices[holder]
        for person, worth in row.items():
            if person not in done and (there := net - worth + prices[person]) < reached.get(person, there + 1):
                reached[person], wanting[person] = there, seat
                heapq.heappush(nearest, (there, person))

    def _exchange(self, seat: int, end: tuple[int, str], done: Mapping[str, int], wanting: Mapping[str, int]) -> None:
        """Raise the prices of whoever lies nearer than the end, then hand the seats on along the chain."""
        total, person = end
        for near, cost in done.items():
            self.prices[near] += max(0, total - cost)
        while True:
            taking = wanting[person]
            before = self.holders.get(taking)
            self.holders[taking] = person
            self._held[person].add(taking)
            if taking == seat:
                return
            assert before is not None, "only seats that are held are handed on"
            self._held[before].remove(taking)
            person = before
