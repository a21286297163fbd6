"""A unit's rejection desk over HTTP: what came to nothing and why, corrected and sent again under the same identity."""

from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from services.intake.api.desk_shown import Counts, DeskEntry, DeskLine, DeskList
from services.intake.api.reading import Cursor
from services.intake.api.submitting import checked, described, json_object, sender_of
from services.intake.desk.entries import Entry
from services.intake.desk.reading import DeskReader, Filter
from services.intake.desk.resending import Correction, Resending, is_entry
from services.intake.domain.state import State
from services.intake.paging import place
from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.access import Scope
from shared.schemas.model import Text
from shared.schemas.requests import Answer
from shared.storage import Sight

NO_ENTRY = Refusal(
    code="not_found",
    status=404,
    message=Text(zh="退件台没有这一条，或它不属于您的经营单位。", en="There is no such entry, or it is not your unit's."),
)
Standing = Literal["open", "settled", "all"]


def desk_routes(reader: DeskReader, resending: Resending, needs: Callable[[Scope], Callable[..., Any]]) -> APIRouter:
    """GET /v1/desk, GET /v1/desk/{entry}, POST /v1/desk/{entry}/resend. A key made for one system sees that system's entries alone."""
    router = APIRouter(prefix="/v1", tags=["desk"])
    Caller = Annotated[Principal, Depends(needs("requests:read"))]
    Writer = Annotated[Principal, Depends(needs("requests:write"))]

    @router.get("/desk", summary="What came to nothing and why, newest first")
    async def listed(
        caller: Caller,
        state: Standing = "open",
        outcome: Literal["returned", "rejected", "refused"] | None = None,
        channel: Annotated[str | None, Query(max_length=40)] = None,
        business_unit: Annotated[str | None, Query(max_length=200, description="of a service's token: whose desk")] = None,
        after: Cursor | None = None,
        limit: Annotated[int, Query(ge=1, le=200)] = 50,
    ) -> DeskList:
        sight = Sight(unit=business_unit) if caller.sight.whole and business_unit is not None else caller.sight.in_unit()
        wanted = Filter(sight=sight, standing=state, outcome=outcome, channel=channel, system=_system(caller))
        rows, following = await reader.page(wanted, place(after) if after is not None else None, limit)
        return DeskList(
            entries=tuple(DeskLine.of(row) for row in rows), counts=Counts(**await reader.counts(wanted)), next=following
        )

    @router.get("/desk/{entry}", summary="One entry with what was sent")
    async def one(entry: str, caller: Caller) -> DeskEntry:
        return DeskEntry.whole(await _found(entry, caller), caller.business_unit, service=caller.kind == "service")

    @router.post(
        "/desk/{entry}/resend",
        status_code=202,
        summary="Send an entry again, corrected, under the same identity",
        openapi_extra=described("the whole body, a patch to it, or neither", Correction.model_json_schema()),
    )
    async def resend(request: Request, response: Response, entry: str, caller: Writer) -> Answer:
        correction = _correction(await request.body())
        found = await _found(entry, caller)
        sender = sender_of(caller)
        if isinstance(found, Entry):
            theirs = sender if sender.filed_by else sender.model_copy(update={"filed_by": found.unit})
            return checked(response, await resending.entry(found, correction, theirs))
        return checked(response, await resending.request(entry, found[1], correction, sender))

    async def _found(entry: str, caller: Principal) -> Entry | tuple[str, State]:
        """The entry, if it is the caller's unit's; raises Refused."""
        pinned = _system(caller)
        if is_entry(entry):
            kept = await reader.entry(caller.sight, entry)
            if kept is None or (pinned is not None and kept.system != pinned):
                raise Refused(NO_ENTRY)
            return kept
        state = await reader.request(caller.sight, entry)
        if state is None or state.request is None or (pinned is not None and state.request.source.system != pinned):
            raise Refused(NO_ENTRY)
        return entry, state

    return router


def _system(caller: Principal) -> str | None:
    """The one source system that the caller's key is made for, if it is made for one."""
    return caller.system if len(caller.pinned_to) > 1 else None


def _correction(raw: bytes) -> Correction:
    """What is to be sent, read as every channel reads JSON. Raises Refused and RequestValidationError."""
    try:
        return Correction.model_validate(json_object(raw or b"{}"))
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        raise RequestValidationError([{**fault, "loc": ("body", *fault["loc"])} for fault in faults]) from error
