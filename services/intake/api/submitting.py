"""Submit, amend and withdraw over HTTP, one request or a batch of lines or rows; every answer is given once it is durable."""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse

from services.intake.api.batch_lines import CSV, XLSX, BatchLine, form_of, json_lines, media_type, surroundings, table_lines
from services.intake.domain.refusals import LONGEST_REASON
from services.intake.in_order import InOrder
from services.intake.reception import (
    ACTIONS,
    NO_IDENTITY,
    Reception,
    Repeated,
    Sender,
    Submission,
    command_id,
    identity,
    refused,
    unknown_action,
)
from shared.catalogue import Pack
from shared.http.idempotency import Key, told
from shared.http.limits import BadJson, parse_json
from shared.http.principal import Principal
from shared.http.problems import Refused, language
from shared.ledger.messages import Refusal
from shared.people.copy import DirectoryCopy
from shared.schemas.model import Frozen, Json, Text
from shared.schemas.requests import Action, Answer
from shared.tables.rows import Surroundings

IN_FLIGHT = 200
KeepsLine = Callable[[BatchLine, Answer, Principal, str], Awaitable[None]]
"""Keep a refused line of a caller under the id of its command."""
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

NO_BODY = Refusal(
    code="body_missing",
    status=422,
    message=Text(
        zh='这一行有 action 而没有 body；请把申请内容写入 body：{"action": …, "body": {…}}。',
        en='This line has an `action` but no `body`; put the content into `body`: {"action": …, "body": {…}}.',
    ),
)


class Line(Answer):
    """The answer to one line of a batch."""

    line: int


class Row(Line):
    """The answer to one row of a table: `line` is where it begins in the file, or its row in the sheet; `record` counts rows."""

    record: int


A_LINE: Json = {
    "allOf": [{"$ref": "#/components/schemas/Answer"}],
    "properties": {
        "line": {"type": "integer", "minimum": 0, "description": "the line, or the sheet's row; 0 where a table tells no place"},
        "record": {"type": "integer", "minimum": 0, "description": "of a table: which row below the header"},
    },
    "required": ["line"],
}
LINES: dict[int | str, Json] = {
    200: {
        "description": "An answer a line",
        "content": {"application/jsonl": {"schema": {"type": "string"}, "itemSchema": A_LINE}},
    }
}


A_BATCH: Json = {
    "requestBody": {
        "required": True,
        "description": "a request a line, or {action, body}; or a table whose headers are labels of the catalogue, a request a row",
        "content": {
            "application/jsonl": {"schema": {"type": "object"}},
            CSV: {"schema": {"type": "string"}},
            XLSX: {"schema": {"type": "string", "format": "binary"}},
        },
    }
}
Sheet = Annotated[str | None, Query(max_length=100, description="which sheet of a workbook to read, where there are several")]


def submitting_routes(
    reception: Reception, principal: Callable[..., Any], pack: Pack, people: DirectoryCopy, keep: KeepsLine | None = None
) -> APIRouter:
    """POST /v1/requests, /v1/requests:batch, PATCH /v1/requests/{id}, POST /v1/requests/{id}/withdraw.

    `keep` puts a batch's refused lines on their unit's desk.
    """
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

    @router.post(
        "/requests:batch",
        summary="JSON Lines, CSV or XLSX in, an answer per line or row out, in the same order",
        response_class=StreamingResponse,
        responses=LINES,
        openapi_extra=A_BATCH,
    )
    async def batch(request: Request, caller: Caller, sheet: Sheet = None, key: Key = None) -> StreamingResponse:
        kind, charset = media_type(request.headers.get("content-type", ""))
        body = await request.body()
        if kind in {CSV, XLSX}:
            locale = language(request.headers.get("accept-language", ""))
            around = surroundings(people.directory, Surroundings(pack=pack), caller.business_unit)
            lines = await asyncio.to_thread(table_lines, body, form_of(charset, sheet), around, locale)
        else:
            lines, body = json_lines(body), b"\n".join(body.splitlines())
        digest = hashlib.sha256(body).hexdigest()
        if key is not None:
            await reception.bind(command_id(caller.kind, caller.id, key), "batch", digest)
        named = _Naming(digest=digest, key=key)
        return StreamingResponse(_answers(reception, lines, caller, named, keep), media_type="application/jsonl")

    return router


def described(description: str, schema: Json | None = None) -> Json:
    """The OpenAPI of a body that this module parses itself, so that broken JSON gets its own answer."""
    content = {"application/json": {"schema": schema or {"type": "object"}}}
    return {"requestBody": {"required": True, "description": description, "content": content}}


class _Naming(Frozen):
    """How a batch's commands are named: by its content, or under its own key, and then its lines' answers are kept too."""

    digest: str
    key: str | None

    def of(self, caller: Principal, place: int) -> str:
        """The id of the command in the line at `place`."""
        if self.key is None:
            return command_id(caller.kind, caller.id, f"{self.digest}:{place}")
        return command_id(caller.kind, caller.id, self.key, str(place))


async def _answers(
    reception: Reception, lines: list[BatchLine], caller: Principal, named: _Naming, keep: KeepsLine | None
) -> AsyncIterator[bytes]:
    """Answers in the order of the lines. They are told in that order and share their writes, so lines about one request keep it.

    No more than IN_FLIGHT lines are under way: the next is told when the first of them was answered.
    """
    waiting, order = iter(lines), InOrder()
    under_way: deque[tuple[BatchLine, asyncio.Task[Answer]]] = deque()
    while True:
        for line in islice(waiting, IN_FLIGHT - len(under_way)):
            under_way.append((line, asyncio.create_task(_told(reception, line, caller, named, order, keep))))
        if not under_way:
            return
        line, task = under_way.popleft()
        answer = dict(await task)
        row = Line(line=line.place, **answer) if line.record is None else Row(line=line.place, record=line.record, **answer)
        yield row.model_dump_json().encode() + b"\n"


async def _told(
    reception: Reception, line: BatchLine, caller: Principal, named: _Naming, order: InOrder, keep: KeepsLine | None
) -> Answer:
    answer = await _line(reception, line, caller, named, order)
    if keep is not None and answer.problem is not None:
        await keep(line, answer, caller, named.of(caller, line.place))
    return answer


async def _line(reception: Reception, line: BatchLine, caller: Principal, named: _Naming, order: InOrder) -> Answer:
    if line.problem is not None:
        return Answer(id=None, action="submit", outcome="refused", problem=line.problem)
    try:
        message = parse_json(line.raw)
    except BadJson as error:
        return refused(None, "submit", Refusal(code=error.code, status=400, message=error.text))
    wish, body = _unwrapped(message)
    action = ACTIONS.get(wish)
    if action is None:
        return refused(None, "submit", unknown_action(wish))
    if not isinstance(body, dict):
        return refused(None, action, NO_BODY if body is None else NOT_AN_OBJECT)
    subject = identity(body)
    if subject is None:
        return refused(None, action, NO_IDENTITY)
    sent = submission(action, body, caller, "batch", None)
    naming = {"id": named.of(caller, line.place), "named": named.key is not None, "derived": named.key is None}
    async with order.turn(subject, waits=named.key is not None):
        return await reception.take_for(subject, sent.model_copy(update=naming))


def _unwrapped(message: object) -> tuple[str, object]:
    """A line is a request to submit, or {"action": …, "body": …}; no request has an `action` of its own."""
    if isinstance(message, dict) and "action" in message:
        return str(message["action"]), message.get("body")
    return "submit", message


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
