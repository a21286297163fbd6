"""Reading requests: one with its whole timeline, or lists with filters and paging; a unit sees only its own."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from services.intake.domain.state import State
from services.intake.projection import FILTERS, Projection
from shared.http.auth import Principal
from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.model import Json, Text

NOT_FOUND = Refusal(
    code="not_found",
    status=404,
    message=Text(zh="没有这个申请，或它不属于您的经营单位。", en="There is no such request, or it is not your unit's."),
)


def reading_routes(projection: Projection, principal: Callable[..., Any]) -> APIRouter:
    """GET /v1/requests and GET /v1/requests/{id}."""
    router = APIRouter(prefix="/v1", tags=["requests"])
    Caller = Annotated[Principal, Depends(principal)]

    @router.get("/requests", summary="Requests, newest first")
    async def listed(
        caller: Caller,
        business_unit: str | None = None,
        type: str | None = None,  # noqa: A002  # the query parameter's name
        status: str | None = None,
        opportunity: str | None = None,
        requester: str | None = None,
        system: str | None = None,
        reference: str | None = None,
        after: str | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> Json:
        given = dict(zip(FILTERS, (business_unit, type, status, opportunity, requester, system, reference), strict=True))
        filters = {name: value for name, value in given.items() if value is not None}
        unit = None if caller.kind == "service" else caller.business_unit
        page = await projection.page(filters=filters, unit=unit, after=after, limit=limit)
        return {"requests": [summary(identity, state) for identity, state in page.requests], "next": page.next}

    @router.get("/requests/{request_id}", summary="One request: state, verdict and timeline, what other services said included")
    async def one(request_id: str, caller: Caller) -> Json:
        state = await projection.state(request_id)
        if state is None or state.request is None or not visible(state, caller):
            raise Refused(NOT_FOUND)
        return full(request_id, state)

    return router


def visible(state: State, caller: Principal) -> bool:
    """Whether `caller` may see the request: services, its unit, the unit that filed it, and whoever has a part in it."""
    if caller.kind == "service":
        return True
    assert state.request is not None, "only known requests are asked about"
    units = {state.request.business_unit, state.private.filed_by}
    return caller.business_unit in units or caller.id in people_of(state)


def people_of(state: State) -> frozenset[str]:
    """The requester and everybody routing gave a seat."""
    seats = [moment.data.get("seat") for moment in state.timeline if moment.data.get("seat")]
    seats += [seat for moment in state.timeline for seat in moment.data.get("seats", ())]
    requester = {state.request.requester.id} if state.request else set()
    return frozenset(requester | {seat["person"] for seat in seats if seat})


def summary(identity: str, state: State) -> Json:
    """A request as one line of a list."""
    assert state.request is not None, "only known requests are listed"
    request = state.request
    return {
        "id": identity,
        "type": request.type,
        "business_unit": request.business_unit,
        "source": request.source.model_dump(),
        "requester": request.requester.id,
        "opportunity": request.opportunity.model_dump(mode="json") if request.opportunity else None,
        "priority": request.priority,
        "needed_by": request.needed_by,
        "status": state.status,
        "amending": state.amending,
        "withdrawing": state.withdrawing,
        "submitted_at": state.submitted_at,
    }


def full(identity: str, state: State) -> Json:
    """Everything but the personal values."""
    return {
        **summary(identity, state),
        "request": state.request.model_dump(mode="json") if state.request else None,
        "verdict": state.verdict.model_dump(mode="json") if state.verdict else None,
        "policy": state.policy.model_dump() if state.policy else None,
        "timeline": [moment.model_dump(mode="json") for moment in state.timeline],
    }
