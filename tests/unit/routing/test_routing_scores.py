"""The score: each part moves the ranking as the policy's weights say, and the record repeats it to the last digit."""

import pytest

from services.routing.domain import OpenLoad
from services.routing.domain.assignment import OFFERED, SHOWN, TIE_BREAK, foremost, rank
from services.routing.domain.eligibility import Question
from shared.schemas.people import Person
from shared.schemas.routing import DecisionRecord
from tests.unit.routing.routing_build import PACK, a_context, a_directory, a_request, an_engineer


def a_question(identity: str = "R1", skills: tuple[str, ...] = ()) -> Question:
    request = a_request()
    return Question(
        identity=identity,
        request=request,
        kind=PACK.types[request.type],
        policy=PACK.pin,
        step="supporter",
        role="presales_engineer",
        skills=skills,
    )


def ranked(
    *people: Person,
    identity: str = "R1",
    skills: tuple[str, ...] = (),
    weights: dict[str, float] | None = None,
    **context: object,
) -> DecisionRecord:
    pack = PACK if weights is None else PACK.model_copy(update={"weights": weights})
    question = a_question(identity, skills)
    return rank(question, a_context(**{"directory": a_directory(*people), **context}), pack)


def order(record: DecisionRecord) -> list[str]:
    return [candidate.person for candidate in record.candidates]


ANNA, BEN = an_engineer("anna"), an_engineer("ben")


@pytest.mark.parametrize(("busy", "free"), [("anna", "ben"), ("ben", "anna")])
def test_whoever_carries_less_effort_goes_first(busy: str, free: str):
    record = ranked(ANNA, BEN, loads={busy: OpenLoad(count=1, weight=5.0), free: OpenLoad(count=3, weight=1.0)})
    assert order(record) == [free, busy]
    assert [candidate.open_load for candidate in record.candidates] == [1.0, 5.0]


@pytest.mark.parametrize(("expert", "other"), [("anna", "ben"), ("ben", "anna")])
def test_the_higher_level_of_the_skill_goes_first(expert: str, other: str):
    people = [an_engineer(expert, skills={"analysis": 3}), an_engineer(other, skills={"analysis": 1, "writing": 3})]
    record = ranked(*people, skills=("analysis",))
    assert order(record) == [expert, other]
    assert record.candidates[0].parts["level"] == PACK.weights["level"]


@pytest.mark.parametrize("known", ["anna", "ben"])
def test_whoever_knows_the_opportunity_goes_first(known: str):
    record = ranked(ANNA, BEN, familiar={"O1": frozenset({known}), "O2": frozenset({"anna", "ben"})})
    assert order(record)[0] == known
    assert [candidate.parts["continuity"] for candidate in record.candidates] == [PACK.weights["continuity"], 0.0]


@pytest.mark.parametrize("known", ["anna", "ben"])
def test_whoever_knows_the_industry_goes_first(known: str):
    people = [an_engineer(name, industries=("water",) if name == known else ("retail",)) for name in ("anna", "ben")]
    record = ranked(*people)
    assert order(record)[0] == known
    assert record.candidates[0].parts["industry"] == PACK.weights["industry"]


def test_own_unit_is_a_part_of_the_score():
    assert ranked(ANNA).candidates[0].parts["own_unit"] == PACK.weights["own_unit"]
    assert ranked(an_engineer("hq", unit="headquarters")).candidates[0].parts["own_unit"] == 0.0


def test_the_weights_are_the_policys():
    people = [an_engineer("anna", industries=("water",)), an_engineer("ben")]
    loads = {"anna": OpenLoad(count=1, weight=9.0)}
    assert order(ranked(*people, loads=loads, weights={"industry": 10.0, "load": 1.0}))[0] == "anna"
    assert order(ranked(*people, loads=loads, weights={"industry": 0.1, "load": 1.0}))[0] == "ben"


def test_the_total_is_the_sum_of_the_recorded_parts():
    record = ranked(ANNA, BEN, loads={"anna": OpenLoad(count=2, weight=3.5)}, familiar={"O1": frozenset({"ben"})})
    for candidate in record.candidates:
        assert candidate.total == pytest.approx(sum(candidate.parts.values()), abs=1e-9)


def test_equals_are_told_apart_by_a_recorded_number_smaller_than_any_difference():
    record = ranked(ANNA, BEN)
    breaks = [candidate.parts["tie_break"] for candidate in record.candidates]
    assert breaks == sorted(breaks, reverse=True)
    assert all(0 <= number < TIE_BREAK for number in breaks)


def test_over_many_requests_the_tie_break_favours_nobody():
    first = [order(ranked(ANNA, BEN, identity=f"R{number}"))[0] for number in range(400)]
    assert 140 < first.count("anna") < 260


def test_the_same_inputs_give_the_same_record_byte_for_byte():
    people = [an_engineer(f"p{number}") for number in range(30)]
    loads = {f"p{number}": OpenLoad(count=1, weight=number % 3) for number in range(30)}
    one = ranked(*people, loads=loads)
    other = ranked(*reversed(people), loads=dict(reversed(list(loads.items()))))
    assert one.model_dump_json() == other.model_dump_json()


def test_the_best_ten_are_shown_and_the_others_counted():
    record = ranked(*(an_engineer(f"p{number}") for number in range(16)))
    assert [candidate.rank for candidate in record.candidates] == list(range(1, SHOWN + 1))
    assert record.excluded == {"ranked_lower": 6}
    assert record.chosen == (record.candidates[0].person,)


def test_the_record_names_the_directory_and_the_policy_it_was_made_from():
    record = ranked(ANNA)
    assert record.directory == a_directory(ANNA).version
    assert record.policy == PACK.pin


def test_without_a_record_the_same_people_are_foremost():
    many = [an_engineer(f"e{number}", seats=number % 3) for number in range(60)]
    context = a_context(*many, loads={f"e{number}": OpenLoad(count=1, weight=number / 7) for number in range(0, 60, 2)})
    record = rank(a_question(), context, PACK, shown=OFFERED)
    people, found = foremost(a_question(), context, PACK, OFFERED)
    assert [fit.worker for fit in people] == order(record)
    assert len(people) == OFFERED < len(found.fits)
    assert found.excluded["full"] == record.excluded["full"] > 0
