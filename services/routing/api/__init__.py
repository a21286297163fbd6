"""What people and units ask of routing over HTTP: who works on a request and why, and all that people do about it."""

from collections.abc import Callable, Sequence
from typing import Any

from fastapi import APIRouter

from services.routing.api.clashes import clash_routes
from services.routing.api.commanding import arranging_routes, closing_routes, performing_routes
from services.routing.api.effort import effort_routes
from services.routing.api.levels import level_routes
from services.routing.api.previewing import Surroundings, previewing_routes
from services.routing.api.reading import Authenticate, Reading, reading_routes
from services.routing.api.reviewing import review_reading_routes, reviewing_routes
from services.routing.api.telling import Desk, Teller, commanding
from shared.http.limits import StrictRoute
from shared.service.once import Keys
from shared.telemetry.clock import Clock

__all__ = ["clash_routes", "effort_routes", "work_routes"]
Routes = Callable[[APIRouter, Teller, Callable[..., Any]], None]
"""Adds addresses to the router, given who tells commands and the dependency that finds the Caller."""


def work_routes(
    desk: Desk,
    projection: Reading,
    clock: Clock,
    principal: Authenticate,
    keys: Keys,
    surroundings: Surroundings | None = None,
    more: Sequence[Routes] = (),
) -> APIRouter:
    """Everything under /v1 that routing answers; `surroundings` are wanted for previews, `more` add addresses of their own."""
    router = APIRouter(prefix="/v1", tags=["work"], route_class=StrictRoute)
    reading_routes(router, projection, principal)
    review_reading_routes(router, projection, principal)
    if surroundings is not None:
        previewing_routes(router, surroundings, principal)
    level_routes(router, projection, principal)
    teller, caller = Teller(desk, clock, keys), commanding(principal)
    for routes in (performing_routes, arranging_routes, closing_routes, reviewing_routes, *more):
        routes(router, teller, caller)
    return router
