"""The operators' addresses that bring back what was lost between services: replay and reconciliation, a page at a time.

Invariant: a page takes a bounded time and leaves nothing half done; repeating it, or beginning anew, is harmless. Each answers
how far it came (`next`: the cursor of the next page, null after the last), and is written down in the audit. What the broker did
not take is not passed: `next` is then the same page, for when the broker is there again.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from itertools import accumulate
from typing import Annotated, Any, TypeVar

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, ValidationError

from shared.http.problems import Refused
from shared.ledger.document import BEGINNING, Head
from shared.ledger.messages import Refusal
from shared.ledger.reconciler import Reconciler
from shared.schemas.envelope import Source
from shared.schemas.model import Frozen, Json, Text
from shared.service.audit import Audit
from shared.service.parts import LedgerRoom
from shared.telemetry.clock import Clock

SUBJECTS_AT_ONCE = 200
EVENTS_AT_ONCE = 500
"""So many go into one send, which the broker must take within its time, and into memory at once."""
ASKED_AT_ONCE = 50
By = Annotated[str, Query(min_length=1, max_length=100, description="who asks, for the audit")]
Since = Annotated[AwareDatetime, Query(description="subjects that said something at that time or later")]
P = TypeVar("P", bound=Frozen)
BAD_CURSOR = Refusal(
    code="bad_cursor",
    status=422,
    message=Text(
        zh="cursor 不是本服务给出的；请用上一页的 next，或不带 cursor 从头开始。",
        en="The cursor is none of this service's; give the last page's `next`, or none to begin anew.",
    ),
)


class ReplayPlace(Frozen):
    """Behind which subject of which ledger the next page begins; the ledgers after it begin at `first`.

    Whoever says something after `until`, the moment of the first page, is left out, or a replay under traffic would never end:
    what they say is on the topic, and whoever lacks what was before it sees a gap and asks.
    """

    ledger: str
    first: datetime
    since: datetime
    until: datetime
    after: str = ""


class ComparePlace(Frozen):
    """Behind which head of which source the next page begins, and the moment up to which all pages compare."""

    what: str
    source: Source
    since: datetime
    after: str
    until: datetime


def recovery_routes(
    rooms: Mapping[str, LedgerRoom],
    reconcilers: Mapping[str, Reconciler],
    audit: Audit,
    clock: Clock,
    authorised: Callable[..., Any],
) -> APIRouter:
    """`rooms` and `reconcilers` by what they hold; pages go through them in that order."""
    router = APIRouter(prefix="/internal", dependencies=[Depends(authorised)], include_in_schema=False)

    @router.get("/replay")
    async def sized(since: Since = BEGINNING) -> dict[str, int]:
        return {name: await room.store.count_heads(since) for name, room in rooms.items()}

    @router.post("/replay")
    async def replay(by: By, since: Since = BEGINNING, cursor: str = "", request: str = "") -> Json:
        if request:
            async with audit.deed("replay", by, {"request": request}) as outcome:
                outcome.update(await _replay_one(rooms, request))
            return {**outcome, "next": None}
        first = ReplayPlace(ledger=next(iter(rooms)), first=since, since=since, until=clock.now())
        place = read(ReplayPlace, cursor) if cursor else first
        if place.ledger not in rooms:
            raise Refused(BAD_CURSOR)
        async with audit.deed("replay", by, {"place": place.model_dump()}) as outcome:
            last = await _replay_page(rooms[place.ledger], place, outcome)
        return {"ledger": place.ledger, **outcome, "next": _shown(last or _next_ledger(rooms, place))}

    @router.post("/reconcile")
    async def reconcile(by: By, cursor: str = "") -> Json:
        places = [(what, source) for what, reconciler in reconcilers.items() for source in reconciler.sources]
        place = read(ComparePlace, cursor) if cursor else _first(*places[0], until=clock.now())
        if (place.what, place.source) not in places:
            raise Refused(BAD_CURSOR)
        async with audit.deed("reconcile", by, {"place": place.model_dump()}) as outcome:
            page = await reconcilers[place.what].compare_page(place.source, place.since, place.after, place.until, ASKED_AT_ONCE)
            outcome.update(compared=page.compared, lacking=page.lacking, failed=page.failed)
        later = places[places.index((place.what, place.source)) + 1 :]
        following = _first(*later[0], until=place.until) if later else None
        if page.last is not None:
            following = place.model_copy(update={"since": page.last.said_at, "after": page.last.subject})
        return {"what": place.what, "source": place.source, **outcome, "next": _shown(following)}

    return router


def read(model: type[P], cursor: str) -> P:
    """The place that `cursor` means; raises Refused when it means none."""
    try:
        return model.model_validate_json(cursor)
    except ValidationError as error:
        raise Refused(BAD_CURSOR) from error


async def _replay_one(rooms: Mapping[str, LedgerRoom], subject: str) -> Json:
    """Say everything about one subject again, in whichever ledger it is."""
    known = [room for room in rooms.values() if await room.store.events(subject)]
    ends = [await room.ledger.replay([subject]) for room in known]
    return {"subjects": len(known), "events": sum(said for said, _ in ends), "unsaid": sum(unsaid for _, unsaid in ends)}


async def _replay_page(room: LedgerRoom, place: ReplayPlace, outcome: Json) -> ReplayPlace | None:
    """Say a page of subjects again; where the next page begins, or None when this was the last."""
    found = [head for head in await room.store.heads(place.since, place.after, SUBJECTS_AT_ONCE) if head.said_at <= place.until]
    page = _sendable(found)
    said, unsaid = await room.ledger.replay([head.subject for head in page]) if page else (0, 0)
    outcome.update(subjects=len(page), events=said, unsaid=unsaid)
    if unsaid:
        return place
    if len(page) == len(found) < SUBJECTS_AT_ONCE:
        return None
    return place.model_copy(update={"since": page[-1].said_at, "after": page[-1].subject})


def _sendable(heads: Sequence[Head]) -> Sequence[Head]:
    """As many of the first `heads` as have no more than EVENTS_AT_ONCE events together; one at least."""
    sums = accumulate(head.sequence for head in heads)
    return heads[: max(1, sum(events <= EVENTS_AT_ONCE for events in sums))]


def _next_ledger(rooms: Mapping[str, LedgerRoom], place: ReplayPlace) -> ReplayPlace | None:
    names = list(rooms)
    later = names[names.index(place.ledger) + 1 :]
    return place.model_copy(update={"ledger": later[0], "since": place.first, "after": ""}) if later else None


def _first(what: str, source: Source, until: datetime) -> ComparePlace:
    return ComparePlace(what=what, source=source, since=BEGINNING, after="", until=until)


def _shown(place: Frozen | None) -> str | None:
    return place.model_dump_json() if place else None
