"""A bid's journey through routing: planned once people have it, planned again when it has to change, its parts opened once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from services.routing.domain.bidding import room
from services.routing.domain.bidding.children import OPEN_CHILD, identity
from services.routing.domain.bidding.state import Kin
from shared.ledger.messages import Decision, Item, Settled
from shared.schemas.bidding import BidChildOpened, BidChildReturned, BidItemConfirmed, BidPlanned
from shared.schemas.model import Json
from shared.schemas.requests import request_id
from tests.unit.routing.bids import DUE, STARRED, a_bid, a_child, a_journey, a_planned, at, details, part_of
from tests.unit.routing.routing_build import AWAY, MANAGER, NOW, Journey, a_context, an_assigned, an_engineer

ACCEPTED: Json = {"outcome": "accepted", "id": "C1", "number": "BL-C1", "missing": [], "message": None}
RETURNED: Json = {
    "outcome": "returned",
    "id": "C1",
    "number": "BL-C1",
    "missing": ["details.mode"],
    "message": {"zh": "请补充。", "en": "Add what is missing."},
}


def latest(journey: Journey) -> BidPlanned:
    return next(fact for fact in reversed(journey.said) if isinstance(fact, BidPlanned))


def beside(journey: Journey, *kin: Kin) -> None:
    journey.context = replace(journey.context, kin={"R1": kin})


def ends(journey: Journey, item: Item, end: str = "done", **data: Any) -> Decision:
    return journey._take(Settled(subject="R1", item=item, end=end, data=data))  # type: ignore[arg-type]


# -- planning


def test_a_bid_is_planned_as_soon_as_people_have_it_and_then_left_alone():
    journey = a_journey()
    wake = room.look_at(journey.state)
    assert wake is not None
    assert wake < NOW
    decision = journey.wakes("due")
    assert [type(fact) for fact in decision.facts] == [BidPlanned]
    assert (latest(journey).version, latest(journey).cause, latest(journey).plan.verdict) == (1, "assigned", "can")
    assert room.look_at(journey.state) == min(part.due for part in latest(journey).plan.parts)
    assert journey.wakes("due") == Decision()


def test_a_bid_that_nobody_has_and_requests_that_are_none_are_not_planned():
    lacking = Journey(a_context(MANAGER, an_engineer("anna", leave=AWAY)), a_bid())
    lacking.submitted()
    assert (lacking.state.status, room.look_at(lacking.state)) == ("waiting", None)
    assert not [fact for fact in lacking.wakes().facts if isinstance(fact, BidPlanned)]
    survey = an_assigned()
    assert (room.look_at(survey.state), survey.wakes()) == (None, Decision())


def test_a_paused_bid_is_planned_when_it_goes_on():
    journey = a_journey()
    journey.tells("pause", "manager", reason="等客户")
    assert room.look_at(journey.state) is None
    assert journey.wakes() == Decision()
    journey.tells("resume", "manager")
    assert [type(fact) for fact in journey.wakes().facts] == [BidPlanned]


def test_an_amended_deadline_is_planned_anew_and_an_amended_remark_is_not():
    journey = a_planned()
    journey.amended(**{**details(), "pitch_requirements": ["另"]})
    assert journey.wakes() == Decision()
    journey.amended(**details("2027-03-30T09:30:00+08:00", "2027-03-30T14:00:00+08:00"))
    wake = room.look_at(journey.state)
    assert wake is not None
    assert wake < NOW
    journey.wakes("due")
    assert (latest(journey).version, latest(journey).cause) == (2, "amended")
    assert latest(journey).plan.due == at("2027-03-30T09:30:00+08:00")
    assert latest(journey).opening == ()  # what was opened before is not opened again


def test_a_part_that_is_delivered_or_late_changes_the_plan():
    journey = a_planned()
    beside(journey, a_child("survey", "tech.survey", "working", ("anna", "presales_engineer")))
    assert journey.wakes("part_progressed") == Decision()
    beside(journey, a_child("survey", "tech.survey", "completed", ("anna", "presales_engineer")))
    journey.wakes("part_progressed")
    assert (latest(journey).version, latest(journey).cause) == (2, "progress")
    assert part_of(latest(journey).plan, "survey").status == "delivered"
    assert latest(journey).opening == ("proposal",)

    due = room.look_at(journey.state)
    assert due is not None
    journey.changes(now=due)
    journey.wakes("due")
    assert (latest(journey).version, latest(journey).cause) == (3, "late")
    after = room.look_at(journey.state)
    assert after is None or after > due


def test_every_look_that_is_due_moves_the_next_one_on():
    """Whatever happens to it, a bid does not wake for ever at one moment."""
    journey, moments = a_planned(), []
    while (wake := room.look_at(journey.state)) is not None and len(moments) < 20:
        moments.append(wake)
        journey.changes(now=wake)
        assert journey.wakes("due").facts
    assert moments == sorted(set(moments))
    assert 0 < len(moments) < 20


# -- opening the parts


def test_parts_that_wait_for_nothing_are_opened_with_the_plan_each_once():
    journey = a_journey()
    decision = journey.wakes("due")
    assert latest(journey).opening == ("survey", "test", "price", "contract")
    assert [item.data["part"] for item in decision.items] == ["survey", "test", "price", "contract"]
    assert {item.kind for item in decision.items} == {OPEN_CHILD}
    again = a_journey().wakes("due")
    assert [item.id for item in again.items] == [item.id for item in decision.items]


def test_a_part_says_what_the_bid_knows_and_leaves_out_what_it_does_not():
    items = {item.data["part"]: item.data["body"] for item in a_journey().wakes("due").items}
    survey, test, price = items["survey"], items["test"], items["price"]
    assert survey["source"] == {"system": "backline.bid", "reference": "BL-R1/survey"}
    assert (survey["type"], survey["business_unit"], survey["requester"]["id"]) == ("tech.survey", "east", "asker")
    assert survey["opportunity"]["customer"]["name"] == "示例水务集团"
    assert survey["details"]["topics"] == STARRED
    assert not {"where", "mode", "counterparts"} & survey["details"].keys()
    assert test["details"]["feedback"] == {"due": test["needed_by"]}
    assert price["details"]["tender"] == {"opening_date": at(DUE).isoformat()}
    assert request_id("east", "backline.bid", "BL-R1/survey") != request_id("east", "backline.bid", "BL-R1/test")


def test_a_part_that_builds_on_the_survey_names_it_as_evidence():
    journey = a_journey()
    beside(journey, a_child("x", "tech.survey", "completed"))
    items = {item.data["part"]: item.data["body"] for item in journey.wakes("due").items}
    assert "survey" not in items
    value = {"business_unit": "east", "system": "backline.bid", "reference": "BL-R1/x"}
    assert items["proposal"]["evidence"] == [{"precondition": "needs_understood", "kind": "earlier_request", "value": value}]
    beside(journey, a_child("x", "tech.survey", "completed"), a_child("proposal", "tech.proposal", "completed"))
    (pitch,) = journey.wakes("part_progressed").items
    assert pitch.data["body"]["details"]["where"]["place"] == "岚港市三楼"


def test_intakes_verdict_is_a_fact_once():
    journey = a_journey()
    survey, test, price, _ = journey.wakes("due").items
    assert [type(fact) for fact in ends(journey, survey, **ACCEPTED).facts] == [BidChildOpened]
    assert ends(journey, survey, **ACCEPTED) == Decision()
    (returned,) = ends(journey, test, **RETURNED).facts
    assert isinstance(returned, BidChildReturned)
    assert (returned.outcome, returned.missing, returned.message.zh) == ("returned", ("details.mode",), "请补充。")
    (failed,) = ends(journey, price, end="failed").facts
    assert isinstance(failed, BidChildReturned)
    assert (failed.outcome, failed.child) == ("failed", None)
    assert journey.state.bid is not None
    assert {part: child.outcome for part, child in journey.state.bid.children.items()} == {
        "survey": "accepted",
        "test": "returned",
        "price": "failed",
    }


# -- ★ items


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


def test_a_bid_late_in_everything_says_so_and_goes_on():
    journey = a_planned()
    journey.changes(now=at(DUE) + timedelta(days=1))
    journey.wakes("due")
    assert (latest(journey).plan.verdict, latest(journey).plan.faults) == ("cannot", ("due_past",))
    assert room.look_at(journey.state) is None


def test_what_a_withdrawn_bid_has_not_opened_yet_is_not_opened_any_more():
    journey = a_planned()
    assert latest(journey).opening
    assert journey.withdrawn().cancel == tuple(identity("R1", part) for part in latest(journey).opening)
    assert room.look_at(journey.state) is None
