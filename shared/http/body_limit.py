"""The size of bodies, refused with 413 before anything parses them: at once by Content-Length, or as soon as they exceed it."""

from collections.abc import Mapping

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.limits import SUBMISSION_BYTES
from shared.http.problems import problem
from shared.schemas.model import Text


class TooLargeError(Exception):
    """The body is larger than this address takes."""


class BodyLimit:
    """ASGI middleware. `limits` maps path prefixes to bytes, the longest prefix that fits counts; `default` is for all others."""

    def __init__(self, app: ASGIApp, *, limits: Mapping[str, int], default: int = SUBMISSION_BYTES) -> None:
        self._app = app
        self._limits = sorted(limits.items(), key=lambda entry: len(entry[0]), reverse=True)
        self._default = default

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = next((size for prefix, size in self._limits if scope["path"].startswith(prefix)), self._default)
        if _announced(scope) > limit:
            await _refuse(scope, receive, send, limit)
            return
        body = _Counted(receive, send, limit)
        try:
            await self._app(scope, body.receive, body.send)
        except TooLargeError:
            if body.started:
                raise
        if body.exceeded and not body.started:
            await _refuse(scope, receive, send, limit)


class _Counted:
    """One exchange whose body is counted. Once it is too large, what the application still answers is not sent."""

    def __init__(self, receive: Receive, send: Send, limit: int) -> None:
        self._receive = receive
        self._send = send
        self._left = limit
        self.exceeded = False
        self.started = False

    async def receive(self) -> Message:
        message = await self._receive()
        self._left -= len(message.get("body", b""))
        if self._left < 0:
            self.exceeded = True
            raise TooLargeError
        return message

    async def send(self, message: Message) -> None:
        if self.exceeded and not self.started:
            return
        self.started = True
        await self._send(message)


def _announced(scope: Scope) -> int:
    """The Content-Length; 0 when there is none, or none that is a number (the server refuses those)."""
    length = Headers(scope=scope).get("content-length", "0")
    return int(length) if length.isascii() and length.isdecimal() and len(length) < 20 else 0


async def _refuse(scope: Scope, receive: Receive, send: Send, limit: int) -> None:
    text = Text(
        zh=f"内容超过 {limit} 字节的上限；请拆分或缩小后重发。",
        en=f"The body is larger than the limit of {limit} bytes; split it or make it smaller.",
    )
    await problem(scope, 413, "too_large", text, limit=limit)(scope, receive, send)
