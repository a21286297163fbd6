"""What people and units ask of routing over HTTP: who works on a request and why, and all that people do about it."""

from fastapi import APIRouter

from services.routing.api.commanding import arranging_routes, closing_routes, performing_routes
from services.routing.api.levels import level_routes
from services.routing.api.reading import Authenticate, Reading, reading_routes
from services.routing.api.telling import Desk, Teller, commanding
from shared.http.limits import StrictRoute
from shared.service.once import Keys
from shared.telemetry.clock import Clock


def work_routes(desk: Desk, projection: Reading, clock: Clock, principal: Authenticate, keys: Keys) -> APIRouter:
    """Everything under /v1 that routing answers."""
    router = APIRouter(prefix="/v1", tags=["work"], route_class=StrictRoute)
    reading_routes(router, projection, principal)
    level_routes(router, projection, principal)
    teller, caller = Teller(desk, clock, keys), commanding(principal)
    for routes in (performing_routes, arranging_routes, closing_routes):
        routes(router, teller, caller)
    return router
