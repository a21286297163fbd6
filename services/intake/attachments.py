"""Attached files, whichever channel they come on: looked at as a whole, stored under their SHA-256, known to whoever judges.

Invariant: nothing is stored that was not looked at to its end; what was refused is remembered by its digest, so that a request that
names it is told why.
"""

import asyncio
import hashlib
import io
from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import BinaryIO

import structlog

from shared.catalogue.attachments import Uploaded
from shared.files.inspecting import Inspected, inspect
from shared.files.refusals import TEXTS, FileRefused
from shared.storage import BlobStore
from shared.storage import Collection as Stored

log = structlog.get_logger()
LOOKED_AT_ONCE = 2
YOUNG = timedelta(hours=12)
"""Half of what an upload has until it is discarded: what a submission names while it is older is made young first."""
EVERYBODY = "*"


class Attachments:
    """The store of attached files. `by` is the unit a file was uploaded for, EVERYBODY when one of our own services did it."""

    def __init__(self, blobs: BlobStore, refusals: Stored) -> None:
        self._blobs = blobs
        self._refusals = refusals
        self._slots = asyncio.Semaphore(LOOKED_AT_ONCE)

    async def store(self, file: BinaryIO, *, sha256: str, size: int, name: str, claimed: str, by: str) -> Inspected:
        """Keep `file`, whose digest and size are known. Raises FileRefused, and then it is not kept."""
        try:
            async with self._slots:
                found = await asyncio.to_thread(inspect, file, name=name, claimed=claimed)
        except FileRefused as error:
            log.info("attachment.refused", code=error.code, size=size)
            told = {"$set": {"code": error.code, "at": datetime.now(UTC)}}
            await self._refusals.update_one({"_id": sha256}, told, upsert=True)
            raise
        await self._blobs.put_file(file, sha256=sha256, size=size, name=found.name, media_type=found.media_type, by=by)
        return found

    async def keep(self, data: bytes, *, name: str, media_type: str, by: str) -> None:
        """As `store`, for bytes that are at hand; what is refused is left to the verdict on the request that names it."""
        digest = hashlib.sha256(data).hexdigest()
        try:
            await self.store(io.BytesIO(data), sha256=digest, size=len(data), name=name, claimed=media_type, by=by)
        except FileRefused as error:
            log.info("attachment.left_to_the_verdict", code=error.code)

    async def known(self, digests: Collection[str]) -> Mapping[str, Uploaded]:
        """What is known of `digests`: of those that are stored their size and for whom, of those refused why.

        One that will soon be discarded as unnamed is made young first, so that the request that is about to name it finds it.
        """
        found = dict(await self._blobs.known(digests))
        if old := [one.sha256 for one in found.values() if one.at < datetime.now(UTC) - YOUNG]:
            await self._blobs.touch(old)
            left = await self._blobs.known(old)
            found = {digest: one for digest, one in found.items() if digest not in old or digest in left}
        known = {digest: Uploaded(size=one.size, by=one.by) for digest, one in found.items()}
        if missing := [digest for digest in digests if digest not in known]:
            async for one in self._refusals.find({"_id": {"$in": missing}}):
                if one["code"] in TEXTS:
                    known[one["_id"]] = Uploaded(size=0, by=frozenset(), refused=TEXTS[one["code"]])
        return known
