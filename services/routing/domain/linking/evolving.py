"""How what is kept of a named request follows from what is said. Pure."""

from datetime import datetime, timedelta
from typing import Protocol

from services.routing.domain.linking.state import Link, named_in
from shared.schemas.envelope import Event
from shared.schemas.intake import RequestSubmitted
from shared.schemas.links import LinkedRequestAwaited, LinkedRequestDecided, LinkedRequestFailed
from shared.schemas.registry import TYPE_OF
from shared.schemas.requests import Request
from shared.schemas.routing import EscalatedToCoordinator, EscalatedToLeader, RequestAmended

COMES_LATER = timedelta(minutes=5)
"""Channels keep no order among requests: one that is named may come this much later before anybody is told that there is none."""
BEGINS = frozenset({TYPE_OF[RequestSubmitted], TYPE_OF[RequestAmended]})
SAID = {TYPE_OF[model]: model for model in (LinkedRequestAwaited, LinkedRequestFailed, LinkedRequestDecided)}
ABOVE = frozenset({TYPE_OF[EscalatedToCoordinator], TYPE_OF[EscalatedToLeader]})


class After(Protocol):
    """The state after an event, as far as this reads it."""

    @property
    def request(self) -> Request | None: ...
    @property
    def open(self) -> bool: ...


def linked(link: Link | None, after: After, event: Event) -> Link | None:
    """`link` after `event`, which led to the state `after`."""
    if event.type in BEGINS and after.request is not None:
        link = _begun(link, after.request, event.time)
    if link is None:
        return None
    if event.type in SAID:
        link = _said(link, event)
    elif event.type in ABOVE and event.data.get("linked") == link.request:
        link = link.model_copy(update={"look_at": _moment(event.data.get("look_at")), "above": link.above + 1})
    return link if link.live == after.open else link.model_copy(update={"live": after.open})


def _begun(link: Link | None, request: Request, at: datetime) -> Link | None:
    named = named_in(request)
    if named is None or (link is not None and link.request == named.request):
        return link if named is not None else None
    return Link(**named.model_dump(), since=at, look_at=at + COMES_LATER)


def _said(link: Link, event: Event) -> Link:
    said = event.read_as(SAID[event.type])
    if (
        not isinstance(said, LinkedRequestAwaited | LinkedRequestFailed | LinkedRequestDecided)
        or said.linked.request != link.request
    ):
        return link
    kept = said.model_dump(exclude={"linked", "awaited"})
    nothing = {"held_by": (), "look_at": None, "amount": None, "lines": (), "more": 0, "conditions": (), "above": 0}
    return Link.model_validate({**link.model_dump(), **nothing, **kept})


def _moment(value: object) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value if isinstance(value, datetime) else None
