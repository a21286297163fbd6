"""Waiving a precondition over HTTP: by a person whom the policy names, with a reason."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from services.intake.api.submitting import checked, described, json_object, submission
from services.intake.domain.refusals import LONGEST_REASON
from services.intake.reception import Reception
from shared.http.idempotency import Key
from shared.http.principal import Principal
from shared.schemas.model import Json
from shared.schemas.requests import Answer

A_WAIVER: Json = {
    "type": "object",
    "properties": {
        "precondition": {"type": "string", "minLength": 1, "maxLength": 200},
        "reason": {"type": "string", "minLength": 1, "maxLength": LONGEST_REASON},
    },
    "required": ["precondition", "reason"],
}


def waiving_routes(reception: Reception, principal: Callable[..., Any]) -> APIRouter:
    """POST /v1/requests/{id}/waive."""
    router = APIRouter(prefix="/v1", tags=["requests"])
    Caller = Annotated[Principal, Depends(principal)]

    @router.post(
        "/requests/{request_id}/waive",
        status_code=202,
        summary="Waive a precondition of a returned request, with a reason; it is judged again at once",
        openapi_extra=described("which, and why", A_WAIVER),
    )
    async def waive(request: Request, response: Response, request_id: str, caller: Caller, key: Key = None) -> Answer:
        body = json_object(await request.body())
        return checked(response, await reception.take_for(request_id, submission("waive", body, caller, "http", key)))

    return router
