"""From exceptions to problems: each kind has its answer, and one that nobody expected is logged under the id it is answered with.

Invariant: no exception's message reaches a caller; only our own sentences do.
"""

import uuid
from collections.abc import Sequence

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.limits import BadJson
from shared.http.problems import ProblemResponse, Refused, language, problem
from shared.http.validation import INVALID, faults
from shared.ledger.desk import DeskClosedError
from shared.ledger.rounds import ContendedError
from shared.schemas.model import Text

log = structlog.get_logger()
SENTENCES = {
    404: Text(
        zh="没有这个地址；可用的地址见 /openapi.json。",
        en="There is nothing at this address; /openapi.json lists those there are.",
    ),
    405: Text(
        zh="这个地址不支持该方法；可用的方法见 Allow 头。", en="This address does not take that method; see the Allow header."
    ),
}
OURS = Text(
    zh="系统内部出错，已记录；请稍后重试，仍不行时请告知 instance 编号。",
    en="Something went wrong on our side and was recorded; try again later, and if it stays so, tell us the instance.",
)
BUSY = Text(
    zh="系统暂时无法保存，请稍后用同样的内容重试。", en="The system cannot store this right now; send the same again shortly."
)
OTHER = Text(zh="请求无法处理（HTTP {status}）。", en="The request cannot be served (HTTP {status}).")


def install(app: FastAPI, *, unavailable: Sequence[type[Exception]] = ()) -> None:
    """Turn every exception of `app` into a problem. Those in `unavailable` mean: not now, send the same again (503)."""

    async def refused(request: Request, error: Exception) -> ProblemResponse:
        assert isinstance(error, Refused), "registered for Refused alone"
        refusal = error.refusal
        answer = problem(request.scope, refusal.status, refusal.code, refusal.message, error.errors, **error.extra)
        answer.headers.update(error.headers)
        return answer

    async def invalid(request: Request, error: Exception) -> ProblemResponse:
        assert isinstance(error, RequestValidationError), "registered for RequestValidationError alone"
        locale = language(request.headers.get("accept-language", ""))
        return problem(request.scope, 422, "invalid_parameters", INVALID, faults(error.errors(), locale))

    async def http(request: Request, error: Exception) -> ProblemResponse:
        assert isinstance(error, HTTPException), "registered for HTTPException alone"
        if isinstance(error.__cause__, BadJson):
            return problem(request.scope, 400, error.__cause__.code, error.__cause__.text)
        status = error.status_code
        text = SENTENCES.get(status) or Text(zh=OTHER.zh.format(status=status), en=OTHER.en.format(status=status))
        answer = problem(request.scope, status, f"http_{status}", text)
        answer.headers.update(error.headers or {})
        return answer

    async def bad_json(request: Request, error: Exception) -> ProblemResponse:
        assert isinstance(error, BadJson), "registered for BadJson alone"
        return problem(request.scope, 400, error.code, error.text)

    async def busy(request: Request, error: Exception) -> ProblemResponse:
        log.warning("http.busy", problem=type(error).__name__)
        return problem(request.scope, 503, "busy", BUSY)

    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
    app.add_exception_handler(BadJson, bad_json)
    away: tuple[type[Exception], ...] = (ContendedError, DeskClosedError, *unavailable)
    for kind in away:
        app.add_exception_handler(kind, busy)


class Guarded:
    """ASGI middleware: an exception nobody expected becomes a 500 with an instance id, under which it is logged."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = False

        async def noting(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, noting)
        except Exception:
            instance = f"urn:uuid:{uuid.uuid4()}"
            route = getattr(scope.get("route"), "path", "unmatched")
            log.exception("http.unexpected", instance=instance, method=scope["method"], route=route)
            if started:
                raise  # the answer cannot be taken back: the server cuts the connection, so that it is seen as broken
            await problem(scope, 500, "unexpected", OURS, instance=instance)(scope, receive, send)
