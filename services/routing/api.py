"""What people and units ask of routing over HTTP: who works on a request and why; accept, decline, complete, choose."""

import uuid
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from services.routing.domain import State
from services.routing.domain.refusals import UNKNOWN
from services.routing.domain.state import Held, Status
from shared.http.idempotency import Key
from shared.http.idempotency import told as say_whether
from shared.http.limits import StrictRoute
from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.ledger.messages import Outcome, Refusal, Told
from shared.schemas.model import Frozen, Json, Text
from shared.schemas.routing import DecisionRecord, Seat
from shared.service.once import Keys, Once, Wish, named
from shared.storage import Sight
from shared.telemetry.clock import Clock

PEOPLE_ONLY = Refusal(
    code="people_only", status=403, message=Text(zh="请用本人的凭证操作。", en="Use a person's token for this.")
)
UNSTORABLE = Refusal(
    code="unprocessable",
    status=422,
    message=Text(zh="内容无法保存；请更正后重发。", en="This cannot be stored; correct it and send it again."),
)
FAULTY = Refusal(
    code="not_now",
    status=503,
    message=Text(
        zh="现在无法处理这个操作，申请未变；请稍后重试。", en="This cannot be done now and changed nothing; try again later."
    ),
)
Limit = Annotated[int, Query(ge=1, le=200)]
Authenticate = Callable[..., Any]


class Desk(Protocol):
    """Applies one command; returns once it is durable."""

    async def tell(self, message: Told) -> Outcome: ...


class Reading(Protocol):
    """Reads of routing's own requests, each as far as whoever asks may see."""

    async def state(self, sight: Sight, request: str) -> State | None: ...
    async def work_of(self, sight: Sight, person: str, limit: int) -> Sequence[tuple[str, State]]: ...
    async def unassigned(self, sight: Sight, limit: int) -> Sequence[tuple[str, State]]: ...


class Body(BaseModel):
    """What is not named here is refused, so that a misspelt field is not lost."""

    model_config = ConfigDict(extra="forbid")


class Declining(Body):
    reason: Annotated[str, Field(min_length=1, max_length=2000)]


class Completing(Body):
    """`result` holds the output's sections (for a survey: the information checklist) by their keys."""

    note: Annotated[str, Field(max_length=20_000)] = ""
    result: Json = {}


class Assignment(Frozen):
    """A request as those who work on it see it; `waiting_since` is set while nobody fits or the coordinator has yet to choose."""

    id: str
    type: str | None
    status: Status
    version: int
    coordinator: Seat | None
    supporters: tuple[Held, ...]
    waiting_since: datetime | None


class Lacking(Assignment):
    """A waiting request with the sentence for each seat that nobody has."""

    business_unit: str | None
    why: tuple[Text, ...]


class Decisions(Frozen):
    """The latest record of each seat's choice."""

    id: str
    decisions: tuple[DecisionRecord, ...]


class Work(Frozen):
    """The open requests in which `person` has a seat, as far as the caller may see them."""

    person: str
    work: tuple[Assignment, ...]


class Waiting(Frozen):
    """Longest first."""

    waiting: tuple[Lacking, ...]


class Choosing(Body):
    """One candidate for each seat of the offered ranking, in its order."""

    people: Annotated[list[Annotated[str, Field(max_length=100)]], Field(min_length=1, max_length=50)]


Tell = Callable[[str, str, Principal, str | None, Json, Response], Awaitable[Assignment]]
"""A command's name, its request, who tells it under which key, its content, and the response whose headers may say more."""


def work_routes(desk: Desk, projection: Reading, clock: Clock, principal: Authenticate, keys: Keys) -> APIRouter:
    """Everything under /v1 that routing answers."""
    router = APIRouter(prefix="/v1", tags=["work"], route_class=StrictRoute)
    _reading_routes(router, projection, principal)
    _command_routes(router, _Teller(desk, clock, keys).tell, principal)
    return router


