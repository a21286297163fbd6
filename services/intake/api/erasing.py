"""Erasing a request's personal values on demand: an operator's deed, in the audit before it is done."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query

from services.intake.desk.shelf import Shelf
from services.intake.mail.kept import MailBook
from services.intake.reception import command_id
from shared.http.problems import Refused
from shared.ledger.desk import Desk
from shared.ledger.messages import Refusal, Told
from shared.schemas.model import Frozen, Text
from shared.service.audit import Audit
from shared.storage import BlobStore
from shared.telemetry.clock import Clock

NOT_NOW = Refusal(
    code="not_now",
    status=503,
    message=Text(zh="现在不能删除；请稍后再试。", en="It cannot be erased now; try again later."),
)
By = Annotated[str, Query(min_length=1, max_length=100)]
Uploads = Callable[[str], Awaitable[int]]
"""Deletes the uploads that a request alone names; how many those were."""


class Erased(Frozen):
    """Whether there were personal values, and how many raw mails and entries of the desk were deleted.

    Of what the ledger does not know there may be those: refused lines, records and mails name it. `files` are the uploads that it
    alone named, when those were to go too.
    """

    request: str
    erased: bool
    mails: int
    entries: int
    files: int = 0


def erasing_routes(
    desk: Desk,
    book: MailBook,
    shelf: Shelf,
    blobs: BlobStore,
    audit: Audit,
    clock: Clock,
    authorised: Callable[..., Any],
    uploads: Uploads | None = None,
) -> APIRouter:
    """POST /internal/requests/{id}/erase: safe to repeat, and to be done again after it was broken off anywhere."""
    router = APIRouter(prefix="/internal", dependencies=[Depends(authorised)], include_in_schema=False)

    @router.post("/requests/{request_id}/erase")
    async def erase(request_id: str, by: By, files: bool = False) -> Erased:
        async with audit.deed("erase", by, {"request": request_id, "files": files}) as outcome:
            now = clock.now()
            command = command_id("erase", request_id, now.isoformat())
            data = {"by": f"service:{by}", "filed_by": ""}
            told = await desk.tell(Told(id=command, subject=request_id, name="erase", data=data, at=now))
            if told.problem:
                raise Refused(NOT_NOW)
            # Before the entries: nothing else says where their mails are.
            mails = dict.fromkeys([*await book.bytes_of(request_id), *await shelf.mails_of(request_id)])
            deleted = [await blobs.discard(sha256, datetime.now(UTC)) for sha256 in mails]
            entries = await shelf.forget(request_id)
            gone = await uploads(request_id) if files and uploads is not None else 0
            if told.refusal is not None and not (deleted or entries):
                raise Refused(told.refusal)
            erased = bool((told.answer or {}).get("erased"))
            outcome.update(erased=erased, mails=sum(deleted), entries=entries, files=gone)
        return Erased(request=request_id, **outcome)

    return router
