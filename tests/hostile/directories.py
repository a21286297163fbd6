"""Directories of people that are no directory, and people whose names and addresses are headers or code."""

import copy
import json
from collections.abc import Iterator
from typing import Any

from tests.hostile.case import Case, expecting
from tests.hostile.ground import company
from tests.hostile.strings import HEADERS, TEMPLATES

LAUGHS = ["a0: &a0 [x, x]"] + [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 26)]
BAD = ("refused:bad_directory",)
WRONG: dict[str, tuple[dict[str, Any], tuple[str, ...]]] = {
    "an id that is a number": ({"id": 7}, BAD),
    "a name that is a list": ({"name": ["x"]}, BAD),
    "an address that is a record": ({"email": {}}, BAD),
    "a unit that is none": ({"business_unit": "nowhere"}, BAD),
    "a post that is none": ({"roles": ["emperor"]}, BAD),
    "posts that are no list": ({"roles": 7}, BAD),
    "a skill that is none": ({"skills": {"alchemy": 3}}, BAD),
    "a level of 99": ({"skills": {"analysis": 99}}, BAD),
    "a zone that is a path": ({"time_zone": "../../etc/passwd"}, BAD),
    "a zone that is none": ({"time_zone": "Mars/Olympus"}, BAD),
    "leave in the year zero": ({"leave": [{"from": "0000-01-01", "to": "2027-01-01"}]}, BAD),
    "leave that is a word": ({"leave": ["always"]}, BAD),
    "seats that are a word": ({"seats": "many"}, BAD),
    "a delegate who is none": ({"delegate": "NOBODY"}, BAD),
    "who stands in for themselves": ({"delegate": "A2"}, BAD),
}


def cases() -> Iterator[Case]:
    """All of them. What is taken is of one person, who asks for nothing and works on nothing."""
    for name, (changes, right) in WRONG.items():
        yield _case(name, _with(**changes), right)
    for name, text in HEADERS.items():
        yield _case(f"an address with {name}", _with(email=f"a2@firm.example{text}"), (*BAD, "accepted"))
    for name, text in {**HEADERS, **TEMPLATES}.items():
        yield _case(f"a name with {name}", _with(name=text), ("accepted", *BAD))
    raws: dict[str, tuple[bytes, tuple[str, ...]]] = {
        "nothing": (b"", BAD),
        "a list": (b"[]", BAD),
        "nobody": (b"people: []", BAD),
        "a tag that builds objects": (b"people: !!python/object/apply:os.system ['id']", ("refused:unreadable",)),
        "broken YAML": (b"people: [", ("refused:unreadable",)),
        "UTF-16": ("people: []".encode("utf-16"), BAD),
        "bytes that are no text": (b"\xff\xfe\xfd\x00", ("refused:unreadable", *BAD)),
        "20,000 levels": (b"[" * 20_000, ("refused:unreadable", *BAD)),
        "the 30th of February": (b"people: [{leave: [{from: 2027-02-30}]}]", ("refused:unreadable",)),
        "a whole number that is none": (b"people: [{seats: !!int x}]", ("refused:unreadable",)),
        "a time that is none": (b"people: [{seats: !!timestamp x}]", ("refused:unreadable",)),
        "10,000 digits": (b"people: [{seats: " + b"9" * 10_000 + b"}]", ("refused:unreadable", *BAD)),
        "a record for a key": (b"people: [{[1]: 2}]", ("refused:unreadable", *BAD)),
        "aliases without end": (("\n".join(LAUGHS) + "\npeople: *a25").encode(), BAD),
        "half a pair": (b'people: [{name: "\\ud800"}]', (*BAD, "refused:unreadable")),
    }
    for name, (raw, right) in raws.items():
        yield _case(name, raw, right)
    yield Case(
        name="a unit's token",
        group="directories",
        channel="people",
        payload=b"people: []",
        expect=expecting("refused:operators_only"),
        more={"headers": {"Authorization": "Bearer dev-unit-harbour"}},
    )


def _with(**changes: Any) -> bytes:
    """The company, with A2 changed."""
    directory = copy.deepcopy(company())
    person = next(person for person in directory["people"] if person["id"] == "A2")
    person |= changes
    return json.dumps(directory).encode()


def _case(name: str, raw: bytes, right: tuple[str, ...]) -> Case:
    return Case(name=name, group="directories", channel="people", payload=raw, expect=expecting(*right))
