"""The directory says who stands in for whom at a moment: by leave and delegation, along the chain, and from midnight to midnight."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from shared.http.principal import Principal
from shared.schemas.people import Delegation, Directory, Leave, Person
from shared.storage import Sight

NOW = datetime(2027, 3, 1, 1, 0, tzinfo=UTC)
LEAVE = (Leave(first=date(2027, 3, 1), last=date(2027, 3, 1)),)


def a_person(identity: str, **changes: object) -> Person:
    plain = Person(id=identity, name=identity, email=f"{identity}@a.example", business_unit="east")
    return plain.model_copy(update=changes)


def everybody(*people: Person) -> Directory:
    return Directory().with_entries(people)


def test_whoever_is_away_is_named_with_whoever_is_there_at_the_end_of_the_chain():
    people = everybody(
        a_person("a", leave=LEAVE, delegate="b"),
        a_person("b", leave=LEAVE, delegate="c"),
        a_person("c", delegate="d"),
        a_person("d", leave=LEAVE),
    )
    assert people.stand_ins(NOW) == {"a": "c", "b": "c"}
    assert people.stood_in_for("c", NOW) == {"a", "b"}
    assert people.stood_in_for("b", NOW) == frozenset()


def test_a_circle_and_a_delegate_who_left_stand_in_for_nobody():
    people = everybody(
        a_person("a", leave=LEAVE, delegate="b"),
        a_person("b", leave=LEAVE, delegate="a"),
        a_person("c", leave=LEAVE, delegate="gone"),
        a_person("gone", active=False),
    )
    assert people.stand_ins(NOW) == {}


def test_a_delegation_without_a_leave_does_nothing():
    for_the_day = (Delegation(delegate="b", first=date(2027, 3, 1), last=date(2027, 3, 1)),)
    assert everybody(a_person("a", delegations=for_the_day), a_person("b")).stand_ins(NOW) == {}
    assert everybody(a_person("a", delegations=for_the_day, leave=LEAVE), a_person("b")).stand_ins(NOW) == {"a": "b"}, "control"


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "Asia/Kathmandu", "America/New_York"])
def test_it_begins_and_ends_at_the_holders_own_midnight_to_the_second(zone: str):
    people = everybody(a_person("a", leave=LEAVE, delegate="b", time_zone=zone), a_person("b"))
    begins = datetime(2027, 3, 1, tzinfo=ZoneInfo(zone))
    moments = [begins - timedelta(seconds=1), begins, begins + timedelta(hours=24, seconds=-1), begins + timedelta(hours=24)]
    assert [people.stood_in_for("b", moment) for moment in moments] == [frozenset(), {"a"}, {"a"}, frozenset()]


def test_what_was_found_for_one_directory_is_not_said_of_the_next():
    before = everybody(a_person("a", leave=LEAVE, delegate="b"), a_person("b"))
    assert before.stood_in_for("b", NOW) == {"a"}
    assert before.with_entries([a_person("a", delegate="b")]).stood_in_for("b", NOW) == frozenset()


def test_a_person_sees_the_parts_of_whom_they_stand_in_for_and_nothing_else_of_theirs():
    people = everybody(a_person("a", leave=LEAVE, delegate="b"), a_person("b", business_unit="south"))
    sight = Principal.of_person(people.people["b"], people, NOW).sight
    assert sight.allows(units={"west"}, people={"a"})
    assert not sight.allows(units={"east"}, people=()), "the unit of who is away stays theirs"
    assert not sight.in_unit().allows(units={"west"}, people={"a"})
    assert not sight.by_oneself().allows(units={"west"}, people={"a"})
    later = Principal.of_person(people.people["b"], people, NOW + timedelta(days=2)).sight
    assert later == Sight(unit="south", person="b")
