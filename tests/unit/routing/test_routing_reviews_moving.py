"""Reviews that move: returned to a step, with one more opinion, transferred, withdrawn, reopened, amended."""

from typing import Any

import pytest

from tests.unit.routing.reviews import CONTRACT, FINANCE, LARGE, LEGAL, SECOND, SMALL, amends, asked, opines, under_review
from tests.unit.routing.routing_build import MARKETER, REVIEWERS, a_person, kinds
from tests.unit.routing.states import code

# -- moving


def test_returning_to_a_step_asks_again_and_keeps_what_was_said():
    journey = under_review()
    for person in ("finance", "legal"):
        opines(journey, person)
    assert code(journey.tells("return_to_step", "leader", step="departments")) == "no_reason"
    assert code(journey.tells("return_to_step", "leader", step="company", reason="x")) == "no_step"
    journey.tells("return_to_step", "leader", step="departments", reason="数字不符")
    review = journey.state.review
    assert review is not None
    assert (asked(journey), len(review.past)) == ([FINANCE, LEGAL], 2)
    for person in ("finance", "legal", "leader", "chief"):
        opines(journey, person)
    assert journey.state.status == "completed"


@pytest.mark.parametrize(("place", "first"), [("before", ["test_manager"]), ("after", [FINANCE, LEGAL])])
def test_one_more_opinion_before_or_after_somebody(place: str, first: list[str]):
    journey = under_review(SMALL)
    decision = journey.tells("ask_also", "finance", person="test_head", beside=FINANCE, place=place, reason="性能指标")
    assert code(decision) is None
    assert [reservation.holder for reservation in decision.reservations] == ["test_head"]
    assert asked(journey) == first
    for person in ("test_head", "finance", "legal") if place == "before" else ("finance", "legal", "test_head"):
        assert code(opines(journey, person)) is None
    opines(journey, "leader")
    assert journey.state.status == "completed"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"person": "asker"}, "not_fit"),
        ({"person": "second"}, "asked_already"),
        ({"person": "legal"}, "seated_already"),
        ({"beside": "nobody"}, "no_party"),
        ({"reason": ""}, "no_reason"),
    ],
)
def test_who_cannot_be_asked_too(data: dict[str, Any], expected: str):
    journey = under_review()
    wish = {"person": "test_head", "beside": FINANCE, "reason": "x", **data}
    assert code(journey.tells("ask_also", "finance", **wish)) == expected


def test_a_part_goes_to_a_colleague_who_may_have_it():
    journey = under_review(SMALL)
    assert code(journey.tells("transfer", "finance", person="asker", reason="x")) == "own_request"
    assert code(journey.tells("transfer", "finance", person="leader", reason="x")) in {"not_fit", "seated_already"}
    assert code(journey.tells("transfer", "finance", person="second", reason="出差")) is None
    assert code(opines(journey, "finance")) == "not_reviewer"
    assert code(opines(journey, "second")) is None
    assert code(journey.tells("transfer", "second", person="finance", reason="x")) == "opined_already"


def test_a_withdrawal_ends_it():
    journey = under_review()
    opines(journey, "finance")
    journey.withdrawn()
    assert journey.state.status == "withdrawn"
    assert code(opines(journey, "legal")) == "out_of_state"
    assert "ReviewDecided" not in kinds(journey)


def test_a_reopened_request_is_reviewed_anew():
    journey = under_review(SMALL)
    opines(journey, "finance", "reject", text="x")
    journey.tells("reopen", "asker", reason="价格更正")
    review = journey.state.review
    assert review is not None
    assert (review.round, review.opinions, len(review.past), review.outcome) == (2, (), 1, None)


# -- amendments


def test_only_those_whose_values_changed_are_asked_again():
    journey = under_review(SMALL)
    for person in ("finance", "legal"):
        opines(journey, person)
    assert asked(journey) == ["bu_leader"]
    amends(journey, "lines.0.asked_price", lines=[{"asked_price": 7, "quantity": 5}])
    assert asked(journey) == [FINANCE]
    assert code(opines(journey, "finance")) is None
    opines(journey, "leader")
    assert journey.state.status == "completed"


def test_every_condition_is_accounted_for():
    journey = under_review({**CONTRACT}, kind="business.contract")
    for person, concerns in (("finance", "amount"), ("legal", "第七条"), ("technical", "kind"), ("delivery", "due")):
        opines(journey, person, "approve_with_changes", conditions=[{"text": "x", "concerns": [concerns]}])
    amends(journey, amount=1600000)
    review = journey.state.review
    assert review is not None
    assert [(one.condition, one.state) for one in review.account] == [
        ("C1", "asked"),
        ("C2", "unchanged"),
        ("C3", "unchanged"),
        ("C4", "unchanged"),
    ]
    assert asked(journey) == [FINANCE]
    opines(journey, "finance")
    amends(journey, contract="b.docx", kind="agency")
    review = journey.state.review
    assert review is not None
    assert [(one.condition, one.state) for one in review.account] == [("C2", "asked"), ("C3", "changed"), ("C4", "changed")]
    assert asked(journey) == [FINANCE, LEGAL]


def test_an_amendment_below_the_amount_that_leaves_nobody_to_ask_decides():
    journey = under_review({**LARGE, "reason": "a"})
    for person in ("finance", "legal", "leader"):
        opines(journey, person)
    assert asked(journey) == ["company_leader"]
    amends(journey, "lines", lines=SMALL["lines"])
    opines(journey, "finance")
    opines(journey, "leader")
    assert journey.state.status == "completed"


def test_an_amendment_that_wants_more_people_seats_and_asks_them():
    journey = under_review({**CONTRACT, "kind": "agency"}, kind="business.contract")
    amends(journey, kind="sales")
    assert journey.supporters[-2:] == ["technical", "delivery"]
    assert len(asked(journey)) == 4


def test_an_amendment_while_it_is_paused_counts_too():
    journey = under_review(SMALL)
    opines(journey, "finance")
    journey.tells("pause", "legal", reason="客户内部讨论")
    amends(journey, lines=[{"asked_price": 7, "quantity": 5}])
    journey.tells("resume", "legal")
    assert asked(journey) == [FINANCE, LEGAL]


def test_a_vacant_seat_keeps_nobody_else_from_their_opinion():
    journey = under_review()
    journey.tells("decline", "legal", reason="出差")
    assert journey.state.status == "waiting"
    assert opines(journey, "finance").refusal is None
    assert journey.state.status == "waiting"
    assert [one.by for one in journey.state.review.opinions] == ["finance"]
    journey.changes(
        people=(MARKETER, *REVIEWERS, SECOND, a_person("legal2", "department_reviewer", unit="headquarters", department="legal"))
    )
    journey.wakes()
    assert opines(journey, "legal2").refusal is None
    assert asked(journey) == ["bu_leader"]


def test_a_request_seated_before_there_were_reviews_is_reviewed_with_the_next_thing_that_happens():
    journey = under_review()
    journey.state = journey.state.model_copy(update={"review": None})
    decision = journey.wakes("due")
    assert [type(fact).__name__ for fact in decision.facts] == ["ReviewOpened"]
    assert opines(journey, "finance").refusal is None


def test_who_was_asked_too_hands_their_part_on_rather_than_declining_it():
    journey = under_review()
    asked_too = {"person": "test_head", "role": "test_manager", "beside": LEGAL, "reason": "测试指标"}
    assert journey.tells("ask_also", "finance", **asked_too).refusal is None
    assert code(journey.tells("decline", "test_head", reason="出差")) == "by_transfer"
