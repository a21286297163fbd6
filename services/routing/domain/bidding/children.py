"""The requests that a bid opens: what is known of each from the bid, filed in the name of the bid's requester. Pure."""

import hashlib
from typing import Any

from services.routing.domain.bidding.plan import Question
from services.routing.domain.bidding.policy import BiddingPolicy
from shared.ledger.messages import Item
from shared.schemas.bidding import BidPart, BidPlan
from shared.schemas.model import Json
from shared.schemas.requests import Request, number_of

OPEN_CHILD = "open_child"
"""The kind of the items that submit a part to intake."""
NONE = object()


def item(subject: str, question: Question, part: BidPart, policy: BiddingPolicy, made: BidPlan) -> Item:
    """Submitting `part`. Its id follows from bid and part, so that it is planned once whatever is planned again."""
    data = {"part": part.part, "label": part.label.model_dump(), "body": body(question, part, policy, made)}
    return Item(id=identity(subject, part.part), kind=OPEN_CHILD, data=data)


def identity(subject: str, part: str) -> str:
    """The id of the item that submits `part` of the bid."""
    return hashlib.sha256(f"{subject}|{OPEN_CHILD}|{part}".encode()).hexdigest()[:32]


def body(question: Question, part: BidPart, policy: BiddingPolicy, made: BidPlan) -> Json:
    """The request as intake takes it. What the bid does not know is left out: intake asks its requester for it."""
    request, plain = question.request, policy.parts[part.part]
    opportunity = request.opportunity.model_dump(mode="json", exclude_none=True) if request.opportunity else None
    details = _filled(plain.fill, _known(request, part, made, number_of(question.subject)))
    filled = {
        "type": part.type,
        "business_unit": request.business_unit,
        "requester": request.requester.model_dump(),
        "source": question.source(part.part).model_dump(),
        "opportunity": opportunity,
        "needed_by": part.due.isoformat(),
        "priority": request.priority,
        "locale": request.locale,
        "details": {} if details is NONE else details,
        "evidence": [one for name, other in plain.proves.items() if (one := _evidence(question, name, other, policy))],
        "extra": {"bid": number_of(question.subject)},
    }
    return {name: value for name, value in filled.items() if value is not None}


def _known(request: Request, part: BidPart, made: BidPlan, number: str) -> Json:
    opportunity = request.opportunity
    project = opportunity.name if opportunity else None
    aim = f"{part.label.en} for bid {number}" if request.locale == "en" else f"为投标 {number} 准备{part.label.zh}"
    return {
        "due": part.due.isoformat(),
        "bid_due": made.due.isoformat() if made.due else None,
        "requirements": request.details.get("bid_requirements"),
        "pitch_requirements": request.details.get("pitch_requirements"),
        "pitch": request.details.get("pitch"),
        "project": project,
        "purpose": f"{aim}: {project}" if project and request.locale == "en" else f"{aim}：{project}" if project else aim,
        "tender_no": opportunity.tender_no if opportunity else None,
    }


def _filled(value: Any, known: Json) -> Any:
    """`value` with what its references stand for; what is not known is left out."""
    if isinstance(value, dict):
        filled = {name: found for name, one in value.items() if (found := _filled(one, known)) is not NONE}
        return filled if filled or not value else NONE
    if isinstance(value, str) and value.startswith("$"):
        found = known.get(value[1:])
        return NONE if found is None else found
    return value


def _evidence(question: Question, precondition: str, part: str, policy: BiddingPolicy) -> Json | None:
    """The request of `part`. One that others filed is named only for whoever may see it: it is told in the requester's name, and
    our own service would have it prove anything.
    """
    found = question.request_of(part, policy.parts[part])
    source = found.source if found else question.source(part)
    if source != question.source(part) and not question.within:
        return None
    value = {"business_unit": question.request.business_unit, **source.model_dump()}
    return {"precondition": precondition, "kind": "earlier_request", "value": value}
