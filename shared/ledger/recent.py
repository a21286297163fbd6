"""What this process wrote or read last of each request, so that a request in use need not be read and decoded for every message.

Invariant: what is kept is only a guess. It is lent to one round at a time, the revision guards whatever that round writes on it,
and a round that writes nothing asks whether the database still holds that revision, and is else done again on what it holds.
"""

from collections import OrderedDict
from collections.abc import Iterable
from typing import Generic

import orjson

from shared.ledger.document import Document
from shared.ledger.domain import S

LIMIT = 32 * 1024 * 1024
"""Bytes, as far as they can be told without looking at every object: of some 400 usual requests."""
BARE, PER_ITEM, PER_EVENT, PER_ID = 8 * 1024, 1536, 2048, 160
JSON_TWICE = 6
"""A state is kept as the domain reads it and as it is stored; each takes some three times its JSON."""


class Recent(Generic[S]):
    """The requests used last, each with its state as the domain reads it, in at most `limit` bytes altogether."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._bytes = 0
        self._kept: OrderedDict[str, tuple[Document, S, int]] = OrderedDict()

    def lend(self, subjects: Iterable[str]) -> dict[str, tuple[Document, S]]:
        """Those of `subjects` that are kept; nobody else is lent them until they are kept again."""
        return {subject: kept for subject in subjects if (kept := self._take(subject)) is not None}

    def keep(self, document: Document, state: S) -> None:
        """Keep a document that stands as it was written and marked; those used longest ago make room."""
        self._take(document.subject)
        size = _size(document)
        if size > self._limit // 4:  # for one of that size too many others would have to go
            return
        self._kept[document.subject] = (document, state, size)
        self._bytes += size
        while self._bytes > self._limit:
            self._take(next(iter(self._kept)))

    def _take(self, subject: str) -> tuple[Document, S] | None:
        if (kept := self._kept.pop(subject, None)) is None:
            return None
        document, state, size = kept
        self._bytes -= size
        return document, state


def _size(document: Document) -> int:
    held = [*document.early, *document.aside]
    ids = len(document.applied) + sum(len(ids) for ids in document.heard_ids.values())
    return (
        BARE
        + JSON_TWICE * len(orjson.dumps(document.state))
        + PER_ITEM * len(document.items)
        + PER_EVENT * (len(document.events) + len(held))
        + PER_ID * ids
        + sum(len(one.record.value or b"") for one in held)
    )
