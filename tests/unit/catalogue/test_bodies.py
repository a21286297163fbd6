"""The builders' bodies: those of different sources ask nobody to be at two places at once."""

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import combinations
from typing import Any

from tests.builders import TYPES, a_body, judged
from tests.hostile.strings import cases

TRAVEL = timedelta(hours=3)
Hours = tuple[datetime, datetime]


def hours(body: Any) -> Iterator[Hours]:
    for value in body["details"].values():
        if isinstance(value, dict) and "end" in value:
            yield datetime.fromisoformat(value["start"]), datetime.fromisoformat(value["end"])


def apart(bodies: list[Any]) -> bool:
    """Whether whoever has all of them can travel from each to the next."""
    windows = [window for body in bodies for window in hours(body)]
    return all(one[1] + TRAVEL <= other[0] or other[1] + TRAVEL <= one[0] for one, other in combinations(windows, 2))


def test_two_bodies_of_different_sources_do_not_share_a_window():
    made = [a_body(kind, source={"system": "oa", "reference": f"A-{kind}-{n}"}) for kind in TYPES for n in range(2)]
    assert len([window for body in made for window in hours(body)]) > 10
    assert apart(made)
    assert not apart([a_body("tech.survey"), a_body("tech.training")])  # the plain ones do


def test_the_same_source_is_the_same_body_and_none_is_returned_for_its_hours():
    for kind in TYPES:
        source = {"system": "oa", "reference": f"A-{kind}"}
        assert a_body(kind, source=source) == a_body(kind, source=source)
        assert not judged(a_body(kind, source=source)).verdict.problems


def test_the_hostile_requests_that_are_driven_to_their_end_can_be():
    ended = [json.loads(case.payload) for case in cases() if case.finished]
    assert len(ended) > 10
    assert apart(ended)
