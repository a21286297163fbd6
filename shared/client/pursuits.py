"""The pursuit file of an opportunity and the assessment of a bid, as routing answers them; and a bid that is assessed when it is sent."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx

from shared.client.call import Call, Send, Steps, Told, dumped, read, reads, safe
from shared.client.commands import submit
from shared.schemas.bidding import BID, BidPlan
from shared.schemas.model import Frozen, Json
from shared.schemas.requests import Answer, Attachment, Origin
from shared.schemas.routing import Seat
from shared.schemas.status import WorkStatus

WINDOW = ("start", "end", "place", "time_zone")
"""What of a pitch is assessed."""


class Pursued(Frozen):
    id: str
    number: str
    type: str
    source: Origin
    status: WorkStatus
    stage: int | None
    needed_by: datetime | None
    coordinator: Seat | None
    supporters: tuple[Seat, ...]
    files: tuple[Attachment, ...]
    documents: str


class UnitPursuit(Frozen):
    business_unit: str
    name: str
    customer: str
    stage: int | None
    stages: dict[int, tuple[str, ...]]
    people: tuple[str, ...]
    requests: tuple[Pursued, ...]


class Pursuit(Frozen):
    opportunity: str
    units: tuple[UnitPursuit, ...]
    more: bool = False
    next: str | None = None


class Assessed(Frozen):
    plan: BidPlan


class BidAnswer(Frozen):
    """The verdict on a bid, and where it was asked for and could be had the plan: whether its dates can be met."""

    answer: Answer
    plan: BidPlan | None = None


def pursuit(opportunity: str, *, after: str | None = None, limit: int | None = None) -> Call[Pursuit]:
    """A page of the requests of an opportunity, by unit; `after` is the `next` of the page before. `documents` asks for their files."""
    return read("routing", f"/v1/opportunities/{safe(opportunity)}/pursuit", Pursuit, {"after": after, "limit": limit})


def assessment(request: Json) -> Call[Assessed]:
    """Whether the dates of a bid could be met as things stand; `request` is the bid as it would be sent. Nothing is filed by it."""
    headers = {"Content-Type": "application/json"}
    content = dumped(_dates(request))
    return Call(method="POST", service="routing", path="/v1/bids:assess", read=reads(Assessed), headers=headers, content=content)


def submit_bid(request: Json, *, key: str | None = None, assess: bool = False) -> Told[BidAnswer]:
    """As `submit`; with `assess` an accepted bid's answer says whether its dates can be met, by whom, or what would have to move.

    What cannot be assessed now is filed all the same: the plan that routing makes of it is told by mail.
    """
    return Told(_submitted(request, key, assess=assess))


def _submitted(request: Json, key: str | None, *, assess: bool) -> Steps:
    answer: Answer = yield submit(request, key=key)
    if not assess or answer.outcome != "accepted" or request.get("type") != BID:
        return BidAnswer(answer=answer)
    call = assessment(request)
    said = yield Send(call=call)
    plan = call.read(said).plan if isinstance(said, httpx.Response) and said.is_success else None
    return BidAnswer(answer=answer, plan=plan)


def _dates(request: Mapping[str, Any]) -> Json:
    details, opportunity = _object(request.get("details")), _object(request.get("opportunity"))
    pitch = {name: value for name, value in _object(details.get("pitch")).items() if name in WINDOW}
    wanted = {
        "business_unit": request.get("business_unit"),
        "due": details.get("due"),
        "pitch": pitch or None,
        "opportunity": opportunity.get("id"),
        "region": _object(opportunity.get("customer")).get("region"),
        "requester": _object(request.get("requester")).get("id"),
    }
    return {name: value for name, value in wanted.items() if value is not None}


def _object(value: object) -> Json:
    return value if isinstance(value, dict) else {}
