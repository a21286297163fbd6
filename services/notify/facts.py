"""From events to the plain data that messages show: the request's facts and what one event adds. Never a personal value.

A personal field is a pointer in every event, so it is no plain value and is left out here by its shape.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from pydantic import BaseModel

from services.notify.reviewing import REVIEWS, review_particulars
from services.notify.state import Facts, State
from shared.schemas import bidding, clashes, intake, links, routing
from shared.schemas.envelope import Event
from shared.schemas.model import Json
from shared.schemas.registry import MODELS
from shared.schemas.requests import FieldChange, PolicyPin, Request

LONGEST_TEXT = 1000
MAIL_SYSTEM = "mail"
"""The source system of requests that came by mail: their reference is the mail's Message-ID."""
NOT_UNDERSTOOD = "not_understood"
MOST_UNREAD = 20
MOST_ENTRIES = 50
ABOUT_WORK = {"by", "role", "step", "reason", "note", "missing", "cause", "holder", "person", "rating", "clock", "due"}
ABOUT_ABSENCES = {"since", "until", "left"}
ABOUT_CLASHES = {"other_unit", "call", "resolution"}
ABOUT_DOCUMENTS = {"document", "kind", "name", "media_type", "language", "size", "version", "problem", "cause"}


def facts_of(request: Request, policy: PolicyPin | None, deadline_paths: Iterable[str]) -> Facts:
    """What messages show of `request`; the deadline is the first of `deadline_paths` that holds a time with an offset."""
    opportunity = request.opportunity
    field, deadline = next(((path, moment) for path in deadline_paths if (moment := _moment(request, path))), (None, None))
    return Facts(
        type=request.type,
        business_unit=request.business_unit,
        requester=request.requester.id,
        source=request.source,
        opportunity=opportunity.name if opportunity else None,
        customer=opportunity.customer.name if opportunity else None,
        deadline=deadline,
        deadline_field=field,
        priority=request.priority,
        locale=request.locale,
        policy=policy,
    )


def params_of(state: State, event: Event) -> Json:
    """All that a message about `event` shows, as plain JSON: request, seats and particulars. People are ids."""
    request = state.request.model_dump(mode="json") if state.request else {}
    seats = [seat.model_dump(mode="json", include={"person", "role", "step", "skill"}) for seat in state.seats]
    return {"request": request, "seats": seats, "particulars": particulars(event)}


def particulars(event: Event) -> Json:
    """What only this event says; empty for types that add nothing to the request's facts."""
    said = event.read_as(MODELS[event.type])
    return _of_intake(said) if event.source == "intake" else _of_others(event.type, said)


def _of_intake(said: BaseModel) -> Json:
    match said:
        case intake.RequestReturned():
            return _returned(said) | _unread(said.request)
        case intake.RequestRejected(verdict=verdict):
            return {"reason": verdict.reason or "", "message": verdict.message.model_dump()}
        case intake.RequestSubmitted(request=request):
            return _unread(request)
        case intake.EvidenceAsked(owed=owed) | intake.EvidenceOverdue(owed=owed):
            return {"preconditions": [_owed(one) for one in owed[:MOST_ENTRIES]]}
        case intake.EvidenceSettled(label=label, state=state):
            return {"label": label.model_dump(), "state": state}
        case intake.PreconditionWaived(label=label):
            return {**_by_fields(said), "label": label.model_dump()}
        case _:
            return _by_fields(said)


def _of_others(kind: str, said: BaseModel) -> Json:
    match said:
        case routing.AssignmentWaiting(step=step, reason=reason, decisions=decisions):
            return {"step": step, "reason": reason, "roles": list(dict.fromkeys(decision.role for decision in decisions))}
        case routing.RequestAmended():
            return _amended(said)
        case _ if kind in REVIEWS:
            return review_particulars(said) | _by_fields(said)
        case clashes.ClashFound() | clashes.ClashResolved():
            return {**_by_fields(said), **said.model_dump(mode="json", include=ABOUT_CLASHES)}
        case links.LinkedRequestAwaited() | links.LinkedRequestFailed() | links.LinkedRequestDecided():
            return {"standing": said.standing, "why": said.reason.model_dump()}
        case bidding.BidPlanned() | bidding.BidChildReturned():
            return _of_bid(said)
        case _:
            return _by_fields(said)


