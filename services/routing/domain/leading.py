"""Who leads a unit. Pure."""

from services.routing.domain.context import Context
from services.routing.domain.standing_in import acts_for
from shared.catalogue import Pack

LEADER = "bu_leader"


def planners(pack: Pack) -> frozenset[str]:
    """The roles that lead a unit, or coordinate requests of some type."""
    return frozenset({LEADER, *(kind.coordinator for kind in pack.types.values()), *pack.pool_coordinator.values()})


def leads(by: str, unit: str, context: Context) -> bool:
    """Whether `by` leads `unit`, or stands in for somebody who does."""
    leaders = [person.id for person in context.directory.holders(LEADER) if person.business_unit == unit]
    return any(acts_for(by, leader, context.directory, context.now) for leader in leaders)
