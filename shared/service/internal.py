"""The addresses services ask each other at: the feed that closes gaps, heads for reconciliation, replay and redrive."""

from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import httpx
from fastapi import APIRouter, Depends, Query

from shared.ledger.apply import Ledger
from shared.schemas.envelope import Event
from shared.schemas.model import Json
from shared.storage import MongoDeadLetters, MongoLedgerStore

PAGE = 500


def internal_routes(
    *,
    ledgers: dict[str, Ledger[Any, Any]],
    stores: dict[str, MongoLedgerStore],
    dead_letters: MongoDeadLetters,
    authorised: Callable[..., Any],
) -> APIRouter:
    """`ledgers` and `stores` by name; "requests" is the one whose events others hear."""
    router = APIRouter(prefix="/internal", dependencies=[Depends(authorised)], include_in_schema=False)
    requests = stores["requests"]

    @router.get("/events/{subject}")
    async def events(subject: str, after: Annotated[int, Query(ge=0)] = 0) -> list[Event]:
        return await requests.events(subject, after)

    @router.get("/heads")
    async def heads(after: str = "", limit: Annotated[int, Query(ge=1, le=5000)] = PAGE) -> list[tuple[str, int]]:
        return await requests.heads(after, limit)

    @router.post("/replay")
    async def replay() -> Json:
        return {name: await replay_all(ledger, stores[name]) for name, ledger in ledgers.items()}

    @router.get("/parked")
    async def parked(limit: Annotated[int, Query(ge=1, le=5000)] = PAGE) -> list[tuple[str, str]]:
        return await requests.parked(limit)

    @router.post("/parked/{subject}/redrive")
    async def redrive(subject: str) -> Json:
        return {"still_parked": await ledgers["requests"].redrive([subject])}

    @router.get("/dead-letters")
    async def dead(limit: Annotated[int, Query(ge=1, le=1000)] = 100) -> list[Json]:
        return list(await dead_letters.listed(limit))

    return router


async def replay_all(ledger: Ledger[Any, Any], store: MongoLedgerStore) -> Json:
    """Say every event of every subject again, page by page; how many subjects and acknowledged events."""
    after, subjects, events = "", 0, 0
    while page := await store.heads(after, PAGE):
        events += await ledger.replay([subject for subject, head in page if head])
        subjects += len(page)
        after = page[-1][0]
    return {"subjects": subjects, "events": events}


def feed(client: httpx.AsyncClient, url_of: Callable[[str], str]) -> Callable[[str, str, int], Awaitable[list[Event]]]:
    """Ask another service what it said: ask(source, subject, after)."""

    async def ask(source: str, subject: str, after: int) -> list[Event]:
        answer = await client.get(f"{url_of(source)}/internal/events/{subject}", params={"after": after})
        answer.raise_for_status()
        return [Event.model_validate(event) for event in answer.json()]

    return ask
