"""Working hours in a directory file: the forms in which they are written, and each fault named."""

from typing import Any

import pytest

from shared.catalogue.directory_file import read_directory
from shared.schemas.model import Text
from shared.schemas.people import BusinessUnit, Directory, Person

DAYS = ["mon", "tue"]
DAY = ("09:00-12:00", "13:30-18:00")


def a_file(of_person: Any = None, of_unit: Any = None) -> dict[str, Any]:
    person = {"id": "P1", "name": "甲", "email": "p1@east.example", "business_unit": "east"}
    unit = {"code": "east", "name": {"zh": "东", "en": "East"}}
    return {
        "business_units": [unit | ({"working_hours": of_unit} if of_unit is not None else {})],
        "people": [person | ({"working_hours": of_person} if of_person is not None else {})],
    }


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (None, None),
        ({"days": DAYS, "start": "09:30", "end": "18:30"}, dict.fromkeys(DAYS, ("09:30-18:30",))),
        ({"days": DAYS, "windows": list(DAY)}, dict.fromkeys(DAYS, DAY)),
        ({"mon": list(DAY), "make_up": ["09:00-12:00"]}, {"mon": DAY, "make_up": ("09:00-12:00",)}),
    ],
)
def test_hours_are_read_in_each_form_for_people_and_units(given: Any, read: Any) -> None:
    units, people, problems = read_directory(a_file(given, given))
    assert problems == []
    assert (units[0].working_hours, people[0].working_hours) == (read, read)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"days": ["monday"], "start": "09:00", "end": "18:00"}, "no weekday"),
        ({"days": DAYS, "start": "18:00", "end": "09:00"}, "does not end after it begins"),
        ({"days": DAYS, "windows": ["09:00-12:00", "11:00-18:00"]}, "overlap"),
        ({"days": DAYS, "windows": ["9-12"]}, "no span of hours"),
        ({"days": DAYS}, "no span of hours"),
        ({"days": DAYS, "windows": ["09:00-12:00"], "start": "09:00", "end": "12:00"}, "either"),
        ({"days": "mon", "start": "09:00", "end": "18:00"}, "days must be a list"),
        ({"days": [], "start": "09:00", "end": "18:00"}, "no hour is worked"),
        ({"days": ["mon", "mon"], "start": "09:00", "end": "18:00"}, "twice"),
        ({"days": DAYS, "start": "09:00", "end": "18:00", "lunch": "12:00"}, "does not go with days"),
        ({"mon": "09:00-12:00"}, "must be a list"),
        ("09:00-18:00", "write {days"),
    ],
)
def test_a_fault_is_named_where_it_stands(given: Any, says: str) -> None:
    _, _, problems = read_directory(a_file(given))
    assert [problem.field for problem in problems] == ["people.0.working_hours"]
    assert says in problems[0].message.en
    assert "工作时间有误" in problems[0].message.zh
    assert [problem.field for problem in read_directory(a_file(None, given))[2]] == ["business_units.0.working_hours"]


def test_a_directory_without_hours_has_the_version_that_it_had_before_there_were_any() -> None:
    plain = Person(id="P1", name="甲", email="p1@east.example", business_unit="east")
    unit = BusinessUnit(code="east", name=Text(zh="东", en="East"))
    assert Directory().with_entries([unit, plain]).version == "4779c9f7eafe"
    timed = plain.model_copy(update={"working_hours": {"mon": DAY}})
    assert Directory().with_entries([unit, timed]).version != "4779c9f7eafe"
