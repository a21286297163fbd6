"""An amended bid amends its open parts by itself, each once and in order, and says so where it cannot."""

from dataclasses import replace
from datetime import datetime
from typing import Any

from services.routing.domain.bidding import room
from services.routing.domain.bidding.children import AMEND_CHILD, body, changes
from services.routing.domain.bidding.plan import Question
from services.routing.domain.bidding.state import Bid, Kin
from shared.ledger.messages import Decision, Item, Settled
from shared.schemas.bidding import BidChildAmended, BidChildReturned, BidPlanned
from shared.schemas.intake import AmendmentRequested
from shared.schemas.requests import Customer, FieldChange, Opportunity
from tests.unit.routing.bids import STARRED, a_bid, a_child, a_planned, at, details, part_of, the_plan
from tests.unit.routing.routing_build import ACCEPTED, NOW, PACK, POLICY, Journey

EARLIER = details("2027-03-23T09:30:00+08:00", "2027-03-23T14:00:00+08:00")
EARLIER_STILL = details("2027-03-22T09:30:00+08:00", "2027-03-22T14:00:00+08:00")
TAKEN = {"outcome": "accepted", "id": "C1", "number": "BL-C1", "missing": [], "message": None, "amended": True}


def latest(journey: Journey) -> BidPlanned:
    return next(fact for fact in reversed(journey.said) if isinstance(fact, BidPlanned))


def ends(journey: Journey, item: Item, end: str = "done", **data: Any) -> Decision:
    return journey._take(Settled(subject="R1", item=item, end=end, data=data))  # type: ignore[arg-type]


def opened(**changes: Any) -> Journey:
    """A planned bid whose first parts intake has taken."""
    journey = a_planned(**changes)
    for part in latest(journey).opening:
        label = part_of(latest(journey).plan, part).label.model_dump()
        item = Item(id=f"open-{part}", kind="open_child", data={"part": part, "label": label, "body": {}})
        ends(journey, item, outcome="accepted", id=f"id-of-{part}", number=f"BL-{part}", missing=[], message=None)
    return journey


def amends(journey: Journey) -> dict[str, Item]:
    """By part, the amendments that the next look plans."""
    return {item.data["part"]: item for item in journey.wakes("due").items if item.kind == AMEND_CHILD}


def asked(part: str, kind: str, needed_by: datetime, status: Any = "working") -> Kin:
    return replace(a_child(part, kind, status), needed_by=needed_by)


def beside(journey: Journey, *kin: Kin) -> None:
    journey.context = replace(journey.context, kin={"R1": kin})


def test_an_earlier_deadline_amends_every_open_part_to_the_date_that_the_plan_gives_it():
    journey = opened()
    journey.amended(**EARLIER)
    items = amends(journey)
    plan = latest(journey).plan
    assert latest(journey).amending == ("survey", "test", "price", "contract") == tuple(items)
    assert latest(journey).opening == ()
    for part, item in items.items():
        patch, due = item.data["body"], part_of(plan, part).due.isoformat()
        assert patch["needed_by"] == due
        assert patch["source"] == {"system": "backline.bid", "reference": f"R1/{part}"}
        assert patch["business_unit"] == "east"
        assert not {"type", "requester", "evidence"} & patch.keys()
    assert items["test"].data["body"]["details"] == {"feedback": {"due": part_of(plan, "test").due.isoformat()}}
    assert items["price"].data["body"]["details"] == {"tender": {"opening_date": at(EARLIER["due"]).isoformat()}}
    assert "details" not in items["survey"].data["body"]
    assert plan.verdict == "can"


def test_what_a_part_copied_is_amended_and_nothing_else_of_it():
    journey = opened()
    journey.amended(**{**details(), "bid_requirements": [*STARRED, "新增要求"]})
    items = amends(journey)
    assert set(items) == {"survey"}
    wanted = [*STARRED, "新增要求"]
    assert items["survey"].data["body"]["details"] == {"topics": wanted, "requirements": wanted}
    assert "needed_by" not in items["survey"].data["body"]
    assert latest(journey).news is False


