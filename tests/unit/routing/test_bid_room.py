"""A bid's journey through routing: planned once people have it, planned again when it has to change, its parts opened once."""

from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args

import pytest

from services.routing.domain import RoutingDomain
from services.routing.domain.bidding import room
from services.routing.domain.bidding.children import OPEN_CHILD, identity
from services.routing.domain.bidding.state import Kin
from services.routing.domain.bidding.telling import is_news, read_of
from services.routing.domain.life import VACANT
from shared.ledger.messages import Decision, Item, Settled
from shared.schemas.bidding import BidChildOpened, BidChildReturned, BidConflict, BidPlanned
from shared.schemas.model import Json, Text
from shared.schemas.requests import Origin
from shared.schemas.status import WorkStatus
from tests.unit.routing.bids import DUE, STARRED, a_bid, a_child, a_journey, a_planned, at, details, part_of
from tests.unit.routing.routing_build import AWAY, MANAGER, NOW, POLICY, Journey, a_context, a_request, an_assigned, an_engineer

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


def an_other(kind: str, status: WorkStatus) -> Kin:
    """A request of the opportunity that somebody of the unit filed."""
    return Kin(request="id-of-another", type=kind, source=Origin(system="crm", reference="S-1"), status=status)


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
    journey.amended(**{**details(), "jury": [{"name": "评委甲"}]})
    assert journey.wakes() == Decision()
    journey.amended(**details("2027-03-30T09:30:00+08:00", "2027-03-30T14:00:00+08:00"))
    wake = room.look_at(journey.state)
    assert wake is not None
    assert wake < NOW
    journey.wakes("due")
    assert (latest(journey).version, latest(journey).cause, latest(journey).news) == (2, "amended", True)
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
    assert not latest(journey).news

    due = room.look_at(journey.state)
    assert due is not None
    journey.changes(now=due)
    journey.wakes("due")
    assert (latest(journey).version, latest(journey).cause, latest(journey).news) == (3, "late", True)
    after = room.look_at(journey.state)
    assert after is None or after > due


@pytest.mark.parametrize("steps", [("survey", "proposal", "price"), ("survey proposal", "price"), ("survey proposal price",)])
def test_however_the_parts_come_on_people_are_told_as_often(steps: tuple[str, ...]):
    """Services that are killed see the same progress in other portions."""
    journey, done = a_planned(), ()
    types = {"survey": "tech.survey", "proposal": "tech.proposal", "price": "business.price"}
    for step in steps:
        done = (*done, *step.split())
        beside(journey, *(a_child(part, types[part], "completed") for part in done))
        assert journey.wakes("part_progressed").facts
    told = [fact for fact in journey.said if isinstance(fact, BidPlanned) and fact.news]
    assert [fact.cause for fact in told] == ["assigned"]
    beside(journey, *(a_child(part, types[part], "completed") for part in done[:-1]))
    journey.wakes("part_progressed")
    assert latest(journey).news is False  # its date is the one that they were told


def test_a_conflict_that_people_were_not_told_of_is_news():
    journey = a_planned()
    assert journey.state.bid is not None
    assert journey.state.bid.plan is not None
    plan = journey.state.bid.plan
    assert not is_news(journey.state.bid.told, plan)
    message = Text(zh="冲突", en="Conflict")
    one = BidConflict(kind="twice", person="anna", parts=("survey", "test"), message=message)
    assert is_news(journey.state.bid.told, plan.model_copy(update={"conflicts": (one,)}))
    assert not is_news(read_of(plan.model_copy(update={"conflicts": (one,)})), plan)
    assert is_news(journey.state.bid.told, plan.model_copy(update={"verdict": "cannot"}))


def test_every_look_that_is_due_moves_the_next_one_on():
    """Whatever happens to it, a bid does not wake for ever at one moment."""
    journey, moments = a_planned(), []
    while (wake := room.look_at(journey.state)) is not None and len(moments) < 20:
        moments.append(wake)
        journey.changes(now=wake)
        assert journey.wakes("due").facts
    assert moments == sorted(set(moments))
    assert 0 < len(moments) < 20


def test_a_look_that_was_due_moves_the_next_on_though_the_plan_is_the_same():
    """The parts may be due later than when the plan was made: a unit moved, or the policy gave them more or less time."""
    journey = a_planned()
    due = room.look_at(journey.state)
    assert due is not None
    bidding = POLICY.bidding
    short = {name: part.model_copy(update={"hours": 1.0}) for name, part in bidding.parts.items()}
    policy = POLICY.model_copy(update={"bidding": bidding.model_copy(update={"parts": short})})
    journey.changes(now=due, policy=policy)
    assert [type(fact) for fact in journey.wakes("due").facts] == [BidPlanned]
    after = room.look_at(journey.state)
    assert after is not None
    assert after > due
    assert not [fact for fact in journey.wakes("due").facts if isinstance(fact, BidPlanned)]


