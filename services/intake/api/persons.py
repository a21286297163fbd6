"""Erasing a natural person: what names them is found, then written down as ids, then erased one by one. An operator's deed.

Invariant: the value stands in the body of one question and in nothing that is kept: no address, no log, no audit. That somebody looked
is in the audit, whether or not anything is erased then.
"""

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends
from pydantic import Field

from services.intake.api.erasing import By
from services.intake.domain.persons import folded
from services.intake.persons import Erasure, Found, Persons
from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.model import Frozen, Text
from shared.service.audit import Audit
from shared.storage import BlobStore
from shared.telemetry.clock import Clock

MOST = 3_000
"""Requests, and entries, of one erasure: so many ids are a body that is taken."""
NO_ERASURE = Refusal(code="not_found", status=404, message=Text(zh="没有这次删除。", en="There is no such erasure."))
NOTHING_NAMED = Refusal(
    code="nothing_to_look_for",
    status=422,
    message=Text(zh="请给出姓名、电话或邮箱。", en="Give a name, a telephone number or an address to look for."),
)
Value = Annotated[str, Field(min_length=1, max_length=200)]
Id = Annotated[str, Field(min_length=1, max_length=100)]


class Wanted(Frozen, extra="forbid"):
    """Whom to look for in one unit: by each of `values`, which are a name, a telephone number, an address."""

    unit: Id
    values: Annotated[tuple[Value, ...], Field(min_length=1, max_length=20)]
    after: Annotated[str, Field(max_length=100)] = ""


class Wish(Frozen, extra="forbid"):
    """What is to be erased; with `files`, the uploads that these requests alone name too."""

    unit: Id
    files: bool = False
    requests: Annotated[tuple[Id, ...], Field(max_length=MOST)] = ()
    entries: Annotated[tuple[Id, ...], Field(max_length=MOST)] = ()


class Begun(Frozen):
    """The erasures of which something is left to be done."""

    erasures: tuple[Erasure, ...]


class Ticked(Frozen):
    """A request that is not left to be done any more."""

    request: str


class EntriesErased(Frozen):
    """How many entries of the desk, and raw mails of these, were deleted."""

    entries: int
    mails: int


def person_routes(persons: Persons, blobs: BlobStore, audit: Audit, clock: Clock, authorised: Callable[..., Any]) -> APIRouter:
    """POST /internal/persons:find; POST and GET /internal/erasures; POST /internal/erasures/{id}/entries and …/done."""
    router = APIRouter(prefix="/internal", dependencies=[Depends(authorised)], include_in_schema=False)

    @router.post("/persons:find")
    async def find(wanted: Wanted, by: By) -> Found:
        values = frozenset(folded(value) for value in wanted.values) - {""}
        if not values:
            raise Refused(NOTHING_NAMED)
        if wanted.after:
            return await persons.find(wanted.unit, values, wanted.after)
        async with audit.deed("find person", by, {"unit": wanted.unit, "values": len(values)}) as outcome:
            found = await persons.find(wanted.unit, values, "")
            outcome.update(requests=len(found.requests), entries=len(found.entries), more=found.next is not None)
        return found

    @router.post("/erasures", status_code=201)
    async def begin(wish: Wish, by: By) -> Erasure:
        erasure = Erasure(id=str(uuid.uuid4()), by=by, at=clock.now(), **wish.model_dump())
        about = {"erasure": erasure.id, "unit": wish.unit, "files": wish.files}
        async with audit.deed("erase person", by, about) as outcome:
            await persons.begin(erasure)
            outcome.update(requests=len(wish.requests), entries=len(wish.entries))
        return erasure

    @router.get("/erasures")
    async def begun() -> Begun:
        return Begun(erasures=tuple(await persons.open()))

    @router.post("/erasures/{erasure}/entries")
    async def entries(erasure: str, by: By) -> EntriesErased:
        kept = await persons.one(erasure)
        if kept is None:
            raise Refused(NO_ERASURE)
        async with audit.deed("erase entries", by, {"erasure": erasure}) as outcome:
            mails = [await blobs.discard(sha256, datetime.now(UTC)) for sha256 in await persons.mails_of(kept)]
            outcome.update(entries=await persons.forget_entries(kept), mails=sum(mails))
        return EntriesErased(**outcome)

    @router.post("/erasures/{erasure}/done")
    async def done(erasure: str, request: str) -> Ticked:
        if not await persons.tick(erasure, request):
            raise Refused(NO_ERASURE)
        return Ticked(request=request)

    return router
