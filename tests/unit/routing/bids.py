"""Bids on their way through routing's real domain, and the people they need."""

from datetime import datetime
from typing import Any

from services.routing.domain.bidding.plan import Question, plan
from services.routing.domain.bidding.reading import wanted
from services.routing.domain.bidding.state import Bid, Kin
from services.routing.domain.context import Context
from shared.schemas.bidding import SOURCE_SYSTEM, BidPart, BidPlan
from shared.schemas.model import Json
from shared.schemas.requests import Origin, Request
from shared.schemas.status import WorkStatus
from tests.unit.routing.routing_build import (
    MANAGER,
    MARKETER,
    PACK,
    REVIEWERS,
    Journey,
    a_context,
    a_person,
    a_request,
    an_engineer,
)

TEAM = (
    MANAGER,
    MARKETER,
    an_engineer("anna"),
    an_engineer("ben"),
    a_person("tess", "test_engineer"),
    a_person("tom", "test_manager"),
    *REVIEWERS,
)
DUE, PITCH = "2027-03-26T09:30:00+08:00", "2027-03-26T14:00:00+08:00"
STARRED = ["12 项★条款逐条响应", "技术册 300 页以内", "★停机不超过 4 小时"]


def details(due: object = DUE, pitch: object = PITCH, **window: Any) -> Json:
    return {
        "bid_requirements": STARRED,
        "due": due,
        "pitch_requirements": ["讲解 20 分钟"],
        "pitch": {"start": pitch, "end": pitch, "place": "岚港市三楼", "time_zone": "Asia/Shanghai", **window},
    }


def a_bid(**changes: Any) -> Request:
    return a_request("tech.bid", **{"details": details(), **changes})


def the_plan(context: Context | None = None, *kin: Kin, bid: Bid | None = None, **changes: Any) -> BidPlan:
    """The plan of a bid as it stands."""
    request, context = a_bid(**changes), context or a_context(*TEAM)
    question = Question(subject="R1", request=request, pin=PACK.pin, bid=bid or Bid(), kin=kin)
    return plan(question, wanted(request, context), context)


def a_journey(**changes: Any) -> Journey:
    """A bid that people have, which has yet to be planned."""
    journey = Journey(a_context(*TEAM), a_bid(**changes))
    journey.submitted()
    assert journey.state.status == "assigned"
    return journey


def a_planned(**changes: Any) -> Journey:
    journey = a_journey(**changes)
    journey.wakes("due")
    return journey


def a_child(part: str, kind: str, status: WorkStatus, *people: tuple[str, str]) -> Kin:
    source = Origin(system=SOURCE_SYSTEM, reference=f"R1/{part}")
    return Kin(request=f"id-of-{part}", type=kind, source=source, status=status, people=people)


def part_of(made: BidPlan, name: str) -> BidPart:
    return next(part for part in made.parts if part.part == name)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)
