"""What a unit may ask about its callbacks' deliveries: what was given up, to send it again, and a trial of the address."""

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Path, Query

from services.notify.channels.callback import Callbacks
from services.notify.undelivered import Given, Undelivered
from shared.callbacks.owner import unit_of
from shared.http.limits import StrictRoute
from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.ledger.messages import Outcome, Refusal, Told
from shared.people.copy import DirectoryCopy
from shared.schemas.callbacks import Ping, PingData
from shared.schemas.model import Frozen, Text

AT_ONCE = 200
NO_CALLBACK = Refusal(
    code="unknown_callback",
    status=404,
    message=Text(
        zh="您的经营单位没有这个启用的回调；刚设置的请稍等片刻再试。",
        en="Your unit has no such callback that is active; if it was set just now, try again in a moment.",
    ),
)
BUSY = Refusal(
    code="callback_busy",
    status=503,
    message=Text(
        zh="该地址正在接收其他消息，或系统未设置回调密钥；请稍后再试。",
        en="The address is being sent other messages, or callbacks have no secret here; try again later.",
    ),
)
Unit = Annotated[str | None, Query(max_length=100, description="the unit, when an operator asks")]
Identity = Annotated[str, Path(pattern="^[a-z0-9][a-z0-9-]{0,39}$")]
Which = Annotated[str | None, Query(max_length=40, description="of this callback alone")]


class Page(Frozen):
    """Callbacks that were given up, in the order of their requests; `total` counts all of the unit. `next` is where to go on."""

    undelivered: tuple[Given, ...]
    total: int
    next: str | None


class Redriven(Frozen):
    """How many are sent again, and whether there are more: then ask again."""

    again: int
    more: bool


class Tried(Frozen):
    """How a trial went: the status the address answered, or the `problem`; `seconds` it took."""

    delivered: bool
    status: int | None
    problem: str
    seconds: float


class Tells(Protocol):
    async def tell(self, message: Told) -> Outcome: ...


class Clock(Protocol):
    def now(self) -> datetime: ...


def undelivered_routes(
    undelivered: Undelivered,
    callbacks: Callbacks,
    desk: Tells,
    people: DirectoryCopy,
    clock: Clock,
    principal: Callable[..., Any],
) -> APIRouter:
    """GET /v1/callbacks:undelivered, POST /v1/callbacks:redrive and POST /v1/callbacks/{id}/test."""
    router = APIRouter(prefix="/v1", tags=["callbacks"], route_class=StrictRoute)
    Caller = Annotated[Principal, Depends(principal)]

    @router.get("/callbacks:undelivered", summary="Callbacks that were given up")
    async def listed(
        caller: Caller, unit: Unit = None, callback: Which = None, after: Annotated[str, Query(max_length=100)] = ""
    ) -> Page:
        owner = unit_of(caller, unit)
        found = await undelivered.of(owner, callback=callback, after=after, limit=AT_ONCE)
        last = found[-1].request if len(found) >= AT_ONCE else None
        return Page(undelivered=tuple(found), total=await undelivered.count(owner), next=last)

    @router.post("/callbacks:redrive", summary="Send again what was given up")
    async def redrive(caller: Caller, unit: Unit = None, callback: Which = None) -> Redriven:
        found = await undelivered.of(unit_of(caller, unit), callback=callback, limit=AT_ONCE)
        again = [await _again(desk, one, clock.now()) for one in found]
        return Redriven(again=sum(again), more=len(found) >= AT_ONCE)

    trying: set[tuple[str, str]] = set()

    @router.post("/callbacks/{callback_id}/test", summary="Send a ping to the address, once, now")
    async def tried(callback_id: Identity, caller: Caller, unit: Unit = None) -> Tried:
        callback = people.directory.callbacks.get(unit_of(caller, unit), {}).get(callback_id)
        if callback is None or not callback.active:
            raise Refused(NO_CALLBACK)
        which = (callback.unit, callback.id)
        if which in trying:
            raise Refused(BUSY)
        trying.add(which)
        try:
            ping = Ping(timestamp=clock.now(), data=PingData(callback=callback.id))
            attempt = await callbacks.attempt(callback, f"ping-{uuid.uuid4()}", ping.model_dump(mode="json"))
        finally:
            trying.discard(which)
        if isinstance(attempt, float):
            raise Refused(BUSY)
        problem = "" if attempt.taken else attempt.problem
        return Tried(delivered=attempt.taken, status=attempt.status, problem=problem, seconds=round(attempt.seconds, 3))

    return router


async def _again(desk: Tells, given: Given, now: datetime) -> bool:
    data = {"delivery": given.delivery, "arrived": False}
    outcome = await desk.tell(Told(id=uuid.uuid4().hex, subject=given.request, name="resolve", data=data, at=now))
    return outcome.refusal is None and not outcome.problem
