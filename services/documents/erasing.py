"""Erasing the files of a request, after intake has erased its personal values: what was rendered before holds them.

Invariant: a rendering asks for the personal values again once its file is stored (`effects.py`); so a file is either stored before
intake's erasure, and found here, or finds that the values have changed, and discards itself.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Query

from shared.schemas.model import Frozen
from shared.service.audit import Audit
from shared.storage import Collection

HOWEVER_YOUNG = timedelta(days=1)
"""Clocks differ: what another process stored just now is erased too."""


class Files(Protocol):
    async def owned_by(self, owner: str) -> list[str]: ...

    async def discard(self, sha256: str, before: datetime) -> bool: ...


class ErasedFiles(Frozen):
    """How many files of the request were deleted, internal sheets included."""

    request: str
    files: int


class Erasing:
    """Deletes files and remembers their digests, so that whoever asks for one is told why it is not there."""

    def __init__(self, files: Files, gone: Collection) -> None:
        self._files = files
        self._gone = gone

    async def erase(self, request: str) -> int:
        """Delete every file of `request`; how many there were. Doing it again, also after it was broken off, ends the same."""
        deleted = 0
        for sha256 in await self._files.owned_by(request):
            now = datetime.now(UTC)
            await self._gone.update_one({"_id": sha256}, {"$setOnInsert": {"at": now}}, upsert=True)
            deleted += await self._files.discard(sha256, now + HOWEVER_YOUNG)
        return deleted

    async def was(self, sha256: str) -> bool:
        """Whether a file of this digest was deleted."""
        return await self._gone.count_documents({"_id": sha256}, limit=1) == 1


def erasing_routes(erasing: Erasing, audit: Audit, authorised: Callable[..., Any]) -> APIRouter:
    """POST /internal/requests/{id}/erase: an operator's deed, in the audit before it is done; safe to repeat."""
    router = APIRouter(prefix="/internal", dependencies=[Depends(authorised)], include_in_schema=False)

    @router.post("/requests/{request_id}/erase")
    async def erase(request_id: str, by: Annotated[str, Query(min_length=1, max_length=100)]) -> ErasedFiles:
        async with audit.deed("erase", by, {"request": request_id}) as outcome:
            outcome.update(files=await erasing.erase(request_id))
        return ErasedFiles(request=request_id, files=outcome["files"])

    return router
