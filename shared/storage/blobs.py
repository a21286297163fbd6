"""Files addressed by their content: the SHA-256 is the file name, and a file is written whole before anybody names it.

Two processes that store the same bytes at once may store them twice; either copy serves, since they are the same.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gridfs.errors import NoFile
from motor.motor_asyncio import AsyncIOMotorGridFSBucket

from shared.storage.client import Database


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

    async def put(self, data: bytes, *, name: str, media_type: str) -> str:
        """Store `data` and return its SHA-256 in hex; storing it again keeps the first name and media type."""
        sha256 = hashlib.sha256(data).hexdigest()
        if await self._files.find_one({"filename": sha256}, {"_id": 1}) is None:
            await self._bucket.upload_from_stream(sha256, data, metadata={"media_type": media_type, "name": name})
        return sha256

    async def get(self, sha256: str) -> Blob | None:
        """The blob, or None when no such content is stored."""
        try:
            stream = await self._bucket.open_download_stream_by_name(sha256)
        except NoFile:
            return None
        metadata: Mapping[str, Any] = stream.metadata or {}
        data: bytes = await stream.read()
        return Blob(sha256=sha256, name=str(metadata.get("name", "")), media_type=str(metadata.get("media_type", "")), data=data)
