"""Requests as intake shows them: a line of a list, a page of lines, or everything but the personal values."""

from datetime import datetime

from services.intake.domain.state import Moment, State
from services.intake.places import pointed
from services.intake.projection import Page
from shared.schemas.model import Frozen
from shared.schemas.requests import Opportunity, Origin, PolicyPin, Request, Verdict, number_of
from shared.schemas.status import RequestStatus


class RequestLine(Frozen):
    """One request of a list. `amending` and `withdrawing` say that routing has yet to decide on what was asked."""

    id: str
    number: str
    type: str
    business_unit: str
    source: Origin
    requester: str
    opportunity: Opportunity | None
    priority: str
    needed_by: datetime | None
    status: RequestStatus
    amending: bool
    withdrawing: bool
    received_at: datetime | None
    submitted_at: datetime | None

    @classmethod
    def of(cls, identity: str, state: State) -> "RequestLine":
        """The line of a request that has a wording."""
        assert state.request is not None, "only known requests are shown"
        request = state.request
        return cls(
            id=identity,
            number=number_of(identity),
            type=request.type,
            business_unit=request.business_unit,
            source=request.source,
            requester=request.requester.id,
            opportunity=request.opportunity,
            priority=request.priority,
            needed_by=request.needed_by,
            status=state.status,
            amending=state.amending,
            withdrawing=state.withdrawing,
            received_at=state.received_at,
            submitted_at=state.submitted_at,
        )


class RequestList(Frozen):
    """One page, newest first; `next`, given as `after`, asks for the following page, and is null on the last."""

    requests: tuple[RequestLine, ...]
    next: str | None

    @classmethod
    def of(cls, page: Page) -> "RequestList":
        """`page` as it is answered."""
        lines = tuple(RequestLine.of(identity, state) for identity, state in page.requests)
        return cls(requests=lines, next=page.next.cursor() if page.next else None)


class WholeRequest(RequestLine):
    """Everything but the personal values."""

    request: Request
    verdict: Verdict | None
    policy: PolicyPin | None
    timeline: tuple[Moment, ...]

    @classmethod
    def of(cls, identity: str, state: State) -> "WholeRequest":
        """The whole of a request that has a wording."""
        line = RequestLine.of(identity, state)
        assert state.request is not None, "only known requests are shown"
        verdict = _verdict(state)
        return cls(**dict(line), request=state.request, verdict=verdict, policy=state.policy, timeline=state.timeline)


def _verdict(state: State) -> Verdict | None:
    """The verdict that stands, its problems with their places in the wording they were found in, where that is known."""
    current = state.private.current
    return state.verdict if state.verdict is None or current is None else pointed(state.verdict, current.body)
