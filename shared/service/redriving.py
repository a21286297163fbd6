"""The operators' addresses for what was set aside: parked requests and dead letters, seen page by page and tried again.

Both answer alike: pages of {name, why, …} with `next` and `total`, and a redrive of named ones with which are `done`, which are
`left` and why, and which are `unknown`. Repeating a redrive is harmless and answers the same. Contents are shown of one at a time,
since records may hold personal values.
"""

import hashlib
from collections.abc import Callable
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
from shared.service.recovery import By, read
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


class LetterPlace(Frozen):
    """Behind which letter the next page begins."""

    at: datetime
    name: str


def parked_routes(room: LedgerRoom, audit: Audit, authorised: Callable[..., Any]) -> APIRouter:
    """The requests of `room` that are set aside."""
    router = APIRouter(prefix="/internal", dependencies=[Depends(authorised)], include_in_schema=False)

    @router.get("/parked")
    async def listed(cursor: str = "", reason: str = "", limit: Limit = PAGE) -> Json:
        page = await room.store.parked(limit, cursor, reason)
        rows = [{"name": subject, "why": why} for subject, why in page]
        return {"rows": rows, "next": page[-1][0] if len(page) == limit else None, "total": await room.store.count_parked(reason)}

    @router.get("/parked/{subject:path}")
    async def shown(subject: str) -> Json:
        document = (await room.store.load([subject])).get(subject)
        if document is None or document.parked is None:
            raise Refused(NOT_PARKED)
        return {
            "name": subject,
            "why": document.parked,
            "heard": document.heard,
            "held": [_held(held) for held in document.early],
            "aside": [_held(held) for held in document.aside],
        }

    @router.post("/parked:redrive")
    async def redrive(body: Named, by: By) -> Json:
        async with audit.deed("redrive", by, {"requests": list(body.names)}) as outcome:
            documents = await room.store.load(body.names)
            known = [name for name in body.names if name in documents]
            tried = await room.ledger.redrive(known) if known else {}
            outcome["done"] = [name for name in known if tried.get(name) is None]
            outcome["left"] = [{"name": name, "why": why} for name, why in tried.items() if why is not None]
            outcome["unknown"] = [name for name in body.names if name not in known]
        return outcome

    return router


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
