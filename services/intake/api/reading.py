"""Reading requests: one with its whole timeline, or lists with filters and paging; a unit sees only its own."""

import re
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from services.intake.api.shown import RequestList, WholeRequest
from services.intake.domain.state import State, Status
from services.intake.paging import place
from services.intake.projection import FILTERS, Projection
from services.intake.watching import Watcher
from shared.http.auth import Principal
from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.model import Json, Text
from shared.schemas.registry import TYPE_OF
from shared.schemas.requests import NUMBER_PREFIX
from shared.schemas.routing import Seat, WorkDeclined, seats_after

NOT_FOUND = Refusal(
    code="not_found",
    status=404,
    message=Text(zh="没有这个申请，或它不属于您的经营单位。", en="There is no such request, or it is not your unit's."),
)


def _a_number(given: str) -> str:
    if re.fullmatch(f"{NUMBER_PREFIX}[0-9A-F]{{8}}", given.strip().upper()) is None:
        raise PydanticCustomError("not_a_number_of_a_request", "is no request's number")
    return given.strip().upper()


def _a_cursor(given: str) -> str:
    if place(given) is None:
        raise PydanticCustomError("not_a_cursor", "is no page's `next`")
    return given


Number = Annotated[str, AfterValidator(_a_number), Query(description="as people read it out, BL- and eight hexadecimal digits")]
Cursor = Annotated[str, AfterValidator(_a_cursor), Query(description="the `next` of the page before")]


Wait = Annotated[
    int, Query(ge=0, le=25, description="seconds to wait, with If-None-Match, for the request to change; 304 when it does not")
]
Tag = Annotated[str, Header(alias="If-None-Match", description="the ETag of what is known of the request already")]
UNCHANGED: dict[int | str, Json] = {304: {"description": "The request is as If-None-Match names it"}}


def reading_routes(projection: Projection, principal: Callable[..., Any], watcher: Watcher) -> APIRouter:
    """GET /v1/requests and GET /v1/requests/{id}."""
    router = APIRouter(prefix="/v1", tags=["requests"])
    Caller = Annotated[Principal, Depends(principal)]

    @router.get("/requests", summary="Requests, newest first")
    async def listed(
        caller: Caller,
        business_unit: str | None = None,
        type: str | None = None,  # noqa: A002  # the query parameter's name
        status: Status | None = None,
        opportunity: str | None = None,
        requester: str | None = None,
        system: str | None = None,
        reference: str | None = None,
        number: Number | None = None,
        after: Cursor | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> RequestList:
        given = dict(zip(FILTERS, (business_unit, type, status, opportunity, requester, system, reference), strict=True))
        filters: dict[str, str] = {name: value for name, value in given.items() if value is not None}
        unit = None if caller.kind == "service" or number is not None else caller.business_unit
        behind = place(after) if after is not None else None
        page = await projection.page(filters=filters, unit=unit, number=number, after=behind, limit=limit)
        return RequestList.of(page.where(lambda state: visible(state, caller)) if number is not None else page)

    async def shown(request_id: str, caller: Principal) -> tuple[State, int]:
        found = await projection.seen(request_id)
        if found is None or found[0].request is None or not visible(found[0], caller):
            raise Refused(NOT_FOUND)
        return found

    @router.get(
        "/requests/{request_id}",
        summary="One request: state, verdict and timeline, what other services said included",
        response_model=WholeRequest,
        responses=UNCHANGED,
    )
    async def one(
        request_id: str, caller: Caller, response: Response, known: Tag = "", wait: Wait = 0
    ) -> WholeRequest | Response:
        state, revision = await shown(request_id, caller)
        if wait and known == _tag(revision):
            await watcher.changed(request_id, revision, wait)
            state, revision = await shown(request_id, caller)
        headers = {"ETag": _tag(revision), "Cache-Control": "private, no-cache"}
        if known == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        response.headers.update(headers)
        return WholeRequest.of(request_id, state)

    return router


def _tag(revision: int) -> str:
    return f'W/"{revision}"'


def visible(state: State, caller: Principal) -> bool:
    """Whether `caller` may see the request: services, its unit, the unit that filed it, and whoever has a part in it."""
    assert state.request is not None, "only known requests are asked about"
    units = {state.request.business_unit, state.private.filed_by}
    return caller.sees(units=units, people={state.request.requester.id, *seated(state)})


def seated(state: State) -> frozenset[str]:
    """Who has a seat now, as routing told it: whoever gave theirs back has not."""
    seats: tuple[Seat, ...] = ()
    for moment in state.timeline:
        match moment.data:
            case {"seat": seat}:
                seats = seats_after(seats, Seat.model_validate(seat))
            case {"seats": given}:
                seats = seats_after(seats, [Seat.model_validate(seat) for seat in given])
            case declined if moment.type == TYPE_OF[WorkDeclined]:
                seats = seats_after(seats, WorkDeclined.model_validate(declined))
    return frozenset(seat.person for seat in seats)
