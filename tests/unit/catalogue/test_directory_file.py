"""A directory file is read whole or its faults are all named at once."""

from datetime import date
from typing import Any

import pytest
import yaml

from shared.catalogue import read_directory
from shared.schemas.people import Leave


def a_file(*people: dict[str, Any], units: list[Any] | None = None) -> dict[str, Any]:
    plain = [{"code": "harbour", "name": {"zh": "港湾", "en": "Harbour"}}]
    return {"business_units": plain if units is None else units, "people": list(people)}


def a_row(identity: str = "P1", **more: Any) -> dict[str, Any]:
    plain = {
        "id": identity,
        "name": "纪春生",
        "email": "p@firm.example",
        "business_unit": "harbour",
        "roles": ["account_manager"],
    }
    return plain | more


def faults(content: object) -> list[str]:
    _, _, problems = read_directory(content)
    assert all(problem.message.zh and problem.message.en and problem.code == "bad_directory" for problem in problems)
    return [problem.field for problem in problems]


def test_a_good_file_gives_units_and_people():
    units, people, problems = read_directory(a_file(a_row(), a_row("P2", delegate="P1")))
    assert problems == []
    assert [unit.code for unit in units] == ["harbour"]
    assert [person.id for person in people] == ["P1", "P2"]


def test_who_names_no_time_zone_is_in_the_units():
    islands = {"code": "islands", "name": {"zh": "群岛", "en": "Islands"}, "time_zone": "Asia/Tokyo"}
    rows = (a_row(business_unit="islands"), a_row("P2", business_unit="islands", time_zone="Asia/Singapore"))
    _, people, problems = read_directory(a_file(*rows, units=[islands]))
    assert problems == []
    assert [person.time_zone for person in people] == ["Asia/Tokyo", "Asia/Singapore"]


@pytest.mark.parametrize("content", [None, [], {}, {"people": []}, {"people": "nobody"}, "people: []", 7])
def test_a_file_without_people_is_a_fault(content: object):
    assert faults(content) == ["people"]


def test_headquarters_is_there_when_somebody_works_there():
    units, _, problems = read_directory(a_file(a_row(), a_row("P9", business_unit="headquarters")))
    assert problems == []
    assert [unit.code for unit in units] == ["harbour", "headquarters"]


FAULTS = [
    (a_file(a_row(), a_row()), ["people.P1.id", "people.P1.id"]),
    (a_file(a_row(business_unit="nowhere")), ["people.P1.business_unit"]),
    (a_file(a_row(roles=["account_manager", "jester"])), ["people.P1.roles"]),
    (a_file(a_row(delegate="P7")), ["people.P1.delegate"]),
    (a_file(a_row(delegate="P1")), ["people.P1.delegate"]),
    (a_file(a_row(delegate="P2"), a_row("P2", delegate="P1")), ["people.P1.delegate", "people.P2.delegate"]),
    (a_file(a_row(time_zone="Mars/Olympus")), ["people.P1.time_zone"]),
    (a_file(a_row(skills={"product": 2, "juggling": 1})), ["people.P1.skills"]),
    (a_file(a_row(skills={"product": 4})), ["people.P1.skills"]),
    (a_file(a_row(leave=[{"from": "2027-03-01"}])), ["people.0.leave"]),
    (a_file(a_row(leave=[{"from": "soon", "to": "later"}])), ["people.0.leave"]),
    (a_file(a_row(leave=3)), ["people.0.leave"]),
    (a_file(a_row(), "P2"), ["people.1"]),
    (a_file(a_row(), a_row("P2", email=None)), ["people.1.email"]),
    (a_file(a_row(), units=[{"code": "harbour"}]), ["business_units.0.name", "people.P1.business_unit"]),
    (
        a_file(a_row(), units=[{"code": "harbour", "name": {"zh": "a", "en": "a"}}] * 2),
        ["business_units.harbour.code", "business_units.harbour.code"],
    ),
]


@pytest.mark.parametrize(("content", "fields"), FAULTS, ids=lambda value: ",".join(value) if isinstance(value, list) else "")
def test_each_fault_is_named(content: dict[str, Any], fields: list[str]):
    assert faults(content) == fields


def test_all_faults_are_named_at_once():
    content = a_file(a_row(roles=["jester"], business_unit="nowhere"), a_row("P2", delegate="P9"))
    assert faults(content) == ["people.P1.business_unit", "people.P1.roles", "people.P2.delegate"]


def test_only_those_in_the_circle_of_delegates_are_named():
    content = a_file(a_row(delegate="P2"), a_row("P2", delegate="P3"), a_row("P3", delegate="P2"))
    assert faults(content) == ["people.P2.delegate", "people.P3.delegate"]


def test_seats_leave_and_channels_are_read_in_their_shapes():
    row = a_row(
        roles=["presales_engineer", "product_manager"],
        leave=[{"from": "2027-03-01", "to": date(2027, 3, 5)}],
        notifications={"channels": ["wecom", "email"]},
    )
    _, (person,), problems = read_directory(a_file(row))
    assert problems == []
    assert person.seats == 30
    assert person.leave == (Leave(first=date(2027, 3, 1), last=date(2027, 3, 5)),)
    assert person.channels == ("wecom", "email")


def test_a_skill_that_the_files_own_vocabulary_names_is_known():
    content = a_file(a_row(skills={"juggling": 1})) | {"vocabulary": {"skills": ["juggling"]}}
    assert faults(content) == []


def test_the_text_of_a_file_is_read_like_its_content():
    text = yaml.safe_dump(a_file(a_row(), a_row("P2", delegate="P1")), allow_unicode=True)
    assert read_directory(text) == read_directory(yaml.safe_load(text))


@pytest.mark.parametrize("text", ["people: [", "people: []\npeople: []", "{", "\0"])
def test_a_text_that_is_no_yaml_is_a_fault(text: str):
    assert faults(text) == ["people"]


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ({"leave": [{"from": "2027-03-20", "to": "2027-03-01"}]}, "people.P1.leave.0"),
        ({"seats": -5}, "people.P1.seats"),
        ({"delegate": "P2"}, "people.P1.delegate"),
        ({"delegations": [{"delegate": "P2", "first": "2027-03-01", "last": "2027-03-02"}]}, "people.P1.delegations.0.delegate"),
    ],
)
def test_what_could_never_be_is_a_fault(row: dict[str, Any], field: str):
    assert faults(a_file(a_row(**row), a_row("P2", active=False))) == [field]


def test_who_has_left_may_still_name_somebody_who_has():
    assert faults(a_file(a_row(active=False, delegate="P2"), a_row("P2", active=False))) == []
