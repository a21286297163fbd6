"""Files addressed by their content: the SHA-256 is the file name, and a file is written whole before anybody names it.

Two processes that store the same bytes at once may store them twice; either copy serves, since they are the same.
"""

import hashlib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from gridfs.errors import NoFile
from motor.motor_asyncio import AsyncIOMotorGridFSBucket

from shared.storage.client import Database

OURS = ""
"""The holder of what our own services stored."""


@dataclass(frozen=True, kw_only=True)
class Blob:
    sha256: str
    name: str
    media_type: str
    data: bytes


class BlobStore:
    """GridFS under content addresses."""

    def __init__(self, database: Database, bucket: str = "blobs") -> None:
        self._bucket = AsyncIOMotorGridFSBucket(database, bucket_name=bucket)
        self._files = database[f"{bucket}.files"]
        self._chunks = database[f"{bucket}.chunks"]

    async def put(self, data: bytes, *, name: str, media_type: str, owner: str | None = None, holder: str | None = None) -> str:
        """Store `data` and return its SHA-256 in hex; storing it again keeps the first name and media type, and makes it young.

        What has owners is theirs to discard. `holder` is the unit that has the content, among others perhaps.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        named = {"metadata.owners": owner} if owner else {}
        named |= {"metadata.holders": holder} if holder is not None else {}
        owners = {"$addToSet": named} if named else {}
        again = await self._files.update_one({"filename": sha256}, {"$set": {"uploadDate": datetime.now(UTC)}, **owners})
        if not again.matched_count:
            metadata: dict[str, Any] = {"media_type": media_type, "name": name, **({"owners": [owner]} if owner else {})}
            metadata |= {"holders": [holder]} if holder is not None else {}
            await self._bucket.upload_from_stream(sha256, data, metadata=metadata)
        return sha256

    async def owned(self, before: datetime, after: str, limit: int) -> list[tuple[str, Sequence[str]]]:
        """(SHA-256, owners) of what was last stored before `before`, by SHA-256, behind `after`."""
        query = {"filename": {"$gt": after}, "uploadDate": {"$lt": before}, "metadata.owners": {"$type": "string"}}
        found = self._files.find(query, {"filename": 1, "metadata.owners": 1}).sort("filename", 1).limit(limit)
        return [(one["filename"], one["metadata"]["owners"]) async for one in found]

    async def discard(self, sha256: str, before: datetime) -> bool:
        """Delete a blob unless it was stored again since `before`; whether it was there."""
        gone = await self._files.find_one_and_delete({"filename": sha256, "uploadDate": {"$lt": before}})
        if gone is not None:
            await self._chunks.delete_many({"files_id": gone["_id"]})
        return gone is not None

    async def has(self, sha256: str) -> bool:
        """Whether such content is stored."""
        return await self._files.count_documents({"filename": sha256}, limit=1) == 1

    async def held(self, sha256: str, holders: Collection[str]) -> Blob | None:
        """The blob if one of `holders` has stored it; None also when no such content is stored."""
        query = {"filename": sha256, "metadata.holders": {"$in": sorted(holders)}}
        return await self.get(sha256) if await self._files.count_documents(query, limit=1) else None

    async def unheld(self, limit: int) -> list[str]:
        """The SHA-256 of what was stored before holders were noted."""
        found = self._files.find({"metadata.holders": None, "metadata.owners": None}, {"filename": 1}).limit(limit)
        return [one["filename"] async for one in found]

    async def note_holders(self, sha256: str, holders: Collection[str]) -> None:
        """Note who has what was stored before holders were noted."""
        query = {"filename": sha256, "metadata.holders": None}
        await self._files.update_many(query, {"$set": {"metadata.holders": sorted(holders)}})

    async def get(self, sha256: str) -> Blob | None:
        """The blob, or None when no such content is stored."""
        try:
            stream = await self._bucket.open_download_stream_by_name(sha256)
        except NoFile:
            return None
        metadata: Mapping[str, Any] = stream.metadata or {}
        data: bytes = await stream.read()
        return Blob(sha256=sha256, name=str(metadata.get("name", "")), media_type=str(metadata.get("media_type", "")), data=data)
