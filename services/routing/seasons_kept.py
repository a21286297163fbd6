"""The seasons as this process knows them, and what surrounds decisions about them.

Invariant: what this process has written it knows at once; what others have written it knows within FRESH_SECONDS.
"""

import time
from collections.abc import Callable, Sequence

from services.routing.domain.seasons.ageing import Queued, in_order
from services.routing.domain.seasons.deciding import SeasonContext
from services.routing.domain.seasons.rules import SeasonRules
from services.routing.domain.seasons.state import Seasons
from services.routing.ports import Clock, People
from shared.ledger.domain import EachByItself
from shared.ledger.messages import Message
from shared.schemas.envelope import Event
from shared.schemas.registry import TYPE_OF
from shared.schemas.seasons import SEASONS, Season, SeasonBegan, SeasonChanged
from shared.storage import Collection, Sight

FRESH_SECONDS = 2.0
BETTER = frozenset({TYPE_OF[SeasonBegan], TYPE_OF[SeasonChanged]})
"""After these those that wait may find somebody."""


class SeasonShelf:
    """The seasons in the ledger's collection, read again when what is known is no longer fresh."""

    def __init__(
        self, collection: Collection, clock: Clock, rules: SeasonRules, *, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._collection = collection
        self._clock = clock
        self._rules = rules
        self._monotonic = monotonic
        self._known = Seasons()
        self._read_at: float | None = None

    async def current(self) -> tuple[Season, ...]:
        """Every season that is not over."""
        now = self._monotonic()
        if self._read_at is None or now - self._read_at >= FRESH_SECONDS:
            await self.all()
            self._read_at = now
        return tuple(one.plain for one in self._known.seasons if one.over is None)

    async def in_order(self, queue: Sequence[Queued]) -> Sequence[str] | None:
        """In a season of ageing, who counts as having waited longest first."""
        now = self._clock.now()
        ageing = [one for one in await self.current() if one.in_effect(now) and one.figures.ageing]
        return in_order(queue, ageing, now, self._rules.ageing) if ageing else None

    async def all(self) -> Seasons:
        """All that are kept, as they are now."""
        stored = await self._collection.find_one({"_id": SEASONS}, {"state": 1})
        self.take(Seasons.model_validate(stored["state"]) if stored and stored.get("state") else Seasons())
        return self._known

    async def seen(self, sight: Sight) -> Seasons:
        """Those that concern whoever has `sight`: everybody's, and their own unit's."""
        known = await self.all()
        own = sight.in_unit()
        seasons = (one for one in known.seasons if one.business_unit is None or own.allows(units={one.business_unit}, people=()))
        return known.model_copy(update={"seasons": tuple(seasons)})

    def take(self, seasons: Seasons) -> None:
        """Know `seasons`, unless newer ones are known."""
        if seasons.revision >= self._known.revision:
            self._known = seasons


class SeasonSurroundings(EachByItself[SeasonContext]):
    """The Surroundings of the seasons' ledger; it reserves nothing. `better` is told when those that wait may find somebody."""

    def __init__(
        self, *, clock: Clock, people: People, rules: SeasonRules, shelf: SeasonShelf, better: Callable[[str], None]
    ) -> None:
        self._clock = clock
        self._people = people
        self._rules = rules
        self._shelf = shelf
        self._better = better

    async def context(self, _messages: Sequence[Message]) -> SeasonContext:
        """The moment and the people."""
        return SeasonContext(now=self._clock.now(), directory=self._people.directory, rules=self._rules)

    async def applied(self, subjects: Sequence[tuple[str, object, tuple[Event, ...]]]) -> None:
        """Know what was written; who waits is looked at again when a season begins, or has other figures."""
        for _, state, events in subjects:
            if isinstance(state, Seasons):
                self._shelf.take(state)
            if any(event.type in BETTER for event in events):
                self._better("season")