@pytest.mark.parametrize("status", get_args(WorkStatus))
@pytest.mark.parametrize("stale", [True, False])
def test_only_a_bid_that_people_have_is_ever_looked_at(status: WorkStatus, stale: bool):
    """And each look leaves nothing that is due: neither a withdrawn nor a completed bid wakes for ever."""
    journey = a_planned()
    assert journey.state.bid is not None
    bid = journey.state.bid.model_copy(update={"stale": stale, "look_at": NOW - timedelta(days=1)})
    journey.state = journey.state.model_copy(update={"status": status, "bid": bid})
    if status in VACANT:
        journey.state = journey.state.model_copy(update={"supporters": ()})
    if status not in {"assigned", "working"}:
        assert room.look_at(journey.state) is None
        assert room.look(journey.state, "R1", journey.context) == Decision()
        return
    assert journey.wakes("due").facts
    after = room.look_at(journey.state)
    assert after is not None
    assert after > NOW


def test_a_withdrawn_bid_has_nothing_to_wake_for():
    journey = a_planned()
    journey.withdrawn()
    assert journey.state.status == "withdrawn"
    assert RoutingDomain().wake_at(journey.state) is None
    assert not journey.wakes("due").facts


def test_a_bid_late_in_everything_says_so_and_goes_on():
    journey = a_planned()
    journey.changes(now=at(DUE) + timedelta(days=1))
    journey.wakes("due")
    assert (latest(journey).plan.verdict, latest(journey).plan.faults) == ("cannot", ("due_past",))
    assert room.look_at(journey.state) is None


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
    assert survey["source"] == {"system": "backline.bid", "reference": "R1/survey"}
    assert (survey["type"], survey["business_unit"], survey["requester"]["id"]) == ("tech.survey", "east", "asker")
    assert survey["opportunity"]["customer"]["name"] == "示例水务集团"
    assert survey["details"]["topics"] == STARRED
    assert not {"where", "mode", "counterparts"} & survey["details"].keys()
    assert test["details"]["feedback"] == {"due": test["needed_by"]}
    assert price["details"]["tender"] == {"opening_date": at(DUE).isoformat()}
    assert survey["extra"] == {"bid": "BL-R1"}


def test_a_part_that_builds_on_the_survey_names_it_as_evidence():
    journey = a_journey()
    beside(journey, an_other("tech.survey", "completed"))
    items = {item.data["part"]: item.data["body"] for item in journey.wakes("due").items}
    assert "survey" not in items
    value = {"business_unit": "east", "system": "crm", "reference": "S-1"}
    assert items["proposal"]["evidence"] == [{"precondition": "needs_understood", "kind": "earlier_request", "value": value}]
    beside(journey, an_other("tech.survey", "completed"), a_child("proposal", "tech.proposal", "completed"))
    (pitch,) = journey.wakes("part_progressed").items
    assert pitch.data["body"]["details"]["where"]["place"] == "岚港市三楼"


def test_what_others_filed_is_no_evidence_for_whoever_may_not_see_it():
    """Our own service may see everything, so that what it names would prove anything for anybody."""
    outsider = a_request().requester.model_copy(update={"id": "outsider"})
    journey = a_journey(requester=outsider)
    beside(journey, an_other("tech.survey", "completed"))
    items = {item.data["part"]: item.data["body"] for item in journey.wakes("due").items}
    assert items["proposal"]["evidence"] == []
    own = a_journey(requester=outsider)
    beside(own, a_child("survey", "tech.survey", "completed"))
    items = {item.data["part"]: item.data["body"] for item in own.wakes("due").items}
    value = {"business_unit": "east", "system": "backline.bid", "reference": "R1/survey"}
    assert [one["value"] for one in items["proposal"]["evidence"]] == [value]


def test_a_request_of_another_type_is_not_the_part_whose_reference_it_has():
    journey = a_journey()
    beside(journey, a_child("price", "tools.gift", "completed"))
    journey.wakes("due")
    assert part_of(latest(journey).plan, "price").status == "planned"
    assert part_of(latest(journey).plan, "price").request is None


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


def test_what_a_withdrawn_bid_has_not_opened_yet_is_not_opened_any_more():
    journey = a_planned()
    assert latest(journey).opening
    assert journey.withdrawn().cancel == tuple(identity("R1", part) for part in latest(journey).opening)
    assert room.look_at(journey.state) is None