def _by_fields(said: BaseModel) -> Json:
    """Who acted, in which part, what they wrote, or which document it is, for the events that are made of just these."""
    plain = said.model_dump(mode="json", include=ABOUT_WORK | ABOUT_ABSENCES | ABOUT_DOCUMENTS)
    return {name: shortened(value) if isinstance(value, str) else value for name, value in plain.items()}


def _returned(said: intake.RequestReturned) -> Json:
    missing = [verdict for verdict in said.verdict.preconditions if verdict.state == "missing"]
    problems = [{"field": problem.field, "message": problem.message.model_dump()} for problem in said.verdict.problems]
    preconditions = [
        {"label": verdict.label.model_dump(), "message": verdict.message.model_dump() if verdict.message else None}
        for verdict in missing
    ]
    return {"problems": problems[:MOST_ENTRIES], "preconditions": preconditions[:MOST_ENTRIES]}


def _owed(one: intake.Owed) -> Json:
    """Which evidence, and since when it is due."""
    due = f"{one.due:%Y-%m-%d %H:%M} (UTC{one.due:%z})"
    return {"label": one.label.model_dump(), "message": {"zh": f"应于 {due} 前补交", "en": f"it was due by {due}"}}


def _unread(request: Request) -> Json:
    """What of a mail was no field that anybody knows; nothing for a request that was understood whole."""
    lines = request.extra.get(NOT_UNDERSTOOD) if request.source.system == MAIL_SYSTEM else None
    texts = [shortened(line, 120) for line in lines if isinstance(line, str)] if isinstance(lines, list) else []
    return {"unread": texts[:MOST_UNREAD]} if texts else {}


def _of_bid(said: bidding.BidPlanned | bidding.BidChildReturned) -> Json:
    """Which part lacks something; or whether the dates can be met, and by when each part that is still to come is due."""
    if isinstance(said, bidding.BidChildReturned):
        shown = {"label": said.label.model_dump(), "message": said.message.model_dump(), "number": said.number or ""}
        return shown | ({"amending": True, "due": said.model_dump(mode="json")["needed_by"]} if said.amending else {})
    left = (part for part in said.plan.parts if part.status not in {"delivered", "withdrawn"})
    parts = [{"label": part.label.model_dump(), "due": part.due.isoformat()} for part in left]
    return {"version": said.version, "cause": said.cause, "verdict": said.plan.message.model_dump(), "parts": parts}


def _amended(said: routing.RequestAmended) -> Json:
    return {"version": said.version, "changes": [_change(change) for change in said.changes[:MOST_ENTRIES]]}


def _change(change: FieldChange) -> Json:
    """The field, and its values where both are short plain ones."""
    plain = all(value is None or isinstance(value, str | int | float | bool) for value in (change.before, change.after))
    shown = {"before": _plain(change.before), "after": _plain(change.after)} if plain else {"before": "", "after": ""}
    return {"field": change.field, **shown}


def _plain(value: object) -> str:
    return "" if value is None else shortened(str(value), 120)


def shortened(text: str, longest: int = LONGEST_TEXT) -> str:
    """`text` in at most `longest` characters; a cut is marked."""
    return text if len(text) <= longest else text[: longest - 1] + "…"


def _moment(request: Request, path: str) -> datetime | None:
    value: Any = request
    for part in path.split("."):
        value = value.get(part) if isinstance(value, dict) else getattr(value, part, None)
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            return None
    return value if isinstance(value, datetime) and value.tzinfo else None
