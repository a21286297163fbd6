"""What people do about a request: those who work on it, those who arrange who does, and the requester."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from services.routing.api.shown import Assignment
from services.routing.api.telling import Caller, Teller
from services.routing.domain.closing import RATINGS
from shared.schemas.model import Json


class Body(BaseModel):
    """What is not named here is refused, so that a misspelt field is not lost."""

    model_config = ConfigDict(extra="forbid")


Reason = Annotated[str, Field(min_length=1, max_length=2000)]
PersonId = Annotated[str, Field(min_length=1, max_length=100)]


class Reasoned(Body):
    reason: Reason


class SendingBack(Reasoned):
    """`missing` names fields (details.due) or preconditions by their keys."""

    missing: Annotated[list[Annotated[str, Field(min_length=1, max_length=200)]], Field(max_length=100)] = []


class Pausing(Reasoned):
    until: AwareDatetime | None = None


class HandingOver(Reasoned):
    """The seat goes to `person`: one's own, or that of supporter `holder` when the coordinator says so."""

    person: PersonId
    holder: PersonId | None = None


class Adding(Reasoned):
    person: PersonId
    role: Annotated[str, Field(max_length=100)] | None = None
    skill: Annotated[str, Field(max_length=100)] | None = None


class Releasing(Reasoned):
    """Supporter `person` or, without one, the vacant seat: where there are several, that of `role` and `skill`."""

    person: PersonId | None = None
    role: Annotated[str, Field(max_length=100)] | None = None
    skill: Annotated[str, Field(max_length=100)] | None = None


class Confirming(Body):
    rating: Annotated[int, Field(ge=RATINGS.start, lt=RATINGS.stop)] | None = None
    note: Annotated[str, Field(max_length=2000)] = ""


class Completing(Body):
    """`result` holds the output's sections (for a survey: the information checklist) by their keys."""

    note: Annotated[str, Field(max_length=20_000)] = ""
    result: Json = {}


class Choosing(Body):
    """One candidate for each seat of the offered ranking, in its order."""

    people: Annotated[list[Annotated[str, Field(max_length=100)]], Field(min_length=1, max_length=50)]


Commanding = Callable[..., Any]
"""The dependency that finds the Caller."""


def performing_routes(router: APIRouter, teller: Teller, commanding: Commanding) -> None:
    """Those who do the work."""

    @router.post("/requests/{request_id}/accept", summary="Take the work on")
    async def accept(request_id: str, caller: Annotated[Caller, Depends(commanding)]) -> Assignment:
        return await teller.tell(request_id, caller, "accept", {})

    @router.post("/requests/{request_id}/decline", summary="Give the seat back, with a reason; the next candidate gets it")
    async def decline(request_id: str, caller: Annotated[Caller, Depends(commanding)], body: Reasoned) -> Assignment:
        return await teller.tell(request_id, caller, "decline", body.model_dump())

    @router.post("/requests/{request_id}/complete", summary="Deliver the work: a note and a result by section")
    async def complete(
        request_id: str, caller: Annotated[Caller, Depends(commanding)], body: Completing | None = None
    ) -> Assignment:
        return await teller.tell(request_id, caller, "complete", (body or Completing()).model_dump())

    @router.post("/requests/{request_id}/send-back", summary="Ask the requester for what is missing; an amendment answers it")
    async def send_back(request_id: str, caller: Annotated[Caller, Depends(commanding)], body: SendingBack) -> Assignment:
        return await teller.tell(request_id, caller, "send_back", body.model_dump())

    @router.post("/requests/{request_id}/pause", summary="Wait for the customer, until a time or until it is resumed")
    async def pause(request_id: str, caller: Annotated[Caller, Depends(commanding)], body: Pausing) -> Assignment:
        return await teller.tell(request_id, caller, "pause", body.model_dump(mode="json"))

    @router.post("/requests/{request_id}/resume", summary="Go on with work that was paused or sent back")
    async def resume(request_id: str, caller: Annotated[Caller, Depends(commanding)]) -> Assignment:
        return await teller.tell(request_id, caller, "resume", {})


def arranging_routes(router: APIRouter, teller: Teller, commanding: Commanding) -> None:
    """Those who arrange who does it."""

    @router.post("/requests/{request_id}/choose", summary="The coordinator's choice of supporters")
    async def choose(request_id: str, caller: Annotated[Caller, Depends(commanding)], body: Choosing) -> Assignment:
        return await teller.tell(request_id, caller, "choose", body.model_dump())

    @router.post("/requests/{request_id}/hand-over", summary="Give a seat to a colleague who may have it")
    async def hand_over(request_id: str, caller: Annotated[Caller, Depends(commanding)], body: HandingOver) -> Assignment:
        return await teller.tell(request_id, caller, "hand_over", body.model_dump())

    @router.post("/requests/{request_id}/add", summary="The coordinator asks one more colleague for help")
    async def add(request_id: str, caller: Annotated[Caller, Depends(commanding)], body: Adding) -> Assignment:
        return await teller.tell(request_id, caller, "add", body.model_dump())

    @router.post(
        "/requests/{request_id}/release",
        summary="The coordinator releases a supporter, or gives a vacant seat up; nobody takes their place",
    )
    async def release(request_id: str, caller: Annotated[Caller, Depends(commanding)], body: Releasing) -> Assignment:
        return await teller.tell(request_id, caller, "release", body.model_dump())

    @router.post(
        "/requests/{request_id}/escalate", summary="Turn to the coordinator or, as the coordinator, to the unit's leaders"
    )
    async def escalate(request_id: str, caller: Annotated[Caller, Depends(commanding)], body: Reasoned) -> Assignment:
        return await teller.tell(request_id, caller, "escalate", body.model_dump())


def closing_routes(router: APIRouter, teller: Teller, commanding: Commanding) -> None:
    """The requester, once it is delivered."""

    @router.post("/requests/{request_id}/confirm", summary="The requester has what they asked for, and may rate it")
    async def confirm(
        request_id: str, caller: Annotated[Caller, Depends(commanding)], body: Confirming | None = None
    ) -> Assignment:
        return await teller.tell(request_id, caller, "confirm", (body or Confirming()).model_dump())

    @router.post("/requests/{request_id}/reopen", summary="The requester has delivered work done again, with a reason")
    async def reopen(request_id: str, caller: Annotated[Caller, Depends(commanding)], body: Reasoned) -> Assignment:
        return await teller.tell(request_id, caller, "reopen", body.model_dump())
