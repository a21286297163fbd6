"""Where somebody is named: in personal fields of any wording, by the exact value however it is written, or within a longer text."""

from typing import Any

import pytest

from services.intake.domain.persons import folded, named, named_in
from services.intake.domain.state import Private
from tests.builders import a_body, the_pack, with_details
from tests.unit.intake.desk import Desk


def kept(kind: str = "tech.survey", **details: Any) -> Private:
    desk = Desk()
    desk.told("submit", with_details(a_body(kind), **details))
    return desk.state.private


def wanted(*values: str) -> frozenset[str]:
    return frozenset(map(folded, values))


@pytest.mark.parametrize(
    ("written", "asked", "how"),
    [
        ("宁主任", "宁主任", "exact"),
        ("  Ning Zhuren ", "ning zhuren", "exact"),
        ("138 0013-8000", "13800138000", "exact"),
        ("１３８００１３８０００", "138-0013-8000", "exact"),
        ("Ning@Firm.example", "ning@firm.EXAMPLE", "exact"),
        ("宁主任，信息中心", "宁主任", "within"),
        ("宁主", "宁主任", None),
        ("别人", "宁主任", None),
        ("宁主任", "宁", None),
    ],
)
def test_a_value_is_compared_as_a_whole_and_told_when_it_is_within(written: str, asked: str, how: str | None):
    found = named(kept(counterparts=[written]), the_pack(), wanted(asked))
    assert found == ({"details.counterparts": how} if how else {})


def test_only_personal_fields_are_looked_at_where_the_type_is_known():
    body = a_body("tech.survey")
    desk = Desk()
    desk.told("submit", {**body, "extra": {"note": "宁主任"}, "details": {**body["details"], "counterparts": ["别人"]}})
    assert named(desk.state.private, the_pack(), wanted("宁主任")) == {}
    assert named(desk.state.private, the_pack(), wanted("别人")) == {"details.counterparts": "exact"}


def test_a_person_deep_inside_a_record_is_found_under_the_field():
    assert named(kept("tech.bid"), the_pack(), wanted("郗评审")) != {}
    assert all(path.startswith("details.jury") for path in named(kept("tech.bid"), the_pack(), wanted("郗评审")))


def test_wordings_that_were_asked_for_are_looked_at_too_and_what_is_erased_is_found_no_more():
    desk = Desk()
    desk.told("submit", a_body("tech.survey"))
    desk.told("amend", {"details": {"counterparts": ["车间长"]}})
    assert named(desk.state.private, the_pack(), wanted("车间长"))
    desk.told("erase", {}, by="service:op")
    assert named(desk.state.private, the_pack(), wanted("车间长", "宁主任")) == {}


def test_of_a_type_that_is_not_known_every_detail_is_looked_at():
    desk = Desk()
    desk.told("submit", {**a_body("tech.survey"), "type": "tech.nothing"})
    assert named(desk.state.private, the_pack(), wanted("宁主任")) == {"details": "exact"}


@pytest.mark.parametrize(
    ("content", "how"),
    [
        ({"a": ["x", {"b": "宁主任"}]}, "exact"),
        ("an unreadable line: 宁主任 …", "within"),
        ({"宁主任": 1}, "exact"),
        ([7, None], None),
    ],
)
def test_a_message_that_came_to_nothing_is_looked_at_as_a_whole(content: Any, how: str | None):
    assert named_in(content, wanted("宁主任")) == how
