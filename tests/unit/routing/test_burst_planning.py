"""A burst assigned together: never worse than one by one, nobody over the cap or in two places, and every record gives itself again."""

import random
from collections import Counter
from dataclasses import replace

import pytest

from services.routing.domain import Context, OpenLoad
from services.routing.domain.assigning import Opened, alone, assign, begun
from services.routing.domain.bursts.comparing import kept
from services.routing.domain.bursts.planning import agreed, to_assign
from services.routing.domain.bursts.seats import losses, vacant_seats
from services.routing.domain.reproducing import reproduced, same
from shared.ledger.messages import Decision, Woken
from shared.schemas.choices import Way
from shared.schemas.routing import AssignmentWaiting, DecisionRecord
from tests.unit.routing.burst_build import (
    SKILLS,
    WINDOW,
    Requests,
    a_burst,
    a_rivalry,
    a_state,
    compared,
    decided,
    one_by_one,
    supporters,
    with_rules,
)
from tests.unit.routing.routing_build import a_directory, a_person

SEEDS = range(12)


def in_turn(batch: Requests, context: Context) -> dict[str, Decision]:
    """The batch as it is assigned without an agreement."""
    found = {}
    for subject, state in batch:
        found[subject] = alone(subject, state, context)
        context = context.after(found[subject].reservations)
    return found


def priced(found: dict[str, Decision]) -> list[tuple[str, DecisionRecord]]:
    return [(subject, record) for subject, record in compared(found) if record.together and record.together.kept == "together"]


def a_priced_record() -> DecisionRecord:
    """The survey's of the rivalry: `both` would suit it best and has a price."""
    batch, context = a_rivalry()
    return dict(compared(decided(batch, context)))["R1"]


def test_the_one_who_can_do_both_goes_to_whoever_has_nobody_else():
    batch, context = a_rivalry()
    assert supporters(in_turn(batch, context)) == {"R1": ["both"]}, "one by one the proposal waits"
    assert supporters(decided(batch, context)) == {"R1": ["one"], "R2": ["both"]}


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_is_over_the_cap_or_twice_in_a_request_or_at_two_places_at_once(seed: int):
    batch, context = a_burst(seed)
    found = decided(batch, context)
    places = Counter(one.holder for decision in found.values() for one in decision.reservations)
    assert all(count <= context.directory.people[person].seats for person, count in places.items())
    people = supporters(found)
    assert all(len(set(seats)) == len(seats) for seats in people.values())
    presenting = Counter(
        people[subject][0] for subject, state in batch if subject in people and state.request and state.request.details
    )
    assert max(presenting.values(), default=0) <= 1, "all of them are at the same hour"


def test_a_burst_is_never_worse_than_one_by_one_and_often_better():
    better = 0
    for seed in SEEDS:
        batch, context = a_burst(seed)
        found, before = decided(batch, context), in_turn(batch, context)
        assert len(supporters(found)) >= len(supporters(before))
        together = compared(found)[0][1].together
        assert together is not None
        best = together.together if together.kept == "together" else together.one_by_one
        assert (best.assigned, best.overload) == (len(supporters(found)), 0)
        assert (best.assigned, best.score) >= (together.one_by_one.assigned, together.one_by_one.score)
        assert together.one_by_one.assigned == len(supporters(before))
        better += together.kept == "together"
    assert better >= len(SEEDS) // 3


@pytest.mark.parametrize("seed", SEEDS)
def test_nobody_is_worth_more_to_a_seat_after_prices_than_whoever_has_it(seed: int):
    for _, record in priced(decided(*a_burst(seed))):
        assert record.chosen == (record.candidates[0].person,)
        assert all(one.total < record.candidates[0].total for one in record.candidates[1:])
        assert all(one.inputs.get("price", 0.0) >= 0 for one in record.candidates)
        assert sum(record.excluded.values()) + len(record.candidates) == record.considered


