"""Has a request's clocks reckoned anew: an operator's deed, in the audit before it is done."""

import uuid
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from services.routing.api.shown import ShownClock, clocks_of
from services.routing.api.telling import FAULTY, Desk
from shared.http.problems import Refused
from shared.ledger.messages import Told
from shared.schemas.model import Frozen
from shared.service.audit import Audit
from shared.telemetry.clock import Clock


class Recalculated(Frozen):
    """How many clocks have other moments since, and all of them."""

    request: str
    moved: int
    clocks: tuple[ShownClock, ...]


def recalculating_routes(desk: Desk, audit: Audit, clock: Clock, authorised: Callable[..., Any]) -> APIRouter:
    """POST /internal/requests/{id}/recalculate: by the service levels and the calendar of now; safe to repeat."""
    router = APIRouter(prefix="/internal", dependencies=[Depends(authorised)], include_in_schema=False)

    @router.post("/requests/{request_id}/recalculate")
    async def recalculate(request_id: str, by: Annotated[str, Query(min_length=1, max_length=100)]) -> Recalculated:
        async with audit.deed("recalculate", by, {"request": request_id}) as outcome:
            data = {"by": f"service:{by}"}
            told = Told(id=uuid.uuid4().hex, subject=request_id, name="recalculate", data=data, at=clock.now())
            answer = await desk.tell(told)
            if answer.refusal is not None or answer.problem:
                raise Refused(answer.refusal or FAULTY)
            outcome["moved"] = int((answer.answer or {}).get("moved", 0))
        return Recalculated(request=request_id, moved=outcome["moved"], clocks=clocks_of(answer.state))

    return router
