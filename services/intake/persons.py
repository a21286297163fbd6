"""Finds the requests and entries of the desk of one unit that name a natural person, and remembers what of them is yet to be erased.

Invariant: what is to be erased is written down as ids before the first of them is; the value itself is written nowhere.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any

from services.intake.desk.shelf import Shelf
from services.intake.domain import RequestDomain
from services.intake.domain.persons import How, named, named_in
from services.intake.domain.state import State
from shared.catalogue import Pack
from shared.ledger.domain import state_of
from shared.schemas.model import Frozen
from shared.storage import Collection

LOOKED_AT = 500
"""Requests of one page."""


class Named(Frozen):
    """A request that names the person: in which fields, and whether as the whole value or within a longer one."""

    request: str
    how: How
    fields: tuple[str, ...]
    files: tuple[str, ...] = ()


class NamedEntry(Frozen):
    """An entry of the desk that does."""

    entry: str
    how: How


class Found(Frozen):
    """A page of what names the person; `looked` requests were looked at, `next` goes into the following question."""

    requests: tuple[Named, ...]
    entries: tuple[NamedEntry, ...] = ()
    looked: int
    next: str | None = None


class Erasure(Frozen):
    """An erasure that was begun: what of it is still to be done."""

    id: str
    unit: str
    by: str
    at: datetime
    files: bool = False
    requests: tuple[str, ...]
    entries: tuple[str, ...]


class Persons:
    """Reads of the ledger and the desk for an operator, and the collection `erasures`."""

    def __init__(self, requests: Collection, shelf: Shelf, erasures: Collection, packs: Mapping[tuple[str, str], Pack]) -> None:
        self._requests = requests
        self._shelf = shelf
        self._erasures = erasures
        self._packs = packs

    async def find(self, unit: str, wanted: frozenset[str], after: str) -> Found:
        """What of `unit` names somebody by one of `wanted`, a page at a time by id; the entries come with the first page."""
        places = ("state.request.business_unit", "state.private.early.body.business_unit")
        query = {"$or": [{place: unit} for place in places], "_id": {"$gt": after}}
        asked = self._requests.find(query, {"state": 1, "schema": 1}).sort("_id", 1).hint("_id_").limit(LOOKED_AT)
        found, looked, last = [], 0, ""
        async for stored in asked:
            looked, last = looked + 1, str(stored["_id"])
            if (one := self._named(last, _state(stored), wanted)) is not None:
                found.append(one)
        entries = tuple([one async for one in self._entries(unit, wanted)]) if not after else ()
        return Found(requests=tuple(found), entries=entries, looked=looked, next=last if looked == LOOKED_AT else None)

    def _named(self, request: str, state: State, wanted: frozenset[str]) -> Named | None:
        pack = self._packs.get((state.policy.name, state.policy.version)) if state.policy else None
        fields = named(state.private, pack, wanted)
        if not fields:
            return None
        files = state.request.attachments if state.request else ()
        how: How = "exact" if "exact" in fields.values() else "within"
        return Named(request=request, how=how, fields=tuple(sorted(fields)), files=tuple(file.sha256 for file in files))

    async def _entries(self, unit: str, wanted: frozenset[str]) -> AsyncIterator[NamedEntry]:
        async for entry, contents in self._shelf.contents(unit):
            if (how := named_in(contents, wanted)) is not None:
                yield NamedEntry(entry=entry, how=how)

    # -- what is yet to be erased

    async def begin(self, erasure: Erasure) -> None:
        """Write down what is to be erased; writing it again changes nothing."""
        kept = erasure.model_dump(exclude={"id"})
        await self._erasures.update_one({"_id": erasure.id}, {"$setOnInsert": kept}, upsert=True)

    async def one(self, erasure: str) -> Erasure | None:
        """An erasure that was begun, also when nothing of it is left to be done."""
        stored = await self._erasures.find_one({"_id": erasure})
        return Erasure.model_validate({**stored, "id": stored["_id"]}) if stored else None

    async def open(self) -> list[Erasure]:
        """The erasures that are not at their end, oldest first."""
        found = self._erasures.find({"$or": [{"requests.0": {"$exists": True}}, {"entries.0": {"$exists": True}}]}).sort("at", 1)
        return [Erasure.model_validate({**stored, "id": stored["_id"]}) async for stored in found]

    async def tick(self, erasure: str, request: str) -> bool:
        """Everything of `request` is erased; whether there is such an erasure."""
        done = await self._erasures.update_one({"_id": erasure}, {"$pull": {"requests": request}})
        return bool(done.matched_count)

    async def mails_of(self, erasure: Erasure) -> list[str]:
        """The digests of the raw mails that the entries of an erasure are about."""
        return await self._shelf.mails_of_these(erasure.entries)

    async def forget_entries(self, erasure: Erasure) -> int:
        """Delete the entries of an erasure; how many there were. Their mails go before: nothing else says where these are."""
        gone = await self._shelf.forget_these(erasure.entries)
        await self._erasures.update_one({"_id": erasure.id}, {"$set": {"entries": []}})
        return gone


def _state(stored: Mapping[str, Any]) -> State:
    return state_of(RequestDomain(), stored.get("state"), int(stored.get("schema", RequestDomain.schema)))
