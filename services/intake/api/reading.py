"""Reading requests: one with its whole timeline, or lists with filters and paging; a unit sees only its own."""

import re
from collections.abc import Callable, Mapping
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Header, Query, Response
from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from services.intake.api.shown import RequestList, WholeRequest
from services.intake.domain.state import State
from services.intake.paging import Place, place
from services.intake.projection import FILTERS, Page
from services.intake.watching import Watcher
from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.model import Json, Text
from shared.schemas.requests import NUMBER_PREFIX
from shared.schemas.status import RequestStatus
from shared.storage import Sight

NOT_FOUND = Refusal(
    code="not_found",
    status=404,
    message=Text(zh="没有这个申请，或它不属于您的经营单位。", en="There is no such request, or it is not your unit's."),
)


class Reading(Protocol):
    """Reads of intake's requests, each as far as whoever asks may see."""

    async def state(self, sight: Sight, request: str) -> State | None: ...

    async def seen(self, sight: Sight, request: str) -> tuple[State, int] | None: ...

    async def page(
        self,
        sight: Sight,
        *,
        filters: Mapping[str, str],
        number: str | None = None,
        after: Place | None = None,
        limit: int,
    ) -> Page: ...


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


def reading_routes(projection: Reading, principal: Callable[..., Any], watcher: Watcher) -> APIRouter:
    """GET /v1/requests and GET /v1/requests/{id}."""
    router = APIRouter(prefix="/v1", tags=["requests"])
    Caller = Annotated[Principal, Depends(principal)]

    @router.get("/requests", summary="Requests, newest first")
    async def listed(
        caller: Caller,
        business_unit: str | None = None,
        type: str | None = None,  # noqa: A002  # the query parameter's name
        status: RequestStatus | None = None,
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
        behind = place(after) if after is not None else None
        return RequestList.of(await projection.page(caller.sight, filters=filters, number=number, after=behind, limit=limit))

    async def shown(request_id: str, caller: Principal) -> tuple[State, int]:
        found = await projection.seen(caller.sight, request_id)
        if found is None or found[0].request is None:
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
            await watcher.changed(request_id, revision, wait, caller=f"{caller.kind}:{caller.id}")
            state, revision = await shown(request_id, caller)
        headers = {"ETag": _tag(revision), "Cache-Control": "private, no-cache"}
        if known == headers["ETag"]:
            return Response(status_code=304, headers=headers)
        response.headers.update(headers)
        return WholeRequest.of(request_id, state)

    return router


def _tag(revision: int) -> str:
    return f'W/"{revision}"'
