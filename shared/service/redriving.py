"""The operators' addresses for what was set aside: parked subjects of every ledger and dead letters, seen page by page and tried again.

Both answer alike: pages of {name, why, …} with `next` and `total`, and a redrive of named ones with which are `done`, which are
`left` and why, and which are `unknown`. Repeating a redrive is harmless and answers the same. Contents are shown of one at a time,
since records may hold personal values.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from shared.http.problems import Refused
from shared.ledger.document import Held
from shared.ledger.messages import Refusal
from shared.messaging.wire import Record
from shared.schemas.model import Frozen, Json, Text
from shared.service.audit import Audit
from shared.service.parts import LedgerRoom
from shared.service.recovery import BAD_CURSOR, By, read
from shared.service.redriver import Redriver
from shared.storage import MongoDeadLetters

Limit = Annotated[int, Query(ge=1, le=1000)]
PAGE = 100
NOT_PARKED = Refusal(
    code="not_parked",
    status=404,
    message=Text(zh="本服务没有搁置这个申请。", en="This service has not set that request aside."),
)
NO_LETTER = Refusal(
    code="no_dead_letter", status=404, message=Text(zh="本服务没有这封死信。", en="This service has no dead letter of that name.")
)


class Named(Frozen):
    """Which ones to try again."""

    names: tuple[Annotated[str, Field(min_length=1, max_length=500)], ...] = Field(min_length=1, max_length=PAGE)


class ParkedPlace(Frozen):
    """Behind which subject of which ledger the next page begins; the ledgers after it begin at their first."""

    ledger: str
    after: str = ""


class LetterPlace(Frozen):
    """Behind which letter the next page begins."""

    at: datetime
    name: str


def parked_routes(rooms: Mapping[str, LedgerRoom], audit: Audit, authorised: Callable[..., Any]) -> APIRouter:
    """Whatever is set aside in `rooms`: requests, seasons, people. A page goes through them in that order; a name is looked for in all."""
    router = APIRouter(prefix="/internal", dependencies=[Depends(authorised)], include_in_schema=False)

    @router.get("/parked")
    async def listed(cursor: str = "", reason: str = "", limit: Limit = PAGE) -> Json:
        place = read(ParkedPlace, cursor) if cursor else ParkedPlace(ledger=next(iter(rooms)))
        if place.ledger not in rooms:
            raise Refused(BAD_CURSOR)
        rows, following = await _page(rooms, place, reason, limit)
        total = sum([await room.store.count_parked(reason) for room in rooms.values()])
        return {"rows": rows, "next": following.model_dump_json() if following else None, "total": total}

    @router.get("/parked/{subject:path}")
    async def shown(subject: str) -> Json:
        for name, room in rooms.items():
            document = (await room.store.load([subject])).get(subject)
            if document is not None and document.parked is not None:
                return {
                    "name": subject,
                    "ledger": name,
                    "why": document.parked,
                    "heard": document.heard,
                    "held": [_held(held) for held in document.early],
                    "aside": [_held(held) for held in document.aside],
                }
        raise Refused(NOT_PARKED)

    @router.post("/parked:redrive")
    async def redrive(body: Named, by: By) -> Json:
        async with audit.deed("redrive", by, {"requests": list(body.names)}) as outcome:
            tried: dict[str, str | None] = {}
            for room in rooms.values():
                known = list(await room.store.load(body.names))
                for name, why in (await room.ledger.redrive(known) if known else {}).items():
                    tried[name] = tried.get(name) or why
            outcome["done"] = [name for name, why in tried.items() if why is None]
            outcome["left"] = [{"name": name, "why": why} for name, why in tried.items() if why is not None]
            outcome["unknown"] = [name for name in body.names if name not in tried]
        return outcome

    return router


async def _page(
    rooms: Mapping[str, LedgerRoom], place: ParkedPlace, reason: str, limit: int
) -> tuple[list[Json], ParkedPlace | None]:
    """`limit` rows from `place` on, and where the next page begins; None: these were the last."""
    rows: list[Json] = []
    names = list(rooms)
    for name in names[names.index(place.ledger) :]:
        after = place.after if name == place.ledger else ""
        found = await rooms[name].store.parked(limit - len(rows), after, reason)
        rows += [{"name": subject, "ledger": name, "why": why} for subject, why in found]
        if len(rows) == limit:
            return rows, ParkedPlace(ledger=name, after=found[-1][0])
    return rows, None


def dead_letter_routes(letters: MongoDeadLetters, redriver: Redriver, audit: Audit, authorised: Callable[..., Any]) -> APIRouter:
    """The records that could not be given to any request."""
    router = APIRouter(prefix="/internal", dependencies=[Depends(authorised)], include_in_schema=False)

    @router.get("/dead-letters")
    async def listed(cursor: str = "", reason: str = "", limit: Limit = PAGE, *, redriven: bool = False) -> Json:
        place = read(LetterPlace, cursor) if cursor else None
        page = await letters.listed(limit, after=(place.at, place.name) if place else None, reason=reason, redriven=redriven)
        last = LetterPlace(at=page[-1]["at"], name=page[-1]["_id"]) if len(page) == limit else None
        return {
            "rows": [_letter(letter) for letter in page],
            "next": last.model_dump_json() if last else None,
            "total": await letters.count(reason=reason, redriven=redriven),
        }

    @router.get("/dead-letters/{name:path}")
    async def shown(name: str) -> Json:
        letter = await letters.found(name)
        if letter is None:
            raise Refused(NO_LETTER)
        return {**_letter(letter), "record": letter["record"]}

    @router.post("/dead-letters:redrive")
    async def redrive(body: Named, by: By) -> Json:
        async with audit.deed("redrive_dead_letters", by, {"letters": list(body.names)}) as outcome:
            outcome.update(await redriver.redrive(body.names, by))
        return outcome

    return router


def _held(held: Held) -> Json:
    """A held message by its place; its content stays where it is."""
    named = {"source": held.source, "sequence": held.sequence, "id": held.id, "since": held.since}
    return {**named, **_place(held.record)}


def _letter(letter: Json) -> Json:
    told = {"name": letter["_id"], "why": letter["problem"], "at": letter["at"]}
    done = {"redriven_at": letter.get("redriven_at"), "redriven_by": letter.get("redriven_by")}
    return {**told, **done, **_place(Record.from_json(letter["record"]))}


def _place(record: Record) -> Json:
    """Where a record was read, and its content by size and digest."""
    value = record.value or b""
    place = {"topic": record.topic, "partition": record.partition, "offset": record.offset}
    return {**place, "bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()}
