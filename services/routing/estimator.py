"""Reads the present facts and reckons with them: who waits, who has room, what was delivered of late."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from services.routing.domain import Context
from services.routing.domain.estimate_words import NO_SUCH_TYPE, OTHERS_ESTIMATE
from services.routing.domain.estimating import Delivered, Seen, Wanted, estimate
from services.routing.domain.seasons.ageing import Queued
from shared.catalogue import Pack
from shared.ledger.messages import Refusal
from shared.schemas.estimates import Estimate
from shared.storage import Sight

MOST_QUEUED = 5000


class Facts(Protocol):
    """What is known of other requests; of them an estimate says numbers alone."""

    async def queue(self, limit: int, roles: Sequence[str] | None = None) -> Sequence[Queued]: ...
    async def delivered(self, kind: str | None, limit: int) -> Sequence[Delivered]: ...


@dataclass(frozen=True, kw_only=True)
class Estimator:
    """`pack` is the policy that a request sent now would follow, `surroundings` the context of a decision at this moment."""

    facts: Facts
    surroundings: Callable[[], Awaitable[Context]]
    pack: Pack

    async def estimate(self, sight: Sight, wanted: Wanted) -> Estimate | Refusal:
        """The estimate, for whoever may see what is of the unit."""
        if not sight.in_unit().allows(units={wanted.business_unit}, people=()):
            return OTHERS_ESTIMATE
        if wanted.type not in self.pack.types:
            return NO_SUCH_TYPE
        context = await self.surroundings()
        most = context.policy.estimates.most_observations
        seen = Seen(
            queue=await self.facts.queue(MOST_QUEUED),
            alike=await self.facts.delivered(wanted.type, most),
            any_type=await self.facts.delivered(None, most),
        )
        return estimate(wanted, seen, self.pack, context)
