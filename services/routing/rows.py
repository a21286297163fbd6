"""What is made of the stored form of a request in routing, whole or in part. Pure."""

from datetime import datetime
from typing import Any

from services.routing.domain import State
from services.routing.domain.bidding.state import Kin
from services.routing.domain.estimating import Delivered
from services.routing.domain.seasons.ageing import Queued, full_roles
from services.routing.ports import OpenWork, Pursuit
from shared.schemas.requests import Origin, PolicyPin, Request


def readable(state: dict[str, Any]) -> State | None:
    """The state; None where it cannot be read, which concerns its own request alone."""
    try:
        return State.model_validate(state)
    except ValueError:
        return None


def parts(state: dict[str, Any]) -> list[tuple[str, Any]]:
    """(person, step) of every seat in a stored state."""
    coordinator = state.get("coordinator")
    parts = [(coordinator["person"], "coordinator")] if coordinator else []
    return parts + [(seat["person"], "supporter") for seat in state.get("supporters", ())]


def pursuit(state: dict[str, Any]) -> Pursuit:
    """The unit and opportunity of a request."""
    return state["request"]["business_unit"], state["request"]["opportunity"]["id"]


def kin(request: str, state: dict[str, Any]) -> Kin:
    """A request beside a bid, as far as its plan looks at it."""
    return Kin(
        request=request,
        type=state["request"]["type"],
        source=Origin.model_validate(state["request"]["source"]),
        status=state["status"],
        people=tuple((seat["person"], seat["role"]) for seat in state.get("supporters", ())),
        needed_by=datetime.fromisoformat(needed) if (needed := state["request"].get("needed_by")) else None,
    )


def delivered(state: dict[str, Any]) -> Delivered | None:
    """How long a request took; None of one whose clock tells nothing."""
    clock = next((one for one in state["clocks"]["clocks"] if one["clock"] == "delivery" and one["met"]), None)
    if clock is None:
        return None
    waited = next((one for one in state["clocks"]["clocks"] if one["clock"] == "assignment" and one["met"]), None)
    return Delivered(
        type=state["request"]["type"],
        business_unit=state["request"]["business_unit"],
        since=datetime.fromisoformat(clock["started"]),
        until=datetime.fromisoformat(clock["met"]),
        waited_from=datetime.fromisoformat(waited["started"]) if waited else None,
    )


def queued(request: str, state: dict[str, Any]) -> Queued:
    """A request that waits, as far as its turn goes."""
    asked, decisions = state["request"], state.get("decisions", ())
    needed = asked.get("needed_by")
    return Queued(
        request=request,
        business_unit=asked["business_unit"],
        type=asked["type"],
        since=datetime.fromisoformat(state["waiting_since"]),
        priority=asked.get("priority", "normal"),
        needed_by=datetime.fromisoformat(needed) if needed else None,
        full=full_roles((one["role"], bool(one.get("excluded", {}).get("full"))) for one in decisions),
    )


def open_work(request: str, state: dict[str, Any]) -> OpenWork:
    """What an open request holds people for."""
    return OpenWork(
        request=request,
        type=state["request"]["type"],
        policy=PolicyPin.model_validate(state["policy"]),
        parts=tuple(parts(state)),
        asked=Request.model_validate(state["request"]),
    )
