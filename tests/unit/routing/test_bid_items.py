"""The ★ items of a bid: each is confirmed by name, for as long as its text stands, and before the bid is complete."""

import pytest

from services.routing.domain.bidding.reading import starred
from shared.schemas.bidding import BidItemConfirmed
from shared.schemas.model import Json
from tests.unit.routing.bids import STARRED, TEAM, a_bid, a_planned, details
from tests.unit.routing.routing_build import Journey, a_context, an_assigned


def working() -> Journey:
    journey = a_planned()
    for seat in journey.state.supporters:
        journey.tells("accept", seat.person)
    return journey


def test_a_bid_is_complete_only_when_every_starred_item_has_a_name():
    journey = working()
    before = journey.state
    decision = journey.tells("complete", "anna", note="完成")
    assert decision.refusal is not None
    assert (decision.refusal.code, decision.refusal.status) == ("items_unconfirmed", 409)
    assert "还有 2 条" in decision.refusal.message.zh
    assert f"1. {STARRED[0]}；2. {STARRED[2]}" in decision.refusal.message.zh
    assert STARRED[2] in decision.refusal.message.en
    assert STARRED[1] not in decision.refusal.message.zh
    assert journey.state == before
    journey.tells("confirm_item", "anna", item=1, remark="见第 12 页")
    assert "1. " not in (journey.tells("complete", "anna").refusal or decision.refusal).message.zh
    assert [type(fact) for fact in journey.tells("confirm_item", "ben", item=2, remark="实测 2 小时").facts] == [BidItemConfirmed]
    assert journey.tells("complete", "anna").refusal is None
    assert journey.state.status == "completed"


def test_an_item_that_was_amended_is_confirmed_again_and_others_are_not():
    journey = working()
    for item in (1, 2):
        journey.tells("confirm_item", "anna", item=item, remark="已核对")
    journey.amended(**{**details(), "bid_requirements": [STARRED[0], "★停机不超过 2 小时"]})
    refused = journey.tells("complete", "anna").refusal
    assert refused is not None
    assert "2. ★停机不超过 2 小时" in refused.message.zh
    assert STARRED[0] not in refused.message.zh
    assert journey.state.bid is not None
    assert [one.item for one in journey.state.bid.confirmed] == [STARRED[0]]
    journey.amended(**details())
    again = journey.tells("complete", "anna").refusal
    assert again is not None
    assert STARRED[2] in again.message.zh  # who vouched for it before vouched for another bid


def test_of_many_items_the_first_are_named_and_all_are_counted():
    many = [f"★第 {number} 条" for number in range(1, 2001)]
    journey = working()
    journey.amended(**{**details(), "bid_requirements": many})
    refused = journey.tells("complete", "anna").refusal
    assert refused is not None
    for text in (refused.message.zh, refused.message.en):
        assert "2000 " in text
        assert "10. ★第 10 条" in text
        assert "★第 11 条" not in text
    assert [type(fact) for fact in journey.tells("confirm_item", "anna", item=2000, remark="见附件").facts] == [BidItemConfirmed]


@pytest.mark.parametrize(
    ("by", "data", "code"),
    [
        ("manager", {"item": 1, "remark": "可"}, "not_yours"),
        ("asker", {"item": 1, "remark": "可"}, "not_yours"),
        ("nobody", {"item": 1, "remark": "可"}, "unknown_request"),
        ("anna", {"item": 0, "remark": "可"}, "no_such_item"),
        ("anna", {"item": 3, "remark": "可"}, "no_such_item"),
        ("anna", {"item": True, "remark": "可"}, "no_such_item"),
        ("anna", {"item": "★", "remark": "可"}, "no_such_item"),
        ("anna", {"remark": "可"}, "no_such_item"),
        ("anna", {"item": 1, "remark": "  "}, "no_remark"),
        ("anna", {"item": 1, "remark": "可" * 501}, "remark_too_long"),
        ("anna", {"item": 1, "remark": "可", "revision": 1}, "stale_revision"),
    ],
)
def test_a_confirmation_by_the_wrong_person_or_of_nothing_changes_nothing(by: str, data: Json, code: str):
    journey = working()
    before = journey.state
    refusal = journey.tells("confirm_item", by, **data).refusal
    assert refusal is not None
    assert (refusal.code, journey.state) == (code, before)


def test_other_requests_have_no_starred_items():
    survey = an_assigned()
    refusal = survey.tells("confirm_item", "anna" if "anna" in survey.supporters else "ben", item=1, remark="可").refusal
    assert refusal is not None
    assert refusal.code == "no_such_item"


def test_a_starred_line_of_the_pitch_needs_a_name_as_any_other():
    journey = Journey(
        a_context(*TEAM), a_bid(details={**details(), "bid_requirements": ["普通"], "pitch_requirements": ["★项目经理必须到场"]})
    )
    journey.submitted()
    for supporter in journey.supporters:
        journey.tells("accept", supporter)
    refusal = journey.tells("complete", supporter, note="x").refusal
    assert refusal is not None
    assert refusal.code == "items_unconfirmed"
    assert journey.tells("confirm_item", supporter, item=1, remark="到场").facts
    assert journey.tells("complete", supporter, note="x").refusal is None
    both = a_bid(details={**details(), "pitch_requirements": ["★甲", STARRED[0]]})
    assert starred(both, ("★",)) == (STARRED[0], STARRED[2], "★甲")
