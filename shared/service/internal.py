"""The addresses for the other services: the feed that closes gaps, and the heads that show where there is one."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from shared.http.problems import Refused
from shared.ledger.document import BEGINNING, Head
from shared.ledger.messages import Refusal
from shared.schemas.envelope import Event
from shared.schemas.model import Text
from shared.service.parts import LedgerRoom

PAGE = 500
NO_LEDGER = Refusal(
    code="no_ledger", status=404, message=Text(zh="本服务没有这个账本。", en="This service has no ledger of that name.")
)


def internal_routes(rooms: Mapping[str, LedgerRoom], authorised: Callable[..., Any]) -> APIRouter:
    """`rooms` by name; the one called "requests" is the one whose events others hear."""
    router = APIRouter(prefix="/internal", dependencies=[Depends(authorised)], include_in_schema=False)

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

    return router


def _of(rooms: Mapping[str, LedgerRoom], ledger: str) -> LedgerRoom:
    if ledger not in rooms:
        raise Refused(NO_LEDGER)
    return rooms[ledger]
