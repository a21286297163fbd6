"""From exceptions to problems: each kind has its answer, and one that nobody expected is logged under the id it is answered with.

Invariant: no exception's message reaches a caller; only our own sentences do.
"""

import uuid
from collections.abc import Sequence

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.routing import BaseRoute, Match
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.limits import BadJson
from shared.http.problems import ProblemResponse, Refused, language, problem
from shared.http.validation import INVALID, faults
from shared.ledger.desk import DeskClosedError
from shared.ledger.rounds import ContendedError
from shared.schemas.model import Text

log = structlog.get_logger()
METHOD_NOT_ALLOWED = 405
METHODS = ("DELETE", "GET", "PATCH", "POST", "PUT")
SENTENCES = {
    404: Text(
        zh="没有这个地址；可用的地址见 /openapi.json。",
        en="There is nothing at this address; /openapi.json lists those there are.",
    ),
    400: Text(
        zh="请求本身无法读懂；请按 HTTP 和 /openapi.json 更正。",
        en="The request itself cannot be read; correct it as HTTP and /openapi.json say.",
    ),
    406: Text(
        zh="没有符合 Accept 头的表示；请放宽它，例如 */*。",
        en="There is no form of this that Accept allows; widen it, say to */*.",
    ),
    415: Text(
        zh="这个地址不接受该 Content-Type；可用的见 /openapi.json。",
        en="This address does not take that Content-Type; /openapi.json lists those it takes.",
    ),
    429: Text(
        zh="请求过于频繁；请按 Retry-After 所示的秒数后再试。",
        en="Too many requests; try again after the seconds that Retry-After says.",
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

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException), "registered for HTTPException alone"
        if isinstance(error.__cause__, BadJson):
            return problem(request.scope, 400, error.__cause__.code, error.__cause__.text)
        status = error.status_code
        if status == METHOD_NOT_ALLOWED and request.method == "OPTIONS":
            return Response(status_code=204, headers={"Allow": allowed(request)})
        text = SENTENCES.get(status) or Text(zh=OTHER.zh.format(status=status), en=OTHER.en.format(status=status))
        answer = problem(request.scope, status, f"http_{status}", text)
        answer.headers.update(error.headers or {})
        if status == METHOD_NOT_ALLOWED:
            answer.headers["Allow"] = allowed(request)
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


def allowed(request: Request) -> str:
    """The methods that the address of `request` takes, as the header Allow lists them."""
    routes: Sequence[BaseRoute] = request.app.routes
    fits = {method for method in METHODS if any(_takes(route, request.scope, method) for route in routes)}
    return ", ".join(sorted(fits | {"OPTIONS"} | ({"HEAD"} if "GET" in fits else set())))


def _takes(route: BaseRoute, scope: Scope, method: str) -> bool:
    return route.matches({**scope, "method": method})[0] is Match.FULL


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
