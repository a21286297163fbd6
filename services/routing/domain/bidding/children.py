"""The requests that a bid opens, and amends when it is amended: what is known of each from the bid, in the name of its requester. Pure."""

import hashlib
from datetime import datetime
from typing import Any

from services.routing.domain.bidding.filling import filled
from services.routing.domain.bidding.plan import Question
from services.routing.domain.bidding.policy import BiddingPolicy
from shared.ledger.messages import Item
from shared.schemas.bidding import BidPart
from shared.schemas.model import Json
from shared.schemas.requests import number_of

OPEN_CHILD, AMEND_CHILD = "open_child", "amend_child"
"""The kinds of the items that submit a part to intake, and that amend it there."""
OWN = ("business_unit", "source", "type", "evidence")
"""What no amendment of a part touches: its identity, its type, and what was proved with it."""


def item(subject: str, question: Question, part: BidPart, policy: BiddingPolicy, bid_due: datetime | None) -> Item:
    """Submitting `part`. Its id follows from bid and part, so that it is planned once whatever is planned again."""
    filed = body(question, part.part, part.due, policy, bid_due)
    data = {"part": part.part, "label": part.label.model_dump(), "body": filed}
    return Item(id=identity(subject, part.part), kind=OPEN_CHILD, data=data)


def amendment(subject: str, part: BidPart, changes: Json, version: int) -> Item:
    """Amending the request of `part` by version `version` of the plan."""
    data = {"part": part.part, "label": part.label.model_dump(), "needed_by": part.due.isoformat(), "body": changes}
    return Item(id=identity(subject, part.part, version), kind=AMEND_CHILD, data=data)


def identity(subject: str, part: str, version: int = 0) -> str:
    """The id of the item that submits `part` of the bid, or amends it by a `version` of the plan."""
    name = f"{subject}|{AMEND_CHILD}|{part}|{version}" if version else f"{subject}|{OPEN_CHILD}|{part}"
    return hashlib.sha256(name.encode()).hexdigest()[:32]


def body(question: Question, part: str, due: datetime, policy: BiddingPolicy, bid_due: datetime | None) -> Json:
    """The request, due at `due`, as intake takes it. What the bid does not know is left out: intake asks its requester for it."""
    request, plain = question.request, policy.parts[part]
    opportunity = request.opportunity.model_dump(mode="json", exclude_none=True) if request.opportunity else None
    whole = {
        "type": plain.type,
        "business_unit": request.business_unit,
        "requester": request.requester.model_dump(),
        "source": question.source(part).model_dump(),
        "opportunity": opportunity,
        "needed_by": due.isoformat(),
        "priority": request.priority,
        "locale": request.locale,
        "details": filled(question.subject, request, plain, due, bid_due),
        "evidence": [one for name, other in plain.proves.items() if (one := _evidence(question, name, other, policy))],
        "extra": {"bid": number_of(question.subject)},
    }
    return {name: value for name, value in whole.items() if value is not None}


def changes(before: Json, after: Json) -> Json | None:
    """What makes the part that was filled as `before` one that is filled as `after` (JSON Merge Patch), under its identity; None
    where nothing does. Whatever people wrote into other fields of it stays.
    """
    patch = _patch(*({name: value for name, value in one.items() if name not in OWN} for one in (before, after)))
    return {**patch, "business_unit": after["business_unit"], "source": after["source"]} if patch else None


def _patch(before: Json, after: Json) -> Json:
    patch: dict[str, Any] = {name: None for name in before if name not in after}
    for name, value in after.items():
        was = before.get(name)
        if value == was:
            continue
        patch[name] = _patch(was, value) if isinstance(value, dict) and isinstance(was, dict) else value
    return patch


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
