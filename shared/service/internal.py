"""The addresses for services and operators: the feed that closes gaps, heads and reconciliation, replay and redrive."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from shared.http.problems import Refused
from shared.ledger.apply import Ledger
from shared.ledger.document import BEGINNING, Head
from shared.ledger.messages import Refusal
from shared.ledger.reconciler import Reconciler
from shared.schemas.envelope import Event
from shared.schemas.model import Json, Text
from shared.service.parts import LedgerRoom
from shared.storage import MongoDeadLetters, MongoLedgerStore

PAGE = 500
NO_LEDGER = Refusal(
    code="no_ledger", status=404, message=Text(zh="本服务没有这个账本。", en="This service has no ledger of that name.")
)


def internal_routes(
    rooms: Mapping[str, LedgerRoom], people: Reconciler, dead_letters: MongoDeadLetters, authorised: Callable[..., Any]
) -> APIRouter:
    """`rooms` by name; the one called "requests" is the one whose events others hear."""
    router = APIRouter(prefix="/internal", dependencies=[Depends(authorised)], include_in_schema=False)
    requests = rooms["requests"]

    @router.get("/events/{subject:path}")
    async def events(subject: str, after: Annotated[int, Query(ge=0)] = 0, ledger: str = "requests") -> list[Event]:
        return await _of(rooms, ledger).store.events(subject, after)

    @router.get("/heads")
    async def heads(
        since: datetime = BEGINNING,
        after: str = "",
        limit: Annotated[int, Query(ge=1, le=5000)] = PAGE,
        ledger: str = "requests",
    ) -> list[Head]:
        return await _of(rooms, ledger).store.heads(since, after, limit)

    @router.post("/replay")
    async def replay() -> Json:
        return {name: await replay_all(room.ledger, room.store) for name, room in rooms.items()}

    @router.post("/reconcile")
    async def reconcile() -> Json:
        return {"people": await people.compare_all(), "requests": await requests.reconciler.compare_all()}

    @router.get("/parked")
    async def parked(limit: Annotated[int, Query(ge=1, le=5000)] = PAGE) -> list[tuple[str, str]]:
        return await requests.store.parked(limit)

    @router.post("/parked/{subject}/redrive")
    async def redrive(subject: str) -> Json:
        return {"still_parked": await requests.ledger.redrive([subject])}

    @router.get("/dead-letters")
    async def dead(limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[Json]:
        return list(await dead_letters.listed(limit))

    return router


def _of(rooms: Mapping[str, LedgerRoom], ledger: str) -> LedgerRoom:
    if ledger not in rooms:
        raise Refused(NO_LEDGER)
    return rooms[ledger]


async def replay_all(ledger: Ledger[Any, Any], store: MongoLedgerStore) -> Json:
    """Say every event of every subject again, page by page; how many subjects and acknowledged events, and how many events
    the broker did not acknowledge: replay again for those.
    """
    since, after, subjects, events, unsaid = BEGINNING, "", 0, 0, 0
    while page := await store.heads(since, after, PAGE):
        said = await ledger.replay([head.subject for head in page])
        events += said
        unsaid += max(0, sum(head.sequence for head in page) - said)
        subjects += len(page)
        since, after = page[-1].said_at, page[-1].subject
    return {"subjects": subjects, "events": events, "unsaid": unsaid}
