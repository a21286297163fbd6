"""Discards uploads that no request named within a day, and pieces of uploads that were broken off.

Invariant: what a submission names is made young before it is judged, so only what is old and unnamed is nobody's; once a file was seen
to be named it is never looked at again.
"""

from collections.abc import Collection
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from shared.service.hourly import OLD, discarding

log = structlog.get_logger()
PAGE = 200
AROUND = timedelta(minutes=10)
"""How far the clock of the database and ours may be apart, and how long a submission may be under way."""


class Files(Protocol):
    async def unnamed(self, before: datetime, after: str, limit: int) -> list[tuple[str, datetime]]: ...

    async def mark_named(self, digests: Collection[str]) -> None: ...

    async def discard(self, sha256: str, before: datetime) -> bool: ...

    async def discard_torn(self, before: datetime) -> int: ...


class Requests(Protocol):
    async def naming(self, digests: AbstractSet[str], since: datetime) -> set[str]: ...


class Unnamed:
    """Goes through the uploads once an hour."""

    def __init__(self, files: Files, requests: Requests) -> None:
        self._files = files
        self._requests = requests

    async def sweep(self) -> None:
        """Until cancelled."""
        await discarding(self.discard, "intake.uploads_not_swept")

    async def discard(self, before: datetime) -> int:
        """Discard what nobody names and nobody uploaded or named since `before`; how many files that were."""
        discarded, after = 0, ""
        while page := await self._files.unnamed(before, after, PAGE):
            digests = {digest for digest, _ in page}
            named = await self._requests.naming(digests, min(at for _, at in page) - OLD - AROUND)
            if named:
                await self._files.mark_named(named)
            for digest in sorted(digests - named):
                discarded += await self._files.discard(digest, before)
            after = page[-1][0]
        torn = await self._files.discard_torn(before)
        if discarded or torn:
            log.info("intake.uploads_discarded", files=discarded, torn=torn)
        return discarded
