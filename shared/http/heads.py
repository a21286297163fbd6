"""The head of a request: how long it may be, HEAD wherever there is GET, and an answer for bytes that are no HTTP.

Invariant: whatever is sent to a service's port, the answer is a problem (RFC 9457), or the one that was asked for.
"""

import asyncio
import json
from enum import Enum, auto
from http.client import responses
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.http.problems import MEDIA_TYPE, TYPE, problem
from shared.ledger.messages import Refusal
from shared.schemas.model import Text

LONGEST_ADDRESS = 8 * 1024
LARGEST_HEAD = 32 * 1024
LARGEST_UNFINISHED = LARGEST_HEAD + LONGEST_ADDRESS
"""Bytes that arrived of a head that is not complete yet."""
HEAD_SECONDS = 20.0
"""From its first byte, or from the connection's beginning, until a head is complete."""
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
HEAD_TOO_SLOW = Refusal(
    code="headers_too_slow",
    status=408,
    message=Text(
        zh=f"请求头在 {HEAD_SECONDS:.0f} 秒内没有传完；请重新发送。",
        en=f"The headers were not complete within {HEAD_SECONDS:.0f} seconds; send the request again.",
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


class Phase(Enum):
    """What a connection is in the midst of: a head, what follows it, or nothing."""

    HEAD = auto()
    BODY = auto()
    REST = auto()


class Protocol(HttpToolsProtocol):
    """uvicorn's, that takes heads within a size and a time only, and answers what is no HTTP with a problem like every other.

    The server itself keeps a head until it is complete, however long that takes; `Headed` sees complete ones only. A chunk of
    the socket (256 KiB) in which nothing is completed belongs to one head, or to the trailers of one body.
    """

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self._phase = Phase.REST
        self._unfinished = 0
        self._moved = False
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The server's callback."""
        super().connection_made(transport)
        self._deadline = self.loop.call_later(HEAD_SECONDS, self._too_late)

    def connection_lost(self, exc: Exception | None) -> None:
        """The server's callback."""
        self._no_deadline()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """The server's callback: what arrives is parsed, and counted while it completes nothing."""
        if self._phase is Phase.REST:
            self._phase = Phase.HEAD
        self._moved = False
        super().data_received(data)
        self._unfinished = 0 if self._moved else self._unfinished + len(data)
        if self.transport.is_closing():
            return
        if self._unfinished > LARGEST_UNFINISHED:
            self._hang_up(HEAD_TOO_LARGE)
        elif self._phase is Phase.HEAD and self._deadline is None:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self._too_late)

    def on_message_begin(self) -> None:
        """The parser's callback."""
        self._phase = Phase.HEAD
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The parser's callback."""
        self._phase, self._moved = Phase.BODY, True
        self._no_deadline()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """The parser's callback."""
        self._moved = True
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The parser's callback."""
        self._phase, self._moved = Phase.REST, True
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  # the server's own words stay inside
        """Answer and hang up."""
        self._hang_up(NO_HTTP)

    def _too_late(self) -> None:
        """The head is not complete in time. Who sent nothing at all is told nothing; who is being served, is served."""
        self._deadline = None
        if self.cycle is not None and not self.cycle.response_complete:
            self._deadline = self.loop.call_later(HEAD_SECONDS, self._too_late)
        elif self._phase is Phase.HEAD:
            self._hang_up(HEAD_TOO_SLOW)
        else:
            self.transport.close()

    def _no_deadline(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _hang_up(self, refusal: Refusal) -> None:
        """Answer with a problem, unless an answer is being sent, into which none can be put."""
        if self.cycle is None or self.cycle.response_complete or not self.cycle.response_started:
            self.transport.write(_answer(refusal))
        self.transport.close()


def _bodiless(send: Send) -> Send:
    async def without_body(message: Message) -> None:
        await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

    return without_body


def _answer(refusal: Refusal) -> bytes:
    """The whole answer to what has no scope yet: in both languages, and the last of its connection."""
    title = responses[refusal.status]
    said = {"type": TYPE + refusal.code, "title": title, "status": refusal.status, "code": refusal.code}
    told = {**said, "detail": refusal.message.zh, "message": refusal.message.model_dump()}
    body = json.dumps(told, ensure_ascii=False).encode()
    head = f"HTTP/1.1 {refusal.status} {title}\r\ncontent-type: {MEDIA_TYPE}\r\ncontent-length: {len(body)}\r\n"
    return f"{head}connection: close\r\n\r\n".encode("ascii") + body


def _refusal(scope: Scope) -> Refusal | None:
    if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > LONGEST_ADDRESS:
        return ADDRESS_TOO_LONG
    if sum(len(name) + len(value) for name, value in scope["headers"]) > LARGEST_HEAD:
        return HEAD_TOO_LARGE
    return None
