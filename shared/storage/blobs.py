"""Files addressed by their content: the SHA-256 is the file name, and a file is written whole before anybody names it.

Two processes that store the same bytes at once keep one of the two. Pieces are written and read one after the other, so that a file
of any size costs the same memory; pieces whose writer died before the file was whole belong to nobody and are discarded by their age.
"""

import asyncio
import hashlib
import io
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO

from bson import ObjectId
from pymongo.errors import DuplicateKeyError

from shared.storage.client import Database

PIECE = 255 * 1024
AT_ONCE = 4
"""Pieces in one write: about a megabyte."""
PAGE = 200
LOOKED_AT_AGAIN = timedelta(days=3)
"""How long before the last look at torn files the next one begins: a writer may have taken long, on a clock that is slow."""


@dataclass(frozen=True, kw_only=True)
class Blob:
    sha256: str
    name: str
    media_type: str
    data: bytes


@dataclass(frozen=True, kw_only=True)
class About:
    """What is known of a stored file without reading it. `by` are the units that stored it, "*" one of our own services."""

    sha256: str
    size: int
    name: str
    media_type: str
    by: frozenset[str]
    at: datetime


class Opened:
    """A stored file, to be read in pieces."""

    def __init__(self, about: About, chunks: Any, identity: object, piece: int) -> None:
        self.about = about
        self._chunks = chunks
        self._identity = identity
        self._piece = piece

    async def pieces(self, first: int = 0, last: int | None = None) -> AsyncIterator[bytes]:
        """The bytes from `first` to `last` (both counted), at most 255 KiB at a time. Raises EOFError when a piece is gone."""
        end = self.about.size if last is None else last + 1
        place = first
        while place < end:
            number = place // self._piece
            stored = await self._chunks.find_one({"files_id": self._identity, "n": number})
            if stored is None:
                raise EOFError(f"piece {number} of {self.about.sha256} is gone")
            start = number * self._piece
            data: bytes = stored["data"][place - start : end - start]
            if not data:
                raise EOFError(f"piece {number} of {self.about.sha256} is too short")
            yield data
            place += len(data)