def test_a_tender_number_that_comes_later_reaches_the_price_request():
    journey = opened()
    opportunity = Opportunity(id="O1", name="智慧水务二期", customer=Customer(name="示例水务集团"), tender_no="T-9")
    request = journey.request.model_copy(update={"opportunity": opportunity})
    field = FieldChange(field="opportunity.tender_no", after="T-9")
    journey.hears(AmendmentRequested(by="asker", request=request, changes=(field,), verdict=ACCEPTED))
    assert amends(journey)["price"].data["body"]["details"] == {"tender": {"tender_no": "T-9"}}


def test_a_part_that_is_done_or_not_opened_or_filed_by_others_is_not_amended():
    journey = opened()
    done = a_child("test", "tech.test", "completed", ("tess", "test_engineer"))
    beside(journey, done, a_child("price", "business.price", "working"))
    journey.amended(**EARLIER)
    assert set(amends(journey)) == {"survey", "price", "contract"}


def test_an_amendment_is_planned_once_and_said_when_it_is_taken():
    journey = opened()
    journey.amended(**EARLIER)
    first = amends(journey)
    assert amends(journey) == {}
    again = opened()
    again.amended(**EARLIER)
    assert {part: item.id for part, item in amends(again).items()} == {part: item.id for part, item in first.items()}
    (fact,) = ends(journey, first["survey"], **TAKEN).facts
    assert isinstance(fact, BidChildAmended)
    assert fact.needed_by == part_of(latest(journey).plan, "survey").due
    assert ends(journey, first["survey"], **TAKEN) == Decision()


def test_of_two_amendments_the_later_is_sent_when_the_first_has_ended():
    """Else one that is slow could come last, and leave a part on dates that are no longer so."""
    journey = opened()
    journey.amended(**EARLIER)
    first = amends(journey)
    journey.amended(**EARLIER_STILL)
    assert room.look_at(journey.state) is None
    assert journey.wakes("due") == Decision()
    for item in first.values():
        assert room.look_at(journey.state) is None
        ends(journey, item, **TAKEN)
    wake = room.look_at(journey.state)
    assert wake is not None
    assert wake < NOW
    second = amends(journey)
    assert set(second) == set(first)
    assert {item.id for item in second.values()}.isdisjoint(item.id for item in first.values())


def test_a_part_that_intake_did_not_take_is_not_amended_and_one_under_way_is():
    journey = a_planned()
    survey = Item(id="x", kind="open_child", data={"part": "survey", "label": {"zh": "调研", "en": "Survey"}, "body": {}})
    ends(journey, survey, end="failed")
    journey.amended(**EARLIER)
    assert set(amends(journey)) == {"test", "price", "contract"}


def test_an_amendment_that_is_refused_is_told_and_the_plan_says_by_when_the_part_is_asked_for():
    journey = opened()
    before = part_of(latest(journey).plan, "survey").due
    beside(journey, asked("survey", "tech.survey", before))
    journey.amended(**EARLIER)
    survey = amends(journey)["survey"]
    assert latest(journey).plan.verdict == "can"  # as long as it is on its way
    why = {"zh": "来不及。", "en": "Too soon."}
    (fact,) = ends(journey, survey, outcome="returned", id="C1", number="BL-C1", missing=["needed_by"], message=why).facts
    assert isinstance(fact, BidChildReturned)
    assert (fact.amending, fact.missing, fact.message.en[:9]) == (True, ("needed_by",), "Too soon.")
    assert "手工变更" in fact.message.zh
    for part in ("test", "price", "contract"):
        ends(journey, replace(survey, data=survey.data | {"part": part}), **TAKEN)
    assert journey.wakes("due").facts
    plan = latest(journey).plan
    assert (plan.verdict, latest(journey).news) == ("only_if", True)
    assert part_of(plan, "survey").asked == before
    assert "“Survey” is asked for by 2027-03-" in plan.message.en
    assert "“需求调研”的申请写明 2027-03-" in plan.message.zh
    beside(journey, asked("survey", "tech.survey", part_of(plan, "survey").due))
    journey.changes(now=part_of(plan, "survey").latest_start)
    assert part_of(latest(journey).plan, "survey").asked is not None
    journey.amended(**details("2027-03-22T10:00:00+08:00", "2027-03-22T14:00:00+08:00"))
    journey.wakes("due")
    assert part_of(latest(journey).plan, "survey").asked is None


