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
from shared.schemas.registry import TYPE_OF
from shared.schemas.routing import WorkDeclined

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
    assert state.request is not None, "only known requests are asked about"
    units = {state.request.business_unit, state.private.filed_by}
    return caller.sees(units=units, people={state.request.requester.id, *seated(state)})


def seated(state: State) -> frozenset[str]:
    """Who has a seat now, as routing told it: whoever gave theirs back has not."""
    coordinator: set[str] = set()
    supporters: set[str] = set()
    for moment in state.timeline:
        match moment.data:
            case {"seat": {"person": person}}:
                coordinator = {person}
            case {"seats": seats}:
                supporters = {seat["person"] for seat in seats}
            case {"by": person, "step": step} if moment.type == TYPE_OF[WorkDeclined]:
                gone = {person, moment.data.get("on_behalf_of")}
                supporters -= gone
                coordinator -= gone if step == "coordinator" else set()
    return frozenset(coordinator | supporters)


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
