"""Liveness, readiness and metrics of one process, from named checks that answer None or a problem.

Invariant: a check that raises or hangs is a problem like any other; it never breaks or delays the answer beyond its limit.
"""

import asyncio
import inspect
from collections.abc import Awaitable, Callable

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

CHECK_SECONDS = 3.0
Check = Callable[[], str | Awaitable[str | None] | None]
"""Answers None when all is well, else a sentence that names the problem. It may be a coroutine function."""


class Health:
    """The checks of one process. Not live means: replace it. Not ready means: send it nothing yet."""

    def __init__(self, *, check_seconds: float = CHECK_SECONDS) -> None:
        self._check_seconds = check_seconds
        self._live: dict[str, Check] = {}
        self._ready: dict[str, Check] = {}
        self._stopping = False

    def live(self, name: str, check: Check) -> None:
        """Add a check of /livez; /readyz asks it too. A name added again replaces the check."""
        self._live[name] = check

    def ready(self, name: str, check: Check) -> None:
        """Add a check of /readyz. A name added again replaces the check."""
        self._ready[name] = check

    def stop(self) -> None:
        """Not ready from now on, so that nothing new is sent here while the process drains. Liveness is untouched."""
        self._stopping = True

    async def problems(self, kind: str) -> dict[str, str]:
        """Check name → problem, for `kind` "live" or "ready"; empty when all is well. All checks run side by side."""
        checks = self._live if kind == "live" else {**self._live, **self._ready}
        found = await asyncio.gather(*(self._asked(check) for check in checks.values()))
        problems = {name: problem for name, problem in zip(checks, found, strict=True) if problem}
        if self._stopping and kind == "ready":
            problems["process"] = "The process is stopping."
        return problems

    def routes(self) -> APIRouter:
        """/livez and /readyz (200, or 503 with the problems), and /metrics in Prometheus' text format."""
        router = APIRouter(include_in_schema=False)

        @router.get("/livez")
        async def livez() -> JSONResponse:
            return _answer(await self.problems("live"))

        @router.get("/readyz")
        async def readyz() -> JSONResponse:
            return _answer(await self.problems("ready"))

        @router.get("/metrics")
        async def metrics() -> Response:
            return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

        return router

    async def _asked(self, check: Check) -> str | None:
        try:
            async with asyncio.timeout(self._check_seconds):
                result = check()
                return await result if inspect.isawaitable(result) else result
        except TimeoutError:
            return f"The check did not answer within {self._check_seconds:g} s."
        except Exception as error:  # noqa: BLE001  # whatever a check raises is its answer
            return f"The check itself failed ({type(error).__name__})."


def _answer(problems: dict[str, str]) -> JSONResponse:
    return JSONResponse({"ok": not problems, "problems": problems}, status_code=503 if problems else 200)
