"""Tells the ledger what people wish: on the revision they saw, once for each key, and shows what became of it."""

import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Protocol

from fastapi import Depends, Header, Response

from services.routing.api.reading import PEOPLE_ONLY, Authenticate
from services.routing.api.shown import Assignment, shown, tag
from services.routing.domain import State
from services.routing.domain.refusals import UNKNOWN
from shared.http.idempotency import Key
from shared.http.idempotency import told as say_whether
from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.ledger.messages import Outcome, Refusal, Told
from shared.schemas.model import Json, Text
from shared.schemas.routing import WorkCommand
from shared.service.once import Keys, Once, Wish, named
from shared.storage import Sight
from shared.telemetry.clock import Clock

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
BAD_IF_MATCH = Refusal(
    code="bad_if_match",
    status=400,
    message=Text(
        zh='If-Match 须为查看申请时得到的 ETag，例如 "7"。',
        en='Give in If-Match the ETag that the assignment came with, for example "7".',
    ),
)
CONFLICT = 409


class Desk(Protocol):
    """Applies one command; returns once it is durable."""

    async def tell(self, message: Told) -> Outcome: ...


Revision = Annotated[
    str | None,
    Header(alias="If-Match", description="the ETag of the assignment as seen; the command is refused when it has changed"),
]


@dataclass(frozen=True, kw_only=True)
class Caller:
    """Who tells a command, under which key, on which revision; and the response whose headers may say more."""

    by: Principal
    key: str | None
    revision: int | None
    response: Response


def commanding(principal: Authenticate) -> Callable[..., Any]:
    """The dependency that finds the Caller; commands are people's."""

    async def caller(
        response: Response, who: Annotated[Principal, Depends(principal)], key: Key = None, seen: Revision = None
    ) -> Caller:
        if who.kind != "person":
            raise Refused(PEOPLE_ONLY)
        return Caller(by=who, key=key, revision=_revision(seen), response=response)

    return caller


def _revision(seen: str | None) -> int | None:
    """The revision that an If-Match header names; None without one, and for `*`. Raises Refused."""
    if seen is None or seen.strip() == "*":
        return None
    found = re.fullmatch(r'(?:W/)?"(\d{1,9})"', seen.strip())
    if found is None:
        raise Refused(BAD_IF_MATCH)
    return int(found[1])


class Teller:
    """Tells the desk a person's commands; one with a key is answered but once."""

    def __init__(self, desk: Desk, clock: Clock, keys: Keys) -> None:
        self._desk = desk
        self._clock = clock
        self._once = Once(Assignment, keys)

    async def tell(self, request_id: str, caller: Caller, name: WorkCommand, data: Json) -> Assignment:
        """The request as the command left it. Raises Refused."""
        data = {**data, "by": caller.by.id, **({} if caller.revision is None else {"revision": caller.revision})}
        answer, repeated = await self._answered(request_id, caller, name, data)
        if repeated is not None:
            say_whether(caller.response, repeated=repeated)
        caller.response.headers["ETag"] = tag(answer.revision)
        return answer

    async def _answered(self, request_id: str, caller: Caller, name: WorkCommand, data: Json) -> tuple[Assignment, bool | None]:
        """The answer, and whether it was given before under the same key."""
        if caller.key is None:
            return await self._told(uuid.uuid4().hex, request_id, caller, name, data), None
        identity = f"{caller.by.id}:{name}:{caller.key}"
        body = {field: value for field, value in data.items() if field != "by"}
        wish = Wish(name=named("person", caller.by.id, caller.key), operation=name, subject=request_id, body=body)
        given = await self._once.answer(wish, lambda: self._told(identity, request_id, caller, name, data))
        return given.answer, given.repeated

    async def _told(self, identity: str, request_id: str, caller: Caller, name: WorkCommand, data: Json) -> Assignment:
        outcome = await self.outcome(identity, request_id, caller.by, name, data)
        return shown(request_id, outcome.state)

    async def outcome(self, identity: str, request_id: str, by: Principal, name: WorkCommand, data: Json) -> Outcome:
        """What became of the command `identity`, also when it was told before. Raises Refused."""
        told = Told(id=identity, subject=request_id, name=name, data={**data, "by": by.id}, at=self._clock.now())
        outcome = await self._desk.tell(told)
        if outcome.refusal is not None:
            raise Refused(outcome.refusal, extra=_present(request_id, outcome.refusal, outcome.state))
        if outcome.problem:
            raise Refused(UNSTORABLE if outcome.state is None else FAULTY if _concerns(outcome.state, by.sight) else UNKNOWN)
        return outcome


def _present(request_id: str, refusal: Refusal, state: State) -> Json:
    """The request as it stands, for whoever came too late for what they wished."""
    return {"present": shown(request_id, state).model_dump(mode="json")} if refusal.status == CONFLICT else {}


def _concerns(state: State, sight: Sight) -> bool:
    """Whether a request that is set aside may be spoken of: to others it is as if there were none."""
    if state.request is None:
        return False
    people = {state.request.requester.id, *state.involved()}
    return sight.allows(units={state.request.business_unit}, people=people)
