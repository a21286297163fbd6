"""What people ask of routing over HTTP: who works on a request and why; accept, decline, complete, choose."""

import uuid
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Body, Depends, Header

from services.routing.domain import State
from services.routing.domain.decisions import UNKNOWN
from services.routing.projection import Projection
from shared.http.auth import Principal
from shared.http.problems import Refused
from shared.ledger.desk import Desk
from shared.ledger.messages import Outcome, Refusal, Told
from shared.schemas.model import Json, Text
from shared.telemetry.clock import Clock

PEOPLE_ONLY = Refusal(
    code="people_only", status=403, message=Text(zh="请用本人的凭证操作。", en="Use a person's token for this.")
)
UNSTORABLE = Refusal(
    code="unprocessable",
    status=422,
    message=Text(zh="内容无法保存；请更正后重发。", en="This cannot be stored; correct it and send it again."),
)


def work_routes(desk: Desk, projection: Projection, clock: Clock, principal: Callable[..., Any]) -> APIRouter:
    """GET assignment and decision of a request, POST the four commands, GET a person's open work."""
    router = APIRouter(prefix="/v1", tags=["work"])
    Caller = Annotated[Principal, Depends(principal)]
    Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=200)]
    Data = Annotated[Json | None, Body()]

    async def tell(name: str, request_id: str, caller: Principal, key: str | None, data: Json | None) -> Json:
        if caller.kind != "person":
            raise Refused(PEOPLE_ONLY)
        identity = f"{caller.id}:{name}:{key}" if key else uuid.uuid4().hex
        told = Told(id=identity, subject=request_id, name=name, data={**(data or {}), "by": caller.id}, at=clock.now())
        return _answer(await desk.tell(told))

    @router.get("/requests/{request_id}/assignment", summary="Who works on it, and its status")
    async def assignment(request_id: str, _caller: Caller) -> Json:
        return shown(request_id, await known(request_id))

    @router.get("/requests/{request_id}/decision", summary="The records of the choices: candidates, numbers, counts by reason")
    async def decision(request_id: str, _caller: Caller) -> Json:
        state = await known(request_id)
        return {"id": request_id, "decisions": [record.model_dump(mode="json") for record in state.decisions]}

    @router.post("/requests/{request_id}/accept", summary="Take the work on")
    async def accept(request_id: str, caller: Caller, key: Key = None) -> Json:
        return await tell("accept", request_id, caller, key, None)

    @router.post("/requests/{request_id}/decline", summary="Give the seat back, with a reason")
    async def decline(request_id: str, caller: Caller, key: Key = None, data: Data = None) -> Json:
        return await tell("decline", request_id, caller, key, data)

    @router.post("/requests/{request_id}/complete", summary="Deliver the work: a note and a result by section")
    async def complete(request_id: str, caller: Caller, key: Key = None, data: Data = None) -> Json:
        return await tell("complete", request_id, caller, key, data)

    @router.post("/requests/{request_id}/choose", summary="The coordinator's choice of supporters")
    async def choose(request_id: str, caller: Caller, key: Key = None, data: Data = None) -> Json:
        return await tell("choose", request_id, caller, key, data)

    @router.get("/people/{person}/work", summary="The open requests in which somebody has a seat")
    async def work(person: str, caller: Caller) -> Json:
        if caller.kind == "person" and caller.id != person:
            raise Refused(PEOPLE_ONLY)
        return {"person": person, "work": [shown(request, state) for request, state in await projection.work_of(person, 200)]}

    async def known(request_id: str) -> State:
        state = await projection.state(request_id)
        if state is None or state.request is None:
            raise Refused(UNKNOWN)
        return state

    return router


def shown(request_id: str, state: State) -> Json:
    """A request as those who work on it see it."""
    return {
        "id": request_id,
        "type": state.request.type if state.request else None,
        "status": state.status,
        "version": state.version,
        "coordinator": state.coordinator.model_dump() if state.coordinator else None,
        "supporters": [seat.model_dump() for seat in state.supporters],
        "waiting_since": state.waiting_since if state.status == "waiting" else None,
    }


def _answer(outcome: Outcome) -> Json:
    if outcome.refusal is not None:
        raise Refused(outcome.refusal)
    if outcome.problem:
        raise Refused(UNSTORABLE)
    return shown(outcome.subject, outcome.state)
