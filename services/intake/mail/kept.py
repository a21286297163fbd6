"""Remembers every mail that was taken: which request it was about, and where its bytes lie. No address, no word of it."""

from collections.abc import Sequence
from datetime import datetime

from shared.schemas.model import Frozen
from shared.storage import Collection


class Kept(Frozen):
    """One mail. `sha256` addresses its bytes among the blobs; `person` is the id of a known sender, `request` of what it was about."""

    id: str
    message_id: str | None
    kind: str
    sha256: str
    at: datetime
    person: str | None = None
    request: str | None = None


class MailBook:
    """The collection `mails`."""

    def __init__(self, collection: Collection) -> None:
        self._collection = collection

    async def prepare(self) -> None:
        """Mails are found by their Message-ID, and by their request."""
        for key in ("message_id", "request"):
            await self._collection.create_index(key, sparse=True)

    async def remember(self, mail: Kept) -> None:
        """Keep `mail`; the first time it came stands."""
        said = mail.model_dump(exclude={"id"}, exclude_none=True)
        await self._collection.update_one({"_id": mail.id}, {"$setOnInsert": said}, upsert=True)

    async def bytes_kept(self, mail: str) -> str | None:
        """Where the bytes of the mail with this id were put, whether or not they were erased since; None for one that never came."""
        found = await self._collection.find_one({"_id": mail}, {"sha256": 1})
        return str(found["sha256"]) if found else None

    async def bytes_of(self, request: str) -> list[str]:
        """The SHA-256 of every mail that was about `request`."""
        return [str(mail["sha256"]) async for mail in self._collection.find({"request": request}, {"sha256": 1})]

    async def requests_of(self, message_ids: Sequence[str], person: str) -> list[str]:
        """The requests that mails of `person` with these Message-IDs were about, in the order of the ids."""
        query = {"message_id": {"$in": list(message_ids)}, "person": person, "request": {"$type": "string"}}
        found = {mail["message_id"]: str(mail["request"]) async for mail in self._collection.find(query)}
        return [found[named] for named in message_ids if named in found]