@pytest.mark.parametrize("seed", SEEDS)
def test_every_record_gives_itself_again_also_after_it_was_stored(seed: int):
    found = compared(decided(*a_burst(seed)))
    assert found
    for subject, record in found:
        again = reproduced(subject, DecisionRecord.model_validate_json(record.model_dump_json()))
        assert again is not None
        assert same(record, again)


def test_control_a_price_a_choice_a_gain_or_a_way_that_was_changed_is_found():
    record = a_priced_record()
    together = record.together
    assert together is not None
    first, second = record.candidates
    assert (first.person, second.person, "price" in second.inputs) == ("one", "both", True)
    cheaper = second.model_copy(update={"inputs": {**second.inputs, "price": 0.0}})
    dearer = first.model_copy(update={"inputs": {**first.inputs, "price": 0.5}})
    changes: list[dict[str, object]] = [
        {"chosen": ("somebody",)},
        {"chosen": ("both",)},
        {"candidates": (first, cheaper)},
        {"candidates": (dearer, second)},
        {"together": together.model_copy(update={"gain": together.gain + 1})},
        {"together": together.model_copy(update={"kept": "one_by_one"})},
        {"together": None},
    ]
    for change in changes:
        changed = record.model_copy(update=change)
        again = reproduced("R1", changed)
        assert again is not None
        assert not same(changed, again), change


def test_the_sentence_says_that_somebody_was_needed_more_and_names_no_other_request():
    record = a_priced_record()
    assert "单看得分 both 最合适，但同批的其他申请更需要此人。" in record.explanation.zh
    assert "By score alone both suited best, but was needed more for another request of the same batch." in record.explanation.en
    assert "assigned together: 2 have people" in record.explanation.en
    assert "R2" not in record.model_dump_json()


@pytest.mark.parametrize("seed", [7, 19, 20])
def test_who_is_chosen_together_does_not_depend_on_the_order_of_the_batch_where_there_is_room_for_all(seed: int):
    batch, context = a_burst(seed, requests=8, people=30)
    found = supporters(decided(batch, context))
    assert len(found) == len(batch)
    for order in range(4):
        again = decided(random.Random(order).sample(batch, len(batch)), context)
        assert priced(again), "one by one would depend on it"
        assert supporters(again) == found


def test_the_first_of_the_batch_go_before_where_there_is_not_room_for_all():
    batch, context = a_burst(1, requests=4, people=0)
    state = a_state()
    _, rich = a_rivalry()
    found = decided([(f"R{number}", state) for number in range(5)], rich)
    assert set(supporters(found)) == {"R0", "R1"}
    assert all(isinstance(found[f"R{number}"].facts[-1], AssignmentWaiting) for number in (2, 3, 4))
    assert supporters(decided(batch, context)) == {}


def test_a_request_alone_and_a_policy_that_wants_none_agree_on_nothing():
    batch, context = a_rivalry()
    assert agreed(batch[:1], context) == {}
    assert agreed(batch, one_by_one(context)) == {}


def test_large_bursts_are_cut_into_lots_that_know_of_each_other():
    batch, context = a_burst(5, requests=30, people=10, seats=2)
    found = decided(batch, with_rules(context, together_at_most=4))
    places = Counter(one.holder for decision in found.values() for one in decision.reservations)
    assert set(found) == {subject for subject, _ in batch}
    assert all(count <= context.directory.people[person].seats for person, count in places.items())


def test_what_was_agreed_is_done_only_in_the_state_and_at_the_load_it_was_agreed_for():
    batch, context = a_rivalry()
    (subject, state), _ = batch
    with_plan = replace(context, agreed=agreed(batch, context))
    assert supporters({subject: assign(subject, state, with_plan)}) == {subject: ["one"]}
    declined = state.model_copy(update={"declined": ("one",)})
    assert supporters({subject: assign(subject, declined, with_plan)}) == {subject: ["both"]}
    full = replace(with_plan, loads={"one": OpenLoad(count=1)})
    assert supporters({subject: assign(subject, state, full)}) == {subject: ["both"]}


