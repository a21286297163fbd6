"""Submit, amend and withdraw over HTTP, one request at a time; every answer is given once it is durable."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response

from services.intake.domain.refusals import LONGEST_REASON
from services.intake.reception import Reception, Repeated, Sender, Submission, command_id
from shared.http.idempotency import Key, told
from shared.http.limits import parse_json
from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.model import Json, Text
from shared.schemas.requests import Action, Answer

A_REASON: Json = {
    "type": "object",
    "properties": {"reason": {"type": "string", "minLength": 1, "maxLength": LONGEST_REASON}},
    "required": ["reason"],
}
NOT_AN_OBJECT = Refusal(
    code="not_an_object",
    status=422,
    message=Text(zh="内容应为一个 JSON 对象。", en="The body must be one JSON object."),
)


def submitting_routes(reception: Reception, principal: Callable[..., Any]) -> APIRouter:
    """POST /v1/requests, PATCH /v1/requests/{id}, POST /v1/requests/{id}/withdraw."""
    router = APIRouter(prefix="/v1", tags=["requests"])
    Caller = Annotated[Principal, Depends(principal)]

    @router.post(
        "/requests",
        status_code=202,
        summary="Submit one request",
        openapi_extra=described("the request; see /v1/catalogue/{type}"),
    )
    async def submit(request: Request, response: Response, caller: Caller, key: Key = None) -> Answer:
        body = json_object(await request.body())
        answer = checked(response, await reception.take(submission("submit", body, caller, "http", key)))
        response.headers["Location"] = f"/v1/requests/{answer.id}"
        return answer

    @router.patch(
        "/requests/{request_id}",
        status_code=202,
        summary="Amend a request (JSON Merge Patch, RFC 7396)",
        openapi_extra=described("the fields that change"),
    )
    async def amend(request: Request, response: Response, request_id: str, caller: Caller, key: Key = None) -> Answer:
        body = json_object(await request.body())
        return checked(response, await reception.take_for(request_id, submission("amend", body, caller, "http", key)))

    @router.post(
        "/requests/{request_id}/withdraw",
        status_code=202,
        summary="Withdraw a request, with a reason",
        openapi_extra=described("why", A_REASON),
    )
    async def withdraw(request: Request, response: Response, request_id: str, caller: Caller, key: Key = None) -> Answer:
        body = json_object(await request.body() or b"{}")
        return checked(response, await reception.take_for(request_id, submission("withdraw", body, caller, "http", key)))

    return router


def described(description: str, schema: Json | None = None) -> Json:
    """The OpenAPI of a body that this module parses itself, so that broken JSON gets its own answer."""
    content = {"application/json": {"schema": schema or {"type": "object"}}}
    return {"requestBody": {"required": True, "description": description, "content": content}}


def submission(action: Action, body: Json, caller: Principal, channel: str, key: str | None) -> Submission:
    identifier = command_id(caller.kind, caller.id, key) if key is not None else None
    return Submission(
        action=action, body=body, channel=channel, id=identifier, named=identifier is not None, **sender_of(caller).model_dump()
    )


def sender_of(caller: Principal) -> Sender:
    """Whoever calls, as one who sends."""
    return Sender(
        by=f"{caller.kind}:{caller.id}",
        filed_by=caller.business_unit or "",
        pinned_to=caller.pinned_to,
        for_any=caller.files_for_any,
    )


def json_object(raw: bytes) -> Json:
    body = parse_json(raw)
    if not isinstance(body, dict):
        raise Refused(NOT_AN_OBJECT)
    return body


def checked(response: Response, answer: Answer) -> Answer:
    """A refusal becomes problem details; everything else is the answer."""
    if answer.problem is None:
        told(response, repeated=isinstance(answer, Repeated))
        return answer
    message = Text.model_validate(answer.problem["message"])
    raise Refused(Refusal(code=answer.problem["code"], status=answer.problem["status"], message=message))
