"""One FastAPI application per service, measured by route, and the loop that serves it."""

import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from types import FrameType
from typing import Any

import uvicorn
from fastapi import APIRouter, Depends, FastAPI
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from shared.http.body_limit import BodyLimit
from shared.http.error_handlers import Guarded, install
from shared.http.heads import Headed, Protocol
from shared.http.openapi import Documented
from shared.http.parameters import known_parameters
from shared.storage import PyMongoError
from shared.telemetry import build, metrics
from shared.telemetry.health import Health

GRACE_SECONDS = 8
"""For requests under way at the end; the lifespan's own stages come after it (shared/service/process.py)."""
EXIT_SECONDS = 29
"""From the first signal; all stages together take 28 at the most, and whoever stops the service kills it after 30."""
KEEP_ALIVE_SECONDS = 75
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
Lifespan = Callable[[Any], AbstractAsyncContextManager[None]]
Hook = Callable[[], None]


def create_app(
    *,
    service: str,
    health: Health,
    lifespan: Lifespan | None = None,
    routers: Sequence[APIRouter] = (),
    limits: Mapping[str, int] | None = None,
    title: str | None = None,
) -> FastAPI:
    """The application: `routers`, health, problems for every error, body limits and measures.

    `limits` maps path prefixes to the largest body in bytes; other paths take 256 KiB. OpenAPI is at /openapi.json; there
    is no documentation page, since FastAPI's loads its scripts from elsewhere.
    """
    named = title or f"Backline {service}"
    app = Documented(
        title=named,
        version=build.release(),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(known_parameters)],
    )
    app.state.stopping = (health.stop,)
    install(app, unavailable=(PyMongoError,))
    for router in (health.routes(), *routers):
        app.include_router(router)
    app.add_middleware(BodyLimit, limits=limits or {})
    app.add_middleware(Guarded)
    app.add_middleware(Measured, service=service)
    app.add_middleware(Headed)
    build.announce(service)
    return app


class Measured:
    """ASGI middleware: counts and times answers by route template, so that no request's id becomes a label."""

    def __init__(self, app: ASGIApp, *, service: str) -> None:
        self._app = app
        self._service = service

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, status = time.perf_counter(), 500

        async def noting(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, noting)
        finally:
            route = getattr(scope.get("route"), "path", "unmatched")
            method = scope["method"] if scope["method"] in METHODS else "other"
            metrics.HTTP_REQUESTS.labels(self._service, method, route, str(status)).inc()
            metrics.HTTP_SECONDS.labels(self._service, route).observe(time.perf_counter() - started)


class Server(uvicorn.Server):
    """uvicorn, telling `stopping` hooks on the first signal, while requests are still served."""

    def __init__(self, config: uvicorn.Config, stopping: list[Hook]) -> None:
        super().__init__(config)
        self._stopping = stopping

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """The signal handler."""
        while self._stopping:
            self._stopping.pop(0)()
        super().handle_exit(sig, frame)


def _end_anyway() -> None:
    """Have the kernel end this process (SIGALRM) if it is there still after EXIT_SECONDS: Python waits for its threads without limit,
    and one of them may wait for somebody who never answers.
    """
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.alarm(EXIT_SECONDS)


def serve(build_app: Callable[[], FastAPI], host: str, port: int) -> None:
    """Build the application in its event loop and serve it until SIGTERM or SIGINT; then readiness is off at once, and
    requests and the lifespan finish within the grace time, or else the kernel ends the process. Raises SystemExit(3) when the
    start failed.
    """
    stopping: list[Hook] = [_end_anyway]

    def built() -> FastAPI:
        app = build_app()
        stopping.extend(app.state.stopping)
        return app

    config = uvicorn.Config(
        built,
        factory=True,
        host=host,
        port=port,
        loop="uvloop",
        http=Protocol,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
    server = Server(config, stopping)
    server.run()
    if not server.started:
        raise SystemExit(3)
