"""Whether the files that a fact names are still there: they went with the database if it was put back from a backup."""

from typing import Protocol

from services.documents.domain import contents
from shared.schemas.documents import DocumentRendered
from shared.schemas.envelope import Event
from shared.schemas.registry import TYPE_OF


class Files(Protocol):
    async def has(self, sha256: str) -> bool: ...


class Kept:
    """Asks the document store, for a restore (docs/decisions/0016)."""

    def __init__(self, files: Files) -> None:
        self._files = files

    async def __call__(self, event: Event) -> bool:
        """Whether every file that `event` names is stored; an event that names none is kept."""
        if event.type != TYPE_OF[DocumentRendered]:
            return True
        return all([await self._files.has(sha256) for sha256 in contents(event.read_as(DocumentRendered))])
