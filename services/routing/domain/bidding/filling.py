"""What a part is filled with from its bid. Pure."""

from datetime import datetime
from typing import Any

from services.routing.domain.bidding.policy import Part
from shared.schemas.model import Json
from shared.schemas.requests import Request, number_of

NONE = object()
COPIED = ("due", "pitch", "bid_requirements", "pitch_requirements")
"""The bid's own fields that parts are filled with."""


def filled(subject: str, request: Request, part: Part, due: datetime, bid_due: datetime | None) -> Json:
    """The details of `part`, which is due at `due`. What the bid does not know is left out."""
    details = _filled(part.fill, _known(subject, request, part, due, bid_due))
    return {} if details is NONE else dict(details)


def copied(request: Request) -> tuple[object, ...]:
    """All of the bid that its parts say too, their dates apart."""
    details = tuple(request.details.get(name) for name in COPIED)
    return details, request.requester, request.opportunity, request.priority, request.locale


def _known(subject: str, request: Request, part: Part, due: datetime, bid_due: datetime | None) -> Json:
    opportunity, number = request.opportunity, number_of(subject)
    project = opportunity.name if opportunity else None
    aim = f"{part.en} for bid {number}" if request.locale == "en" else f"为投标 {number} 准备{part.zh}"
    return {
        "due": due.isoformat(),
        "bid_due": bid_due.isoformat() if bid_due else None,
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
        found = {name: one for name, each in value.items() if (one := _filled(each, known)) is not NONE}
        return found if found or not value else NONE
    if isinstance(value, str) and value.startswith("$"):
        known_value = known.get(value[1:])
        return NONE if known_value is None else known_value
    return value
