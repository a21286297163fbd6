"""Discards files that no request names: rendered for one that was withdrawn meanwhile, or by a process that died before it said so.

Invariant: a file is stored before anybody names it, so only what is old and unnamed is nobody's; storing it again makes it young.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

import structlog

from shared.service.hourly import discarding

log = structlog.get_logger()
PAGE = 200


class Files(Protocol):
    async def owned(self, before: datetime, after: str, limit: int) -> list[tuple[str, Sequence[str]]]: ...

    async def discard(self, sha256: str, before: datetime) -> bool: ...


class Requests(Protocol):
    async def kept(self, requests: Sequence[str]) -> set[str]: ...


class Orphans:
    """Goes through the document store once an hour."""

    def __init__(self, files: Files, requests: Requests) -> None:
        self._files = files
        self._requests = requests

    async def sweep(self) -> None:
        """Until cancelled."""
        await discarding(self.discard, "documents.orphans_not_swept")

    async def discard(self, before: datetime) -> int:
        """Discard what nobody names and nobody stored since `before`; how many files that were."""
        discarded, after = 0, ""
        while page := await self._files.owned(before, after, PAGE):
            kept = await self._requests.kept(sorted({owner for _, owners in page for owner in owners}))
            for sha256, _ in page:
                discarded += sha256 not in kept and await self._files.discard(sha256, before)
            after = page[-1][0]
        if discarded:
            log.info("documents.orphans_discarded", files=discarded)
        return discarded
