"""Clashes with other units over HTTP: whoever may see a request sees them; its unit's leaders and its coordinator settle them."""

from typing import Annotated, Literal, Protocol

from fastapi import APIRouter, Depends
from pydantic import Field

from services.routing.api.commanding import Reasoned
from services.routing.api.reading import Authenticate
from services.routing.api.shown import Assignment
from services.routing.api.telling import Caller, Desk, Teller, commanding
from services.routing.domain import State
from services.routing.domain.clashes import Clash
from services.routing.domain.refusals import UNKNOWN
from shared.http.limits import StrictRoute
from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.schemas.model import Frozen
from shared.service.once import Keys
from shared.storage import Sight
from shared.telemetry.clock import Clock


class Settling(Reasoned):
    """What was agreed with the other unit."""

    clash: Annotated[str, Field(min_length=1, max_length=64)]
    resolution: Literal["keep_both", "merged", "withdrawn"]


class Clashes(Frozen):
    """That other units pursue the same, and whom to call there; nothing of what they have."""

    id: str
    clashes: tuple[Clash, ...]


class States(Protocol):
    async def state(self, sight: Sight, request: str) -> State | None: ...


def clash_routes(desk: Desk, states: States, clock: Clock, principal: Authenticate, keys: Keys) -> APIRouter:
    """Everything under /v1 about clashes."""
    router = APIRouter(prefix="/v1", tags=["clashes"], route_class=StrictRoute)
    teller, caller = Teller(desk, clock, keys), commanding(principal)

    @router.get("/requests/{request_id}/clashes", summary="Which other units pursue the same, and whom to call")
    async def clashes(request_id: str, caller: Annotated[Principal, Depends(principal)]) -> Clashes:
        state = await states.state(caller.sight, request_id)
        if state is None:
            raise Refused(UNKNOWN)
        return Clashes(id=request_id, clashes=state.clashes)

    @router.post("/requests/{request_id}/settle-clash", summary="Say what was agreed with the other unit")
    async def settle(request_id: str, caller: Annotated[Caller, Depends(caller)], body: Settling) -> Assignment:
        return await teller.tell(request_id, caller, "settle_clash", body.model_dump())

    return router
