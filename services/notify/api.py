"""What people may ask notify: which messages a request caused, to whom, and how each ended. No addresses, no bodies."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Response

from services.notify.state import DeliveryState, State, Status
from shared.http.idempotency import Key
from shared.http.idempotency import told as say_whether
from shared.http.limits import StrictRoute
from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.ledger.messages import Outcome, Refusal, Told
from shared.schemas.model import Frozen, Json, Text
from shared.service.once import Keys, Once, Wish, named
from shared.storage import Sight

NOT_FOUND = Refusal(
    code="not_found",
    status=404,
    message=Text(zh="没有这个申请，或它不属于您的经营单位。", en="There is no such request, or it is not your unit's."),
)
FAULTY = Refusal(
    code="not_now",
    status=503,
    message=Text(
        zh="现在无法处理，通知未变；申请若被搁置，请先让它继续（redrive），再重试。",
        en="This cannot be done now and changed nothing; if the request is set aside, let it go on (redrive) first, and try again.",
    ),
)


class Projection(Protocol):
    """Reads notify's own database, as far as whoever asks may see."""

    async def state(self, sight: Sight, request: str) -> State | None:
        """The request's state, or None when there is no such request to see."""
        ...


class Resolution(Frozen):
    """What a person found out about a delivery in doubt: it arrived, or it is to be sent again."""

    arrived: bool


class Settled(Frozen):
    """A delivery that was in doubt, and what it is now."""

    request: str
    delivery: str
    status: Status


class Notification(DeliveryState):
    """One delivery under its id."""

    id: str


class Notifications(Frozen):
    """Every delivery about one request, in the order they were planned."""

    request: str
    notifications: tuple[Notification, ...]


class Tells(Protocol):
    async def tell(self, message: Told) -> Outcome: ...


class Clock(Protocol):
    def now(self) -> datetime: ...


def resolving_routes(desk: Tells, clock: Clock, operator: Callable[..., Any], keys: Keys) -> APIRouter:
    """POST /v1/requests/{id}/notifications/{delivery}/resolve, for operators."""
    router = APIRouter(prefix="/v1", tags=["notifications"], route_class=StrictRoute)
    Operator = Annotated[Principal, Depends(operator)]
    once = Once(Settled, keys)

    async def told(identity: str, request_id: str, data: Json) -> Settled:
        outcome = await desk.tell(Told(id=identity, subject=request_id, name="resolve", data=data, at=clock.now()))
        if outcome.refusal is not None:
            raise Refused(outcome.refusal)
        if outcome.problem:
            raise Refused(FAULTY)
        delivery = data["delivery"]
        return Settled(request=request_id, delivery=delivery, status=outcome.state.deliveries[delivery].status)

    @router.post("/requests/{request_id}/notifications/{delivery}/resolve", summary="Settle a delivery in doubt")
    async def resolve(
        request_id: str, delivery: str, resolution: Resolution, by: Operator, response: Response, key: Key = None
    ) -> Settled:
        data = {"delivery": delivery, "arrived": resolution.arrived}
        if key is None:
            return await told(uuid.uuid4().hex, request_id, data)
        name = named(by.kind, by.id, key)
        wish = Wish(name=name, operation="resolve", subject=request_id, body=data)
        given = await once.answer(wish, lambda: told(name, request_id, data))
        say_whether(response, repeated=given.repeated)
        return given.answer

    return router


def routes(projection: Projection, principal: Callable[..., Any]) -> APIRouter:
    """GET /v1/requests/{id}/notifications; `principal` is the dependency that says who asks."""
    router = APIRouter(prefix="/v1", tags=["notifications"])

    @router.get("/requests/{request_id}/notifications", summary="Every message about one request and how it ended")
    async def notifications(request_id: str, caller: Annotated[Principal, Depends(principal)]) -> Notifications:
        state = await projection.state(caller.sight, request_id)
        if state is None:
            raise Refused(NOT_FOUND)
        deliveries = tuple(Notification(id=identity, **dict(delivery)) for identity, delivery in state.deliveries.items())
        return Notifications(request=request_id, notifications=deliveries)

    return router
