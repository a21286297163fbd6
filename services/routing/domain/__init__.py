"""Who works on a request and why, and how the work goes. Pure."""

from services.routing.domain.context import Context, OpenLoad
from services.routing.domain.decisions import RoutingDomain
from services.routing.domain.seating import burden
from services.routing.domain.state import State

__all__ = ["Context", "OpenLoad", "RoutingDomain", "State", "burden"]
