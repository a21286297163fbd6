"""Batches over HTTP: JSON Lines, CSV or XLSX in, an answer a line or row out, in their order, each once it is durable."""

import asyncio
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import islice
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse

from services.intake.api.batch_lines import CSV, XLSX, BatchLine, form_of, json_lines, media_type, surroundings, table_lines
from services.intake.api.submitting import NOT_AN_OBJECT, submission
from services.intake.in_order import InOrder
from services.intake.reception import ACTIONS, NO_IDENTITY, Reception, Submission, command_id, identity, refused, unknown_action
from shared.catalogue import Pack
from shared.http.idempotency import Key
from shared.http.limits import BadJson, parse_json
from shared.http.principal import Principal
from shared.http.problems import language
from shared.ledger.messages import Refusal
from shared.people.copy import DirectoryCopy
from shared.schemas.model import Frozen, Json, Text
from shared.schemas.requests import Answer
from shared.tables.rows import Surroundings

IN_FLIGHT = 200
OURS = "service"
KeepsLine = Callable[[BatchLine, Answer, Principal, str], Awaitable[None]]
"""Keep a refused line of a caller under the id of its command."""
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


def batch_routes(
    reception: Reception, principal: Callable[..., Any], pack: Pack, people: DirectoryCopy, keep: KeepsLine | None = None
) -> APIRouter:
    """POST /v1/requests:batch. `keep` puts a batch's refused lines on their unit's desk."""
    router = APIRouter(prefix="/v1", tags=["requests"])
    Caller = Annotated[Principal, Depends(principal)]

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


class _Naming(Frozen):
    """How a batch's commands are named: by its content, or under its own key, and then its lines' answers are kept too."""

    digest: str
    key: str | None

    def of(self, caller: Principal, place: int) -> str:
        """The id of the command in the line at `place`."""
        if self.key is None:
            return command_id(caller.kind, caller.id, f"{self.digest}:{place}")
        return command_id(caller.kind, caller.id, self.key, str(place))

    def named(self, sent: Submission, caller: Principal, place: int, own: str | None) -> Submission:
        """The submission in the line at `place`, which one of our services may name by a key of its `own`, whatever batch it comes in."""
        if own is not None:
            return sent.model_copy(update={"id": command_id(caller.kind, caller.id, own)})
        naming = {"id": self.of(caller, place), "named": self.key is not None, "derived": self.key is None}
        return sent.model_copy(update=naming)


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
    if keep is not None and answer.problem is not None and caller.kind != OURS:  # our own services have no desk
        await keep(line, answer, caller, named.of(caller, line.place))
    return answer


async def _line(reception: Reception, line: BatchLine, caller: Principal, named: _Naming, order: InOrder) -> Answer:
    if line.problem is not None:
        return Answer(id=None, action="submit", outcome="refused", problem=line.problem)
    try:
        message = parse_json(line.raw)
    except BadJson as error:
        return refused(None, "submit", Refusal(code=error.code, status=400, message=error.text))
    asked, body, key = _unwrapped(message)
    action = ACTIONS.get(asked)
    if action is None:
        return refused(None, "submit", unknown_action(asked))
    if not isinstance(body, dict):
        return refused(None, action, NO_BODY if body is None else NOT_AN_OBJECT)
    subject = identity(body)
    if subject is None:
        return refused(None, action, NO_IDENTITY)
    own = key if isinstance(key, str) and caller.kind == OURS else None
    sent = named.named(submission(action, body, caller, "batch", None), caller, line.place, own)
    async with order.turn(subject, waits=sent.named):
        return await reception.take_for(subject, sent)


def _unwrapped(message: object) -> tuple[str, object, object]:
    """A line is a request to submit, or {"action": …, "body": …}, of our services with a "key"; no request has an `action`."""
    if isinstance(message, dict) and "action" in message:
        return str(message["action"]), message.get("body"), message.get("key")
    return "submit", message, None
