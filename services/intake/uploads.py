"""Deletes the uploads of a request that is erased, as far as no other request names them."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from typing import Protocol

from shared.schemas.envelope import Event

HOWEVER_YOUNG = timedelta(days=1)


class Files(Protocol):
    async def discard(self, sha256: str, before: datetime) -> bool: ...


class Requests(Protocol):
    async def named_by_others(self, digests: Collection[str], request: str) -> AbstractSet[str]: ...


class Uploads:
    """The files that requests name. `events` are what intake said of a request: every wording of it that was ever judged."""

    def __init__(self, files: Files, requests: Requests, events: Callable[[str], Awaitable[Sequence[Event]]]) -> None:
        self._files = files
        self._requests = requests
        self._events = events

    async def forget(self, request: str) -> int:
        """Delete the files that `request` alone names, or named in an earlier wording, in whatever case it writes their digests; how
        many were there.
        """
        said = [event.data.get("request") for event in await self._events(request)]
        wordings = [wording for wording in said if isinstance(wording, dict)]
        named = {str(file["sha256"]).lower() for wording in wordings for file in wording.get("attachments", ())}
        theirs = named - {digest.lower() for digest in await self._requests.named_by_others(named, request)}
        before = datetime.now(UTC) + HOWEVER_YOUNG
        return sum([await self._files.discard(digest, before) for digest in sorted(theirs)])