def _reading_routes(router: APIRouter, projection: Reading, principal: Authenticate) -> None:
    async def known(request_id: str, caller: Annotated[Principal, Depends(principal)]) -> State:
        state = await projection.state(caller.sight, request_id)
        if state is None:
            raise Refused(UNKNOWN)
        return state

    @router.get("/requests/{request_id}/assignment", summary="Who works on it, and its status")
    async def assignment(request_id: str, state: Annotated[State, Depends(known)]) -> Assignment:
        return shown(request_id, state)

    @router.get("/requests/{request_id}/decision", summary="The records of the choices: candidates, numbers, counts by reason")
    async def decision(request_id: str, state: Annotated[State, Depends(known)]) -> Decisions:
        return Decisions(id=request_id, decisions=state.decisions)

    @router.get("/people/{person}/work", summary="The open requests in which somebody has a seat")
    async def work(person: str, caller: Annotated[Principal, Depends(principal)], limit: Limit = 200) -> Work:
        if caller.kind == "person" and caller.id != person:
            raise Refused(PEOPLE_ONLY)
        found = await projection.work_of(caller.sight, person, limit)
        return Work(person=person, work=tuple(shown(request, state) for request, state in found))

    @router.get("/waiting", summary="The requests that nobody fits or whose coordinator has yet to choose, longest first")
    async def waiting(caller: Annotated[Principal, Depends(principal)], limit: Limit = 50) -> Waiting:
        found = await projection.unassigned(caller.sight, limit)
        return Waiting(waiting=tuple(_lacking(request, state) for request, state in found))


def _command_routes(router: APIRouter, tell: Tell, principal: Authenticate) -> None:
    async def acting(caller: Annotated[Principal, Depends(principal)]) -> Principal:
        if caller.kind != "person":
            raise Refused(PEOPLE_ONLY)
        return caller

    Acting = Annotated[Principal, Depends(acting)]

    @router.post("/requests/{request_id}/accept", summary="Take the work on")
    async def accept(request_id: str, by: Acting, response: Response, key: Key = None) -> Assignment:
        return await tell("accept", request_id, by, key, {}, response)

    @router.post("/requests/{request_id}/decline", summary="Give the seat back, with a reason; the next candidate gets it")
    async def decline(request_id: str, by: Acting, response: Response, body: Declining, key: Key = None) -> Assignment:
        return await tell("decline", request_id, by, key, body.model_dump(), response)

    @router.post("/requests/{request_id}/complete", summary="Deliver the work: a note and a result by section")
    async def complete(
        request_id: str, by: Acting, response: Response, body: Completing | None = None, key: Key = None
    ) -> Assignment:
        return await tell("complete", request_id, by, key, (body or Completing()).model_dump(), response)

    @router.post("/requests/{request_id}/choose", summary="The coordinator's choice of supporters")
    async def choose(request_id: str, by: Acting, response: Response, body: Choosing, key: Key = None) -> Assignment:
        return await tell("choose", request_id, by, key, body.model_dump(), response)


class _Teller:
    """Tells the desk a person's commands; one with a key is answered but once."""

    def __init__(self, desk: Desk, clock: Clock, keys: Keys) -> None:
        self._desk = desk
        self._clock = clock
        self._once = Once(Assignment, keys)

    async def tell(
        self, name: str, request_id: str, by: Principal, key: str | None, data: Json, response: Response
    ) -> Assignment:
        """The request as the command left it. Raises Refused."""
        if key is None:
            return await self._told(uuid.uuid4().hex, name, request_id, by, data)
        identity = f"{by.id}:{name}:{key}"
        wish = Wish(name=named("person", by.id, key), operation=name, subject=request_id, body=data)
        given = await self._once.answer(wish, lambda: self._told(identity, name, request_id, by, data))
        say_whether(response, repeated=given.repeated)
        return given.answer

    async def _told(self, identity: str, name: str, request_id: str, by: Principal, data: Json) -> Assignment:
        told = Told(id=identity, subject=request_id, name=name, data={**data, "by": by.id}, at=self._clock.now())
        outcome = await self._desk.tell(told)
        if outcome.refusal is not None:
            raise Refused(outcome.refusal)
        if outcome.problem:
            raise Refused(UNSTORABLE if outcome.state is None else FAULTY if _concerns(outcome.state, by.sight) else UNKNOWN)
        return shown(request_id, outcome.state)


def _concerns(state: State, sight: Sight) -> bool:
    """Whether a request that is set aside may be spoken of: to others it is as if there were none."""
    if state.request is None:
        return False
    people = {state.request.requester.id, *state.seated(), *state.declined}
    return sight.allows(units={state.request.business_unit}, people=people)


def shown(request_id: str, state: State) -> Assignment:
    """A request as those who work on it see it."""
    return Assignment(**_shown(request_id, state))


def _shown(request_id: str, state: State) -> Json:
    return {
        "id": request_id,
        "type": state.request.type if state.request else None,
        "status": state.status,
        "version": state.version,
        "coordinator": state.coordinator,
        "supporters": state.supporters,
        "waiting_since": state.waiting_since if state.status in {"waiting", "choosing"} else None,
    }


def _lacking(request_id: str, state: State) -> Lacking:
    why = tuple(record.explanation for record in state.decisions if not record.chosen)
    return Lacking(**_shown(request_id, state), business_unit=state.request.business_unit if state.request else None, why=why)
