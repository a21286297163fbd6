"""Whose the attachments are that were stored before that was noted: the units' whose requests name them."""

from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

AT_ONCE = 1000


class Blobs(Protocol):
    async def unheld(self, limit: int) -> Sequence[str]: ...
    async def note_holders(self, sha256: str, holders: Collection[str]) -> None: ...


class Requests(Protocol):
    async def attached(self) -> Mapping[str, Collection[str]]: ...


async def note_holders(blobs: Blobs, requests: Requests) -> None:
    """Once after the upgrade; what no request names is nobody's, and is stored again by whoever means to name it."""
    if not await blobs.unheld(1):
        return
    units = await requests.attached()
    while some := await blobs.unheld(AT_ONCE):
        for sha256 in some:
            await blobs.note_holders(sha256, units.get(sha256, ()))