class BlobStore:
    """GridFS under content addresses."""

    def __init__(self, database: Database, bucket: str = "blobs") -> None:
        self._files = database[f"{bucket}.files"]
        self._chunks = database[f"{bucket}.chunks"]
        self._prepared = False
        self._looked_to: ObjectId | None = None

    async def put(self, data: bytes, *, name: str, media_type: str, owner: str | None = None, by: str | None = None) -> str:
        """Store `data` and return its SHA-256 in hex; see `put_file`."""
        sha256 = hashlib.sha256(data).hexdigest()
        await self.put_file(io.BytesIO(data), sha256=sha256, size=len(data), name=name, media_type=media_type, owner=owner, by=by)
        return sha256

    async def put_file(
        self,
        file: BinaryIO,
        *,
        sha256: str,
        size: int,
        name: str,
        media_type: str,
        owner: str | None = None,
        by: str | None = None,
    ) -> None:
        """Store what is in `file`, whose digest and size are known; storing it again keeps the first name and media type, and
        makes it young.

        What has owners is theirs to discard. `by` is the unit it was uploaded for: an upload that nobody names is discarded.
        """
        added = {f"metadata.{key}": value for key, value in (("owners", owner), ("by", by)) if value is not None}
        again = {"$set": {"uploadDate": datetime.now(UTC)}, **({"$addToSet": added} if added else {})}
        while not (await self._files.update_one({"filename": sha256}, again)).matched_count:
            metadata = {"media_type": media_type, "name": name, "whole": True, **({"owners": [owner]} if owner else {})}
            if by is not None:
                metadata |= {"by": [by], "upload": True}
            if await self._written(file, sha256, size, metadata):
                return

    async def _written(self, file: BinaryIO, sha256: str, size: int, metadata: dict[str, Any]) -> bool:
        """Write the pieces, then the file that names them; False when another process was faster, and these pieces are gone."""
        await self._prepare()
        identity = ObjectId()
        file.seek(0)
        number = 0
        while pieces := await asyncio.to_thread(_read, file):
            await self._chunks.insert_many(
                [{"files_id": identity, "n": number + place, "data": piece} for place, piece in enumerate(pieces)]
            )
            number += len(pieces)
        whole = {"_id": identity, "filename": sha256, "length": size, "chunkSize": PIECE, "metadata": metadata}
        try:
            await self._files.insert_one({**whole, "uploadDate": datetime.now(UTC)})
        except DuplicateKeyError:
            await self._chunks.delete_many({"files_id": identity})
            return False
        return True

    async def _prepare(self) -> None:
        """The indexes GridFS wants, and the one that lets only one whole file of each content in."""
        if self._prepared:
            return
        await self._chunks.create_index([("files_id", 1), ("n", 1)], unique=True)
        await self._files.create_index([("filename", 1), ("uploadDate", 1)])
        await self._files.create_index("metadata.owners", sparse=True)
        only_new = {"metadata.whole": True}  # older releases may have stored a content twice
        await self._files.create_index("filename", name="one_of_each", unique=True, partialFilterExpression=only_new)
        self._prepared = True

    async def owned(self, before: datetime, after: str, limit: int) -> list[tuple[str, Sequence[str]]]:
        """(SHA-256, owners) of what was last stored before `before`, by SHA-256, behind `after`."""
        query = {"filename": {"$gt": after}, "uploadDate": {"$lt": before}, "metadata.owners": {"$type": "string"}}
        found = self._files.find(query, {"filename": 1, "metadata.owners": 1}).sort("filename", 1).limit(limit)
        return [(one["filename"], one["metadata"]["owners"]) async for one in found]

    async def owned_by(self, owner: str) -> list[str]:
        """The SHA-256 of every file that was stored for `owner`."""
        return [one["filename"] async for one in self._files.find({"metadata.owners": owner}, {"filename": 1})]

    async def unnamed(self, before: datetime, after: str, limit: int) -> list[tuple[str, datetime]]:
        """(SHA-256, when it was last stored) of uploads not known to be named, stored before `before`, by SHA-256, behind `after`."""
        query = {
            "filename": {"$gt": after},
            "uploadDate": {"$lt": before},
            "metadata.upload": True,
            "metadata.named": {"$ne": True},
        }
        found = self._files.find(query, {"filename": 1, "uploadDate": 1}).sort("filename", 1).limit(limit)
        return [(one["filename"], one["uploadDate"]) async for one in found]

    async def mark_named(self, digests: Collection[str]) -> None:
        """A request names these: they are never discarded as uploads that nobody named."""
        await self._files.update_many({"filename": {"$in": sorted(digests)}}, {"$set": {"metadata.named": True}})

    async def touch(self, digests: Collection[str]) -> None:
        """Make these young, as if they had been stored again."""
        await self._files.update_many({"filename": {"$in": sorted(digests)}}, {"$set": {"uploadDate": datetime.now(UTC)}})

    async def discard(self, sha256: str, before: datetime) -> bool:
        """Delete a blob unless it was stored again since `before`; whether it was there."""
        gone = await self._files.find_one_and_delete({"filename": sha256, "uploadDate": {"$lt": before}})
        if gone is not None:
            await self._chunks.delete_many({"files_id": gone["_id"]})
        return gone is not None

    async def discard_torn(self, before: datetime) -> int:
        """Delete pieces of files that never became whole and were begun before `before`; how many files that were.

        The first time all are looked at, then those alone that were not when this was last done, and some more: clocks differ.
        """
        end, discarded = ObjectId.from_datetime(before), 0
        after = self._looked_to or ObjectId("0" * 24)
        while True:
            begun = {"n": 0, "files_id": {"$gt": after, "$lt": end}}
            found = self._chunks.find(begun, {"files_id": 1}).sort([("files_id", 1), ("n", 1)]).limit(PAGE)
            page = [one["files_id"] async for one in found]
            if not page:
                self._looked_to = ObjectId.from_datetime(before - LOOKED_AT_AGAIN)
                return discarded
            whole = {one["_id"] async for one in self._files.find({"_id": {"$in": page}}, {"_id": 1})}
            if torn := [identity for identity in page if identity not in whole]:
                await self._chunks.delete_many({"files_id": {"$in": torn}})
            discarded, after = discarded + len(torn), page[-1]

    async def has(self, sha256: str) -> bool:
        """Whether such content is stored."""
        return await self._files.count_documents({"filename": sha256}, limit=1) == 1

    async def known(self, digests: Collection[str]) -> Mapping[str, About]:
        """What is known of those of `digests` that are stored."""
        return {one["filename"]: _about(one) async for one in self._files.find({"filename": {"$in": sorted(digests)}})}

    async def open(self, sha256: str) -> Opened | None:
        """The file, to be read in pieces, or None when no such content is stored."""
        stored = await self._files.find_one({"filename": sha256}, sort=[("uploadDate", -1)])
        return Opened(_about(stored), self._chunks, stored["_id"], stored["chunkSize"]) if stored else None

    async def get(self, sha256: str) -> Blob | None:
        """The blob, whole in memory, or None when no such content is stored."""
        opened = await self.open(sha256)
        if opened is None:
            return None
        data = b"".join([piece async for piece in opened.pieces()])
        return Blob(sha256=sha256, name=opened.about.name, media_type=opened.about.media_type, data=data)


def _about(stored: Mapping[str, Any]) -> About:
    metadata: Mapping[str, Any] = stored.get("metadata") or {}
    return About(
        sha256=stored["filename"],
        size=stored["length"],
        name=str(metadata.get("name", "")),
        media_type=str(metadata.get("media_type", "")),
        by=frozenset(metadata.get("by", ())),
        at=stored["uploadDate"],
    )


def _read(file: BinaryIO) -> list[bytes]:
    """The next pieces, as many as are written at once."""
    pieces: list[bytes] = []
    while len(pieces) < AT_ONCE and (piece := file.read(PIECE)):
        pieces.append(piece)
    return pieces
