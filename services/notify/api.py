"""What people may ask notify: which messages a request caused, to whom, and how each ended. No addresses, no bodies."""

from collections.abc import Callable
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends

from services.notify.state import State
from shared.http.auth import Principal
from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.model import Json, Text

NOT_FOUND = Refusal(
    code="not_found",
    status=404,
    message=Text(zh="没有这个申请，或它不属于您的经营单位。", en="There is no such request, or it is not your unit's."),
)


class Projection(Protocol):
    """Reads notify's own database."""

    async def state(self, request: str) -> State | None:
        """The request's state, or None when there is no such request."""
        ...


def routes(projection: Projection, principal: Callable[..., Any]) -> APIRouter:
    """GET /v1/requests/{id}/notifications; `principal` is the dependency that says who asks."""
    router = APIRouter(prefix="/v1", tags=["notifications"])

    @router.get("/requests/{request_id}/notifications", summary="Every message about one request and how it ended")
    async def notifications(request_id: str, caller: Annotated[Principal, Depends(principal)]) -> Json:
        state = await projection.state(request_id)
        if state is None or not visible(state, caller):
            raise Refused(NOT_FOUND)
        deliveries = [{"id": identity, **delivery.model_dump(mode="json")} for identity, delivery in state.deliveries.items()]
        return {"request": request_id, "notifications": deliveries}

    return router


def visible(state: State, caller: Principal) -> bool:
    """Whether `caller` may see it: services, the request's unit, the requester, and whoever has a seat."""
    if caller.kind == "service":
        return True
    if state.request is None:
        return False
    people = {state.request.requester, *state.coordinators, *state.supporters}
    return caller.business_unit == state.request.business_unit or (caller.kind == "person" and caller.id in people)
