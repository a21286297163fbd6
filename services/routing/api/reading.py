"""Who works on a request and why, what somebody has to do, and who waits for somebody."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Query, Response

from services.routing.api.shown import Assignment, Decisions, Waiting, Work, lacking, shown, tag, task
from services.routing.domain import State
from services.routing.domain.linking.looking import linked_of
from services.routing.domain.refusals import UNKNOWN
from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.model import Text
from shared.storage import Sight

PEOPLE_ONLY = Refusal(
    code="people_only", status=403, message=Text(zh="请用本人的凭证操作。", en="Use a person's token for this.")
)
Limit = Annotated[int, Query(ge=1, le=200)]
Authenticate = Callable[..., Any]


class Reading(Protocol):
    """Reads of routing's own requests, each as far as whoever asks may see."""

    async def state(self, sight: Sight, request: str) -> State | None: ...
    async def work_of(self, sight: Sight, people: Sequence[str], limit: int) -> Sequence[tuple[str, State]]: ...
    async def unassigned(self, sight: Sight, limit: int) -> Sequence[tuple[str, State]]: ...
    async def nearest_due(self, sight: Sight, limit: int) -> Sequence[tuple[str, State]]: ...


def reading_routes(router: APIRouter, projection: Reading, principal: Authenticate) -> None:
    async def known(request_id: str, caller: Annotated[Principal, Depends(principal)]) -> State:
        state = await projection.state(caller.sight, request_id)
        if state is None:
            raise Refused(UNKNOWN)
        return state

    @router.get("/requests/{request_id}/assignment", summary="Who works on it, and its status")
    async def assignment(
        request_id: str,
        response: Response,
        state: Annotated[State, Depends(known)],
        caller: Annotated[Principal, Depends(principal)],
    ) -> Assignment:
        response.headers["ETag"] = tag(state.revision)
        return await _with_holders(shown(request_id, state), projection, caller.sight)

    @router.get("/requests/{request_id}/decision", summary="The records of the choices: candidates, numbers, counts by reason")
    async def decision(request_id: str, state: Annotated[State, Depends(known)]) -> Decisions:
        return Decisions(id=request_id, decisions=state.decisions)

    @router.get("/people/{person}/work", summary="The open requests in which somebody has a seat, or stands in for who has one")
    async def work(person: str, caller: Annotated[Principal, Depends(principal)], limit: Limit = 200) -> Work:
        if caller.kind == "person" and person not in {caller.id, *caller.stands_in_for}:
            raise Refused(PEOPLE_ONLY)
        away = caller.stands_in_for if caller.kind == "person" and caller.id == person else frozenset[str]()
        found = await projection.work_of(caller.sight, [person, *sorted(away)], limit)
        return Work(person=person, work=tuple(task(request, state, away) for request, state in found))

    @router.get("/waiting", summary="The requests that nobody fits or whose coordinator has yet to choose, longest first")
    async def waiting(caller: Annotated[Principal, Depends(principal)], limit: Limit = 50) -> Waiting:
        found = await projection.unassigned(caller.sight, limit)
        return Waiting(waiting=tuple(lacking(request, state) for request, state in found))


async def _with_holders(assignment: Assignment, projection: Reading, sight: Sight) -> Assignment:
    """`assignment` with who has the request it waits for in hand at this moment."""
    awaited = assignment.waits_for
    state = await projection.state(sight, awaited.request) if awaited is not None and awaited.standing == "pending" else None
    one = linked_of(awaited.request, state) if awaited is not None and state is not None else None
    if awaited is None or one is None:
        return assignment
    return assignment.model_copy(update={"waits_for": awaited.model_copy(update={"held_by": one.held_by})})
