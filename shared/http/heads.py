"""The head of a request: how long it may be, HEAD wherever there is GET, and an answer for bytes that are no HTTP.

Invariant: whatever is sent to a service's port, the answer is a problem (RFC 9457), or the one that was asked for.
"""

import json
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.http.problems import MEDIA_TYPE, TYPE, problem
from shared.ledger.messages import Refusal
from shared.schemas.model import Text

LONGEST_ADDRESS = 8 * 1024
LARGEST_HEAD = 32 * 1024
ADDRESS_TOO_LONG = Refusal(
    code="address_too_long",
    status=414,
    message=Text(
        zh=f"地址超过 {LONGEST_ADDRESS} 字节的上限；请缩短查询参数。",
        en=f"The address is longer than the limit of {LONGEST_ADDRESS} bytes; shorten its query.",
    ),
)
HEAD_TOO_LARGE = Refusal(
    code="headers_too_large",
    status=431,
    message=Text(
        zh=f"请求头合计超过 {LARGEST_HEAD} 字节的上限；请去掉不需要的头。",
        en=f"The headers are larger than the limit of {LARGEST_HEAD} bytes together; leave out those that are not needed.",
    ),
)
NO_HTTP = Refusal(
    code="not_http",
    status=400,
    message=Text(zh="收到的不是有效的 HTTP 请求；请更正后重发。", en="This is not valid HTTP; correct it and send it again."),
)


class Headed:
    """ASGI middleware: refuses heads that are too long, and answers HEAD as GET without its body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            scope, send = {**scope, "method": "GET"}, _bodiless(send)
        if refusal := _refusal(scope):
            await problem(scope, refusal.status, refusal.code, refusal.message)(scope, receive, send)
            return
        await self._app(scope, receive, send)


class Protocol(HttpToolsProtocol):
    """uvicorn's, whose answer to what is no HTTP is a problem like every other."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # the server's own words stay inside
        """Answer and hang up."""
        body = json.dumps(_as_problem(), ensure_ascii=False).encode()
        head = (
            f"HTTP/1.1 400 Bad Request\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\nconnection: close\r\n\r\n"
        )
        self.transport.write(head.encode("ascii") + body)
        self.transport.close()


def _bodiless(send: Send) -> Send:
    async def without_body(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return without_body


def _as_problem() -> dict[str, Any]:
    said = NO_HTTP.message
    told = {"type": TYPE + NO_HTTP.code, "title": "Bad Request", "status": NO_HTTP.status, "code": NO_HTTP.code}
    return {**told, "detail": said.zh, "message": said.model_dump()}


def _refusal(scope: Scope) -> Refusal | None:
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > LONGEST_ADDRESS:
        return ADDRESS_TOO_LONG
    if sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEAD:
        return HEAD_TOO_LARGE
    return None
