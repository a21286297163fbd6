"""Amounts are whole cents: more places are returned, and what binary numbers add is not taken for places."""

from typing import Any

import pytest

from tests.builders import a_body, judged


@pytest.mark.parametrize("price", [19.995, "19.995", 0.001, 1e-9, "1.0000000001", 1234567.891])
def test_an_amount_of_more_than_two_places_is_returned_with_what_to_do(price: Any):
    body = a_body("market.gift")
    body["details"]["gifts"][0]["unit_price"] = price
    (problem,) = judged(body).verdict.problems
    assert (problem.field, problem.code) == ("details.gifts.0.unit_price", "too_many_places")
    assert "四舍五入" in problem.message.zh
    assert "round it to the cent" in problem.message.en


def test_each_line_of_a_budget_is_judged_so():
    body = a_body("market.event")
    body["details"]["budget"] = {"venue": 1000.125, "meals": 1000.12, "other": "7.005"}
    assert [problem.field for problem in judged(body).verdict.problems] == ["details.budget.venue", "details.budget.other"]


@pytest.mark.parametrize(
    ("price", "kept"), [(0.1 + 0.2, 0.3), (1.1 * 3, 3.3), ("1,200.50", 1200.5), (91, 91.0), (0, 0.0), (2**53 - 1, 2.0**53 - 1)]
)
def test_what_a_program_added_up_in_binary_is_the_amount_that_is_meant(price: Any, kept: float):
    body = a_body("market.gift")
    body["details"]["gifts"][0]["unit_price"] = price
    request = judged(body).request
    assert request is not None
    assert request.details["gifts"][0]["unit_price"] == kept
