"""An entry of the directory is said when it is new or differs, and only then."""

from typing import Any

import pytest

from services.intake.domain import PeopleContext, PeopleDomain, PersonState
from shared.ledger.messages import NOTHING, Heard, Told
from shared.schemas.intake import PersonRecorded, UnitRecorded
from tests.builders import NOW, a_directory, events_of

DOMAIN, CONTEXT = PeopleDomain(), PeopleContext(now=NOW)
ENTRIES: list[tuple[str, str, Any, type]] = [
    ("record_person", "person", a_directory().people["PE1"], PersonRecorded),
    ("record_unit", "unit", a_directory().units["harbour"], UnitRecorded),
]


def told(name: str, key: str, entry: Any) -> Told:
    return Told(id="c", subject="S", name=name, data={key: entry.model_dump(mode="json")}, at=NOW)


@pytest.mark.parametrize(("name", "key", "entry", "fact"), ENTRIES)
def test_a_new_entry_is_said_and_the_same_again_is_not(name: str, key: str, entry: Any, fact: type):
    state, message = PersonState(), told(name, key, entry)
    decision = DOMAIN.decide(state, message, CONTEXT)
    assert [type(said) for said in decision.facts] == [fact]
    state = DOMAIN.evolve(state, events_of("S")(decision.facts[0]))
    assert getattr(state, key) == entry
    assert DOMAIN.decide(state, message, CONTEXT) == NOTHING


@pytest.mark.parametrize(("name", "key", "entry", "fact"), ENTRIES)
def test_an_entry_that_differs_is_said_again(name: str, key: str, entry: Any, fact: type):
    state = PersonState(**{key: entry})
    changed = entry.model_copy(update={"locale": "en"})
    (said,) = DOMAIN.decide(state, told(name, key, changed), CONTEXT).facts
    assert getattr(said, key) == changed


def test_nothing_else_is_said():
    event = events_of("S")(PersonRecorded(person=a_directory().people["PE1"]))
    assert DOMAIN.decide(PersonState(), Heard(event=event), CONTEXT) == NOTHING
    assert DOMAIN.wake_at(PersonState()) is None
