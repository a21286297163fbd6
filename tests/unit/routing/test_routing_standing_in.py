"""Delegates stand in for people who are away, along the chain, and never for or as somebody the filters forbid."""

import pytest

from services.routing.domain.standing_in import acts_for, stand_in
from shared.schemas.people import Person
from tests.unit.routing.routing_build import AWAY, NOW, a_directory, an_engineer
from tests.unit.routing.test_routing_filters import ranked


def away(identity: str, delegate: str | None = None) -> Person:
    return an_engineer(identity, leave=AWAY, delegate=delegate)


def deputy(identity: str, **changes: object) -> Person:
    """Somebody who holds no role of their own here."""
    return an_engineer(identity, roles=("sales_manager",), **changes)


def test_who_is_there_needs_nobody():
    person = an_engineer("anna", delegate="ben")
    assert stand_in(person, a_directory(person, deputy("ben")), NOW) == person


def test_the_chain_is_followed_until_somebody_is_there():
    people = [away("a", "b"), away("b", "c"), deputy("c")]
    found = stand_in(people[0], a_directory(*people), NOW)
    assert found is not None
    assert found.id == "c"


@pytest.mark.parametrize(
    "others",
    [
        [away("b", "a")],
        [away("b", "b")],
        [away("b")],
        [away("b", "nobody")],
        [deputy("b", active=False)],
    ],
    ids=[
        "a circle",
        "a person who delegates to themselves",
        "a chain that ends away",
        "an unknown delegate",
        "a delegate who left",
    ],
)
def test_a_chain_that_leads_nowhere_finds_nobody(others: list[Person]):
    first = away("a", "b")
    assert stand_in(first, a_directory(first, *others), NOW) is None


def test_the_stand_in_is_chosen_and_the_record_names_for_whom():
    record = ranked(away("a", "b"), away("b", "c"), deputy("c"), role="presales_engineer")
    assert record.chosen == ("c",)
    assert record.candidates[0].stands_in_for in {"a", "b"}
    assert record.excluded == {"role": 1, "represented": 1}
    assert "休假" in record.explanation.zh


def test_somebody_with_the_role_of_their_own_is_listed_in_their_own_name():
    record = ranked(away("a", "b"), an_engineer("b"))
    assert record.chosen == ("b",)
    assert record.candidates[0].stands_in_for is None


def test_a_stand_in_needs_the_skill_too():
    record = ranked(away("a", "b"), deputy("b", skills={}), skills=("analysis",))
    assert (record.chosen, record.excluded) == ((), {"role": 1, "skill": 1})


def test_a_stand_in_who_is_full_cannot_help():
    from services.routing.domain import OpenLoad

    record = ranked(away("a", "b"), deputy("b", seats=1), loads={"b": OpenLoad(count=1)})
    assert record.excluded == {"role": 1, "full": 1}


def test_the_requester_does_not_stand_in_and_nobody_stands_in_for_the_requester():
    assert ranked(away("a", "asker"), deputy("asker")).excluded == {"role": 1, "requester": 1}
    assert ranked(away("asker", "b"), deputy("b")).excluded == {"role": 1, "requester": 1}


def test_nobody_stands_in_for_who_declined():
    assert ranked(away("a", "b"), deputy("b"), barred=frozenset({"a"})).excluded == {"role": 1, "declined_or_seated": 1}


def test_people_act_for_themselves_and_for_those_away_for_whom_they_stand_in():
    directory = a_directory(away("a", "b"), deputy("b"), an_engineer("c", delegate="b"))
    assert acts_for("a", "a", directory, NOW)
    assert acts_for("b", "a", directory, NOW)
    assert not acts_for("c", "a", directory, NOW)
    assert not acts_for("b", "c", directory, NOW), "c is there"
    assert not acts_for("b", "nobody", directory, NOW)
