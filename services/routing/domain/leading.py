"""Who leads a unit. Pure."""

from services.routing.domain.context import Context
from services.routing.domain.standing_in import acts_for
from services.routing.domain.state import State
from services.routing.domain.wish import Wish
from shared.catalogue import Pack

LEADER = "bu_leader"


def planners(pack: Pack) -> frozenset[str]:
    """The roles that lead a unit, or coordinate requests of some type."""
    return frozenset({LEADER, *(kind.coordinator for kind in pack.types.values()), *pack.pool_coordinator.values()})


def arranges(state: State, wish: Wish, context: Context) -> bool:
    """Whether `by` says who works on it: as the coordinator, or as a leader of the unit while there is no coordinator."""
    if state.coordinator is not None or state.request is None:
        return wish.coordinating(state, context) is not None
    return leads(wish.by, state.request.business_unit, context)


def leads(by: str, unit: str, context: Context) -> bool:
    """Whether `by` leads `unit`, or stands in for somebody who does."""
    leaders = [person.id for person in context.directory.holders(LEADER) if person.business_unit == unit]
    return any(acts_for(by, leader, context.directory, context.now) for leader in leaders)
