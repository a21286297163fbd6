"""A record gives its scores, ranks and choice again, byte for byte; one that somebody changed does not."""

import pytest

from services.routing.domain import OpenLoad
from services.routing.domain.reproducing import reproduced, same
from shared.schemas.routing import DecisionRecord
from tests.unit.routing.routing_build import MANAGER, Journey, a_context, an_engineer, choosing_pack

LOADS = {f"e{number}": OpenLoad(count=number % 5, weight=number % 5 * 1.5, recent=float(number % 7)) for number in range(30)}


def records(subject: str = "R1") -> tuple[DecisionRecord, ...]:
    people = [an_engineer(f"e{number}", skills={"analysis": number % 3 + 1}) for number in range(30)]
    journey = Journey(a_context(MANAGER, *people, loads=LOADS, familiar={"O1": frozenset({"e3", "e9"})}), subject=subject)
    journey.submitted()
    return journey.state.decisions


@pytest.mark.parametrize("number", range(20))
def test_every_record_gives_itself_again_also_after_it_was_stored(number: int):
    for record in records(f"R{number}"):
        stored = DecisionRecord.model_validate_json(record.model_dump_json())
        again = reproduced(f"R{number}", stored)
        assert again is not None
        assert same(record, again)


@pytest.mark.parametrize(
    "change", [{"chosen": ("e1",)}, {"weights": {"load": 9.0}}, {"fairness_half": 3.0}, {"role": "presales_manager"}]
)
def test_a_record_that_was_changed_does_not(change: dict[str, object]):
    changed = records()[-1].model_copy(update=change)
    again = reproduced("R1", changed)
    assert again is not None
    assert not same(changed, again)


def test_a_record_is_of_its_own_request():
    again = reproduced("R2", records("R1")[-1])
    assert again is not None
    assert not same(records("R1")[-1], again)


def test_what_the_coordinator_chose_is_left_to_them():
    journey = Journey(a_context(MANAGER, an_engineer("anna"), an_engineer("ben"), pack=choosing_pack("tech.survey")))
    journey.submitted()
    last = journey.state.decisions[-1].candidates[-1].person
    journey.tells("choose", "manager", people=[last])
    record = journey.state.decisions[-1]
    again = reproduced("R1", record)
    assert again is not None
    assert (record.chosen, same(record, again)) == ((last,), True)


def test_a_record_of_an_earlier_release_cannot_be_worked_out_again():
    assert reproduced("R1", records()[-1].model_copy(update={"fairness_half": None})) is None