def test_a_part_that_ends_in_doubt_is_told_as_one_that_was_not_amended():
    journey = opened()
    journey.amended(**EARLIER)
    (fact,) = ends(journey, amends(journey)["survey"], end="failed").facts
    assert isinstance(fact, BidChildReturned)
    assert (fact.amending, fact.child, fact.number) == (True, "id-of-survey", "BL-survey")


def test_a_part_that_is_asked_for_too_late_is_no_plan_that_can_be_met():
    due = part_of(the_plan(), "survey").due
    late = asked("survey", "tech.survey", at("2027-03-25T09:00:00+08:00"))
    made = the_plan(None, late)
    assert (made.verdict, part_of(made, "survey").asked) == ("only_if", late.needed_by)
    for kin, bid in (
        (asked("survey", "tech.survey", due), Bid()),
        (late, Bid(amending=("survey",))),
        (late, Bid(amended={"survey": due})),
    ):
        assert the_plan(None, kin, bid=bid).verdict == "can"
    others = replace(late, source=late.source.model_copy(update={"system": "crm"}))
    assert the_plan(None, others, bid=Bid(amending=("survey",))).verdict == "only_if"


def test_dates_that_no_part_can_be_placed_by_amend_nothing_and_the_next_ones_do():
    journey = opened()
    journey.amended(**details("2027-02-01T09:30:00+08:00"))
    assert amends(journey) == {}
    assert latest(journey).plan.verdict == "cannot"
    journey.amended(**EARLIER)
    assert set(amends(journey)) == {"survey", "test", "price", "contract"}


def test_a_customer_in_another_region_is_planned_anew():
    journey = opened()
    moved = journey.request.model_copy(update={"opportunity": _in_region(journey, "north")})
    field = FieldChange(field="opportunity.customer.region", after="north")
    journey.hears(AmendmentRequested(by="asker", request=moved, changes=(field,), verdict=ACCEPTED))
    assert journey.state.bid is not None
    assert journey.state.bid.stale
    unopened = a_planned()
    assert unopened.state.bid is not None
    bid = unopened.state.bid.model_copy(update={"opening": ()})
    unopened.state = unopened.state.model_copy(update={"bid": bid})
    unopened.hears(AmendmentRequested(by="asker", request=moved, changes=(field,), verdict=ACCEPTED))
    assert unopened.state.bid is not None
    assert unopened.state.bid.stale


def test_a_bid_that_was_planned_before_dates_of_parts_were_kept_amends_them_too():
    journey = opened()
    assert journey.state.bid is not None
    journey.state = journey.state.model_copy(update={"bid": journey.state.bid.model_copy(update={"dues": {}})})
    journey.amended(**EARLIER)
    assert set(amends(journey)) == {"survey", "test", "price", "contract"}


def test_a_field_that_the_bid_says_no_more_is_taken_back():
    def filed(**given: Any) -> dict[str, Any]:
        question = Question(subject="R1", request=a_bid(details=details() | given), pin=PACK.pin, bid=Bid())
        return body(question, "survey", NOW, POLICY.bidding, NOW)

    patch = changes(filed(), filed(bid_requirements=None))
    assert patch is not None
    assert patch["details"] == {"topics": None, "requirements": None}
    assert changes(filed(), filed()) is None


def _in_region(journey: Journey, region: str) -> Opportunity:
    known = journey.request.opportunity
    assert known is not None
    return known.model_copy(update={"customer": known.customer.model_copy(update={"region": region})})


def test_withdrawing_the_bid_withdraws_what_amends_its_parts_and_what_became_of_it_is_told_nobody():
    journey = opened()
    journey.amended(**EARLIER)
    items = amends(journey)
    decision = journey.withdrawn()
    assert {item.id for item in items.values()} <= set(decision.cancel)
    assert ends(journey, items["survey"], end="failed").facts == ()
