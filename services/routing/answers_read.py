"""What a link to act is looked at with: the request as its holder may see it, and what was already said by that link."""

from collections.abc import Sequence

from services.routing.domain import State
from services.routing.projection import Projection
from shared.schemas.envelope import Event
from shared.storage import MongoLedgerStore, Sight


class AnswersRead:
    """The read of `api.answering`, over routing's own requests."""

    def __init__(self, projection: Projection, store: MongoLedgerStore) -> None:
        self._projection = projection
        self._store = store

    async def seen(self, sight: Sight, request: str, command: str) -> tuple[State, Sequence[Event]] | None:
        """The request and what `command` caused, nothing if it was not obeyed; None when there is no such request to see."""
        said = await self._store.caused(request, [command])  # before the state: what is said between is told as used up
        state = await self._projection.state(sight, request)
        return (state, said) if state is not None else None