def test_what_was_agreed_is_not_done_when_an_appointment_came_in_between():
    meeting = a_state("tech.presentation", {"where": WINDOW})
    _, context = a_burst(0, people=12)
    found = agreed([("R1", meeting), ("R2", a_state())], context)
    (person,) = supporters({"R1": found["R1"].decision})["R1"]
    (mine,) = [one for one in found["R1"].decision.reservations if one.holder == person]
    taken = tuple(replace(one, request="R9") for one in mine.bookings)
    assert taken
    busy = replace(context, agreed=found, loads={person: OpenLoad(bookings=taken)})
    assert supporters({"R1": assign("R1", meeting, busy)})["R1"] != [person]


def test_only_who_waits_and_is_woken_or_is_new_is_part_of_a_batch():
    waiting = a_state().model_copy(update={"status": "waiting"})
    states = {"R1": waiting, "R2": waiting, "R3": a_state().model_copy(update={"status": "working"}), "R4": object()}
    woken = [Woken(subject=subject) for subject in ("R1", "R3", "R4", "R5")]
    assert to_assign(states, woken) == (("R1", waiting),)


@pytest.mark.parametrize(
    ("changes", "better"),
    [
        ({"assigned": 6}, True),
        ({"score": 10.5}, True),
        ({"spread": 0.1}, True),
        ({}, False),
        ({"assigned": 4, "score": 99.0}, False),
        ({"score": 9.0, "spread": 0.0}, False),
        ({"assigned": 9, "overload": 1}, False),
    ],
)
def test_more_requests_go_before_score_and_score_before_spread_and_overload_is_never_kept(
    changes: dict[str, float], better: bool
):
    single = Way(assigned=5, score=10.0, overload=0, spread=0.2)
    assert (kept(single.model_copy(update=changes), single) == "together") is better


def test_who_has_another_seat_of_the_same_request_is_not_called_needed_elsewhere():
    bids = 0
    for seed in SEEDS:
        found = decided(*a_burst(seed, requests=20))
        people = supporters(found)
        for subject, record in priced(found):
            shown = {one.person for one in record.candidates}
            assert shown & set(people[subject]) == set(record.chosen)
            bids += len(people[subject]) > 1
    assert bids, "some of them have two seats"


@pytest.mark.parametrize("seed", SEEDS)
def test_who_coordinates_with_their_last_place_is_not_shown_as_one_who_might_have_had_the_seat(seed: int):
    """They need no place for a second seat of their own request, but the batch has none to give them."""
    batch, context = a_burst(seed, requests=6, people=5)
    both = a_person(
        "both", "presales_manager", "presales_engineer", seats=6, skills=dict.fromkeys(SKILLS, 3), industries=("water",)
    )
    context = replace(context, directory=a_directory(both, *(p for p in context.directory.people.values() if p.id != "manager")))
    found = decided(batch, context)
    for subject, record in priced(found):
        assert record.chosen == (record.candidates[0].person,)
        assert set(record.chosen) <= set(supporters(found)[subject])
        assert "both" not in {one.person for one in record.candidates} or "both" in record.chosen


def test_of_somebody_with_any_number_of_places_no_more_are_counted_than_the_batch_could_fill():
    batch, context = a_burst(3, seats=100_000)
    opened = [step for subject, state in batch if isinstance(step := begun(subject, state, context), Opened)]
    seats = [seat for step in opened for seat in vacant_seats(step, context)]
    counted = losses(seats, context)
    assert {len(places) for places in counted.values()} == {len(seats) + 1}
    assert len(decided(batch, context)) == len(batch)


def test_where_everybody_has_people_a_policy_may_leave_it_at_one_by_one():
    batch, context = a_burst(7, requests=6, people=12, seats=4)
    plentiful = decided(batch, with_rules(context, together_when="short"))
    assert len(supporters(plentiful)) == len(batch)
    assert compared(plentiful) == []
    assert compared(decided(batch, context)), "the control"


def test_where_one_by_one_leaves_somebody_without_people_the_batch_is_solved_together():
    batch, context = a_rivalry()
    found = decided(batch, with_rules(context, together_when="short"))
    assert len(supporters(found)) == len(batch) == len(compared(found))
