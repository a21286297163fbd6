"""The review of a request: where it stands, and what those do about it whose opinion is asked for."""

from collections.abc import Mapping
from typing import Annotated, Literal

from fastapi import APIRouter, Depends
from pydantic import Field

from services.routing.api.commanding import Body, Commanding, PersonId, Reason, Reasoned
from services.routing.api.reading import Authenticate, Reading
from services.routing.api.shown import Assignment
from services.routing.api.telling import Caller, Teller
from services.routing.domain import State
from services.routing.domain.refusals import UNKNOWN
from services.routing.domain.review.model import Review, asked_people
from services.routing.domain.review.places import place_of
from services.routing.domain.review.refusals import NO_REVIEW
from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.schemas.model import Frozen, Text
from shared.schemas.reviews import ConditionAccount, Opinion, Party, PastOpinion, ReviewOutcome, ReviewStep, Verdict

Key = Annotated[str, Field(min_length=1, max_length=200)]


class Demanding(Body):
    """One condition of an approval: what must change, and the fields (`lines`) or clauses it concerns (none named: all)."""

    text: Annotated[str, Field(min_length=1, max_length=500)]
    concerns: Annotated[list[Key], Field(max_length=20, default_factory=list)]


class Opining(Body):
    """`version` is that of the request as it was read; another by now is refused."""

    opinion: Verdict
    version: Annotated[int, Field(ge=1)]
    text: Annotated[str, Field(max_length=20_000)] = ""
    conditions: Annotated[list[Demanding], Field(max_length=50, default_factory=list)]


class Returning(Reasoned):
    """`step` is the key of a step of the review."""

    step: Key


class AskingAlso(Reasoned):
    """`beside` is the key of the party before or after whose step `person` is asked, in `role` or the first they hold."""

    person: PersonId
    beside: Key
    place: Literal["before", "after"] = "before"
    role: Key | None = None


class Transferring(Body):
    """One's own part, or as coordinator that of `holder`, goes to `person`."""

    person: PersonId
    reason: Reason
    holder: PersonId | None = None


class ShownParty(Party):
    """A party, who has its seat, its opinion, and whether it is asked now."""

    person: str | None
    opinion: Opinion | None
    asked: bool


class ShownStep(Frozen):
    key: str
    name: Text
    rule: str
    done: bool
    parties: tuple[ShownParty, ...]


class ShownReview(Frozen):
    """`round` counts from 1 and is 0 while the review has not begun (`waiting` says why).

    `asked` are the people whose turn it is; `past` opinions were asked for again, the latest 200 of them; `account` says of each
    condition that stood before the last amendment what became of it.
    """

    id: str
    version: int
    revision: int
    round: int
    amount: float
    waiting: Text | None
    outcome: ReviewOutcome | None
    asked: tuple[str, ...]
    steps: tuple[ShownStep, ...]
    past: tuple[PastOpinion, ...]
    account: tuple[ConditionAccount, ...]


def review_reading_routes(router: APIRouter, projection: Reading, principal: Authenticate) -> None:
    @router.get("/requests/{request_id}/review", summary="The review: its steps, opinions, and whose turn it is")
    async def review(request_id: str, caller: Annotated[Principal, Depends(principal)]) -> ShownReview:
        state = await projection.state(caller.sight, request_id)
        if state is None:
            raise Refused(UNKNOWN)
        if state.review is None:
            raise Refused(NO_REVIEW)
        return shown_review(request_id, state, state.review)


def reviewing_routes(router: APIRouter, teller: Teller, commanding: Commanding) -> None:
    """Those whose opinion is asked for, and the coordinator."""

    @router.post("/requests/{request_id}/opine", summary="Give an opinion; the last one decides and completes the request")
    async def opine(request_id: str, caller: Annotated[Caller, Depends(commanding)], body: Opining) -> Assignment:
        return await teller.tell(request_id, caller, "opine", body.model_dump())

    @router.post("/requests/{request_id}/return-to-step", summary="Have the opinions from a step on given again, with a reason")
    async def return_to_step(request_id: str, caller: Annotated[Caller, Depends(commanding)], body: Returning) -> Assignment:
        return await teller.tell(request_id, caller, "return_to_step", body.model_dump())

    @router.post("/requests/{request_id}/ask-also", summary="Ask one more colleague, before or after somebody")
    async def ask_also(request_id: str, caller: Annotated[Caller, Depends(commanding)], body: AskingAlso) -> Assignment:
        return await teller.tell(request_id, caller, "ask_also", body.model_dump())

    @router.post("/requests/{request_id}/transfer", summary="Give a part that has no opinion yet to a colleague who may have it")
    async def transfer(request_id: str, caller: Annotated[Caller, Depends(commanding)], body: Transferring) -> Assignment:
        return await teller.tell(request_id, caller, "transfer", body.model_dump())


def shown_review(request_id: str, state: State, review: Review) -> ShownReview:
    """The review of a request as those see it who may see the request."""
    held = {place_of(seat): seat.person for seat in state.supporters}
    return ShownReview(
        id=request_id,
        version=state.version,
        revision=state.revision,
        round=review.round,
        amount=review.amount,
        waiting=review.waiting,
        outcome=review.outcome,
        asked=asked_people(review, state.supporters),
        steps=tuple(_step(step, review, held) for step in review.steps),
        past=review.past,
        account=review.account,
    )


def _step(step: ReviewStep, review: Review, held: Mapping[str, str]) -> ShownStep:
    turn = {party.key for party in review.turn}
    parties = tuple(
        ShownParty(**party.model_dump(), person=held.get(party.key), opinion=review.said(party.key), asked=party.key in turn)
        for party in step.parties
    )
    return ShownStep(key=step.key, name=step.name, rule=step.rule, done=review.done(step), parties=parties)
