"""A unit's subscriptions to what becomes of its requests; their secrets are shown when they are made, and never again."""

import uuid
from collections.abc import Callable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import Field

from services.intake.api.callback_wishes import Callbacks, Wish
from services.intake.domain.callbacks import subject_of
from services.intake.reception import Clock, Tells
from shared.callbacks.owner import unit_of
from shared.callbacks.secrets import key_of, shown
from shared.http.limits import StrictRoute
from shared.http.principal import Principal
from shared.http.problems import Refused, language
from shared.ledger.messages import Outcome, Refusal, Told
from shared.people.copy import DirectoryCopy
from shared.schemas.callbacks import HAPPENINGS, Callback
from shared.schemas.model import Frozen, Json, Text

NOT_NOW = Refusal(
    code="not_now",
    status=503,
    message=Text(
        zh="现在无法处理，什么都没有改变；请稍后重试。", en="This cannot be done now and changed nothing; try again later."
    ),
)
Identity = Annotated[str, Path(pattern="^[a-z0-9][a-z0-9-]{0,39}$", description="the unit's own name for it")]
Unit = Annotated[str | None, Query(max_length=100, description="the unit, when an operator asks")]


class Shown(Frozen):
    """A subscription. `secret` is there only in the answer that made it: `whsec_` and base64 of the key that signs."""

    unit: str
    id: str
    url: str
    events: tuple[str, ...]
    contact: str | None
    active: bool
    ended: str
    version: int
    failing: bool
    secret: str | None = None

    @classmethod
    def of(cls, callback: Callback, secret: str | None = None) -> "Shown":
        """The subscription as its unit sees it."""
        plain = callback.model_dump(include=cls.model_fields.keys() - {"secret", "failing"})
        return cls(**plain, failing=callback.failing is not None, secret=secret)


class ShownAll(Frozen):
    """A unit's subscriptions by id, and all the state changes that can be subscribed to."""

    callbacks: tuple[Shown, ...]
    available: tuple[str, ...] = HAPPENINGS


class Seen(Frozen):
    """What notify saw of an address; `delivery` is the one that saw it."""

    what: Literal["gone", "failing", "works"]
    url: str = Field(max_length=2000)
    delivery: str = Field(max_length=100)


class Noted(Frozen):
    """Whether the address is known to fail because of that very delivery."""

    first: bool


def callback_routes(callbacks: Callbacks, desk: Tells, people: DirectoryCopy, clock: Clock, auth: Any) -> APIRouter:
    """GET /v1/callbacks, PUT and DELETE /v1/callbacks/{id}, POST /v1/callbacks/{id}/rotate; notify tells under /internal."""
    router = APIRouter(route_class=StrictRoute)
    router.include_router(_own(callbacks, desk, people, clock, auth.needs("callbacks:manage")))
    router.include_router(_internal(desk, clock, auth.service))
    return router


def _own(callbacks: Callbacks, desk: Tells, people: DirectoryCopy, clock: Clock, principal: Callable[..., Any]) -> APIRouter:
    router = APIRouter(prefix="/v1/callbacks", tags=["callbacks"], route_class=StrictRoute)
    Caller = Annotated[Principal, Depends(principal)]

    def secret(callback: Callback) -> str:
        return shown(key_of(callbacks.master, callback.unit, callback.id, callback.version))

    @router.get("", summary="A unit's callbacks, without their secrets")
    async def listed(caller: Caller, unit: Unit = None) -> ShownAll:
        known = people.directory.callbacks.get(unit_of(caller, unit), {})
        return ShownAll(callbacks=tuple(Shown.of(known[name]) for name in sorted(known) if not known[name].removed))

    @router.put(
        "/{callback_id}", summary="Set a callback; a new one is answered with its secret", responses={201: {"model": Shown}}
    )
    async def put(
        callback_id: Identity, wish: Wish, caller: Caller, request: Request, response: Response, unit: Unit = None
    ) -> Shown:
        owner = unit_of(caller, unit)
        await callbacks.ensure_possible(owner, callback_id, wish, language(request.headers.get("accept-language", "")))
        given = {**wish.model_dump(mode="json"), "unit": owner, "id": callback_id}
        outcome = await _tell(desk, clock, "set_callback", owner, callback_id, {"callback": given})
        new = bool((outcome.answer or {}).get("new"))
        response.status_code = 201 if new else 200
        return Shown.of(outcome.state.callback, secret(outcome.state.callback) if new else None)

    @router.delete("/{callback_id}", summary="Remove a callback", status_code=204)
    async def removed(callback_id: Identity, caller: Caller, unit: Unit = None) -> None:
        await _tell(desk, clock, "remove_callback", unit_of(caller, unit), callback_id, {})

    @router.post("/{callback_id}/rotate", summary="A new secret; the one before it signs too for a day")
    async def rotated(callback_id: Identity, caller: Caller, unit: Unit = None) -> Shown:
        callbacks.ensure_on()
        outcome = await _tell(desk, clock, "turn_callback", unit_of(caller, unit), callback_id, {})
        return Shown.of(outcome.state.callback, secret(outcome.state.callback))

    return router


def _internal(desk: Tells, clock: Clock, authorised: Callable[..., Any]) -> APIRouter:
    router = APIRouter(prefix="/internal", dependencies=[Depends(authorised)], include_in_schema=False)

    @router.post("/callbacks/{callback_id}")
    async def seen(callback_id: Identity, seen: Seen, unit: Annotated[str, Query(max_length=100)]) -> Noted:
        data = {"url": seen.url, "delivery": seen.delivery}
        callback: Callback | None = (await _tell(desk, clock, f"callback_{seen.what}", unit, callback_id, data)).state.callback
        return Noted(first=bool(callback and callback.failing and callback.failing.delivery == seen.delivery))

    return router


async def _tell(desk: Tells, clock: Clock, name: str, unit: str, identity: str, data: Json) -> Outcome:
    """Raises Refused with what the domain says, or that it cannot be done now."""
    told = Told(id=uuid.uuid4().hex, subject=subject_of(unit, identity), name=name, data=data, at=clock.now(), business_unit=unit)
    outcome = await desk.tell(told)
    if outcome.refusal is not None:
        raise Refused(outcome.refusal)
    if outcome.problem:
        raise Refused(NOT_NOW)
    return outcome
