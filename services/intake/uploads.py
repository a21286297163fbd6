"""Deletes the uploads of a request that is erased, as far as no other request names them."""

from collections.abc import Collection
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from typing import Protocol

from services.intake.domain.state import State

HOWEVER_YOUNG = timedelta(days=1)


class Files(Protocol):
    async def discard(self, sha256: str, before: datetime) -> bool: ...


class Requests(Protocol):
    async def own(self, request: str) -> State | None: ...

    async def named_by_others(self, digests: Collection[str], request: str) -> AbstractSet[str]: ...


class Uploads:
    """The files that requests name."""

    def __init__(self, files: Files, requests: Requests) -> None:
        self._files = files
        self._requests = requests

    async def forget(self, request: str) -> int:
        """Delete the files that `request` alone names, in whatever case it writes their digests; how many were there."""
        state = await self._requests.own(request)
        named = {file.sha256.lower() for file in state.request.attachments} if state and state.request else set()
        theirs = named - {digest.lower() for digest in await self._requests.named_by_others(named, request)}
        before = datetime.now(UTC) + HOWEVER_YOUNG
        return sum([await self._files.discard(digest, before) for digest in sorted(theirs)])
