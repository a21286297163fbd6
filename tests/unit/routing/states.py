"""A request of routing brought to each of its states, and valid data for each command."""

from services.routing.domain import State
from shared.ledger.messages import Decision
from tests.unit.routing.routing_build import (
    AWAY,
    MANAGER,
    Journey,
    a_context,
    an_assigned,
    an_engineer,
    choosing_pack,
)

ANNA, BEN = an_engineer("anna"), an_engineer("ben")
DATA: dict[str, dict[str, object]] = {
    "accept": {},
    "decline": {"reason": "出差"},
    "complete": {"note": "已提交", "result": {"network": "千兆"}},
    "choose": {"people": ["anna"]},
}


def new() -> Journey:
    """Submitted in a ledger that was interrupted before it decided."""
    journey = an_assigned(ANNA)
    journey.state = State(request=journey.request, policy=journey.state.policy)
    return journey


def waiting() -> Journey:
    return an_assigned(an_engineer("anna", leave=AWAY))


def choosing() -> Journey:
    journey = Journey(a_context(MANAGER, ANNA, BEN, pack=choosing_pack("tech.survey")))
    journey.submitted()
    return journey


def assigned() -> Journey:
    return an_assigned(ANNA)


def working() -> Journey:
    journey = assigned()
    journey.tells("accept", "anna")
    return journey


def completed() -> Journey:
    journey = working()
    journey.tells("complete", "anna", **DATA["complete"])
    return journey


def withdrawn() -> Journey:
    journey = working()
    journey.withdrawn()
    return journey


STATES = {
    "new": new,
    "waiting": waiting,
    "choosing": choosing,
    "assigned": assigned,
    "working": working,
    "completed": completed,
    "withdrawn": withdrawn,
}


def code(decision: Decision) -> str | None:
    return decision.refusal.code if decision.refusal else None
