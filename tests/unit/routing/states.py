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
    "send_back": {"reason": "缺少网络现状", "missing": ["details.topics"]},
    "pause": {"reason": "客户出差"},
    "resume": {},
    "hand_over": {"person": "carl", "reason": "出差"},
    "add": {"person": "carl", "reason": "工作量大"},
    "release": {"person": "anna", "reason": "人手已够"},
    "confirm": {"rating": 5, "note": "很好"},
    "reopen": {"reason": "缺少拓扑图"},
    "escalate": {"reason": "客户要求提前"},
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


def sent_back() -> Journey:
    journey = working()
    journey.tells("send_back", "anna", **DATA["send_back"])
    return journey


def paused() -> Journey:
    journey = working()
    journey.tells("pause", "anna", **DATA["pause"])
    return journey


def confirmed() -> Journey:
    journey = completed()
    journey.tells("confirm", "asker", **DATA["confirm"])
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
    "sent_back": sent_back,
    "paused": paused,
    "completed": completed,
    "confirmed": confirmed,
    "withdrawn": withdrawn,
}


def code(decision: Decision) -> str | None:
    return decision.refusal.code if decision.refusal else None
