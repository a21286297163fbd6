"""The assignment problem: never worse than any other choice, proven twice: against all choices, and by the prices."""

import random
from collections import Counter
from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from services.routing.domain.bursts.optimum import Optimum, firm, optimum, shortcomings

PEOPLE = "abcd"
rows = st.dictionaries(st.sampled_from(PEOPLE), st.integers(-20, 20), max_size=4)
places = st.lists(st.integers(0, 9), max_size=2).map(lambda steps: [0, *sorted(steps)])
problems = st.tuples(
    st.lists(rows, max_size=4), st.fixed_dictionaries({person: st.one_of(st.just([]), places) for person in PEOPLE})
)


def worth(worths: list[dict[str, int]], losses: dict[str, list[int]], holders: dict[int, str]) -> int:
    many = Counter(holders.values())
    gained = sum(worths[seat][person] for seat, person in holders.items())
    return gained - sum(sum(losses[person][:count]) for person, count in many.items())


def all_choices(worths: list[dict[str, int]], losses: dict[str, list[int]]) -> list[dict[int, str]]:
    found = []
    for choice in product(*([None, *row] for row in worths)):
        holders = {seat: person for seat, person in enumerate(choice) if person is not None}
        if all(count <= len(losses[person]) for person, count in Counter(holders.values()).items()):
            found.append(holders)
    return found


@given(problems)
def test_no_choice_fills_more_seats_or_earlier_ones_or_is_worth_more(problem: tuple[list[dict[str, int]], dict[str, list[int]]]):
    worths, losses = problem
    found = optimum(worths, losses)
    choices = all_choices(worths, losses)
    assert found.holders in choices
    assert len(found.holders) == max(len(choice) for choice in choices)
    fullest = [sorted(choice) for choice in choices if len(choice) == len(found.holders)]
    assert sorted(found.holders) == min(fullest), "earlier seats go first"
    rivals = [choice for choice in choices if choice.keys() == found.holders.keys()]
    assert worth(worths, losses, found.holders) == max(worth(worths, losses, choice) for choice in rivals)


@given(problems)
def test_the_prices_prove_the_choice_and_are_never_negative(problem: tuple[list[dict[str, int]], dict[str, list[int]]]):
    worths, losses = problem
    found = optimum(worths, losses)
    assert shortcomings(worths, losses, found) == []
    assert min(found.prices.values(), default=0) >= 0


@given(problems)
def test_firm_prices_prove_the_choice_too_and_show_it_wherever_it_is_the_only_one(
    problem: tuple[list[dict[str, int]], dict[str, list[int]]],
):
    worths, losses = [{person: worth * 100 for person, worth in row.items()} for row in problem[0]], problem[1]
    losses = {person: [loss * 100 for loss in places] for person, places in losses.items()}
    found = optimum(worths, losses)
    firmer = firm(worths, losses, found)
    assert (firmer.holders, shortcomings(worths, losses, firmer)) == (found.holders, [])
    rivals = [choice for choice in all_choices(worths, losses) if choice.keys() == found.holders.keys()]
    best = [choice for choice in rivals if worth(worths, losses, choice) == worth(worths, losses, found.holders)]
    if len(best) == 1:
        for seat, holder in found.holders.items():
            nets = {person: worth - firmer.prices[person] for person, worth in worths[seat].items() if losses[person]}
            assert all(net < nets[holder] for person, net in nets.items() if person != holder)


@given(problems, st.data())
def test_control_a_choice_that_is_worth_less_is_proven_by_no_prices(
    problem: tuple[list[dict[str, int]], dict[str, list[int]]], data: st.DataObject
):
    worths, losses = problem
    found = optimum(worths, losses)
    rivals = [choice for choice in all_choices(worths, losses) if choice.keys() == found.holders.keys()]
    other = data.draw(st.sampled_from(rivals))
    worse = worth(worths, losses, other) < worth(worths, losses, found.holders)
    assert bool(shortcomings(worths, losses, Optimum(holders=other, prices=found.prices))) == worse


def a_burst(seats: int, people: int, seed: int) -> tuple[list[dict[str, int]], dict[str, list[int]]]:
    chance = random.Random(seed)
    names = [f"P{number}" for number in range(people)]
    worths = [{name: chance.randrange(10**12) for name in names if chance.random() < 0.8} for _ in range(seats)]
    return worths, {name: [0, *sorted(chance.randrange(10**12) for _ in range(chance.randrange(4)))] for name in names}


def test_large_bursts_are_proven_by_their_prices():
    for seats, people in ((200, 300), (300, 80)):
        worths, losses = a_burst(seats, people, seed=seats)
        found = optimum(worths, losses)
        assert shortcomings(worths, losses, found) == []
        assert len(found.holders) == min(seats, sum(map(len, losses.values())))


def test_who_is_chosen_does_not_depend_on_the_order_of_the_seats():
    worths, losses = a_burst(60, 40, seed=7)
    found = optimum(worths, losses)
    order = list(range(60))
    random.Random(1).shuffle(order)
    again = optimum([worths[seat] for seat in order], losses)
    assert {order[seat]: person for seat, person in again.holders.items()} == found.holders
