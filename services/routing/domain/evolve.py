"""How routing's state follows from events, heard and own. Pure."""

from services.routing.domain.state import Held, State
from shared.schemas.envelope import Event
from shared.schemas.intake import RequestSubmitted
from shared.schemas.registry import TYPE_OF
from shared.schemas.routing import (
    AssignmentWaiting,
    CoordinatorAssigned,
    RequestAmended,
    RequestWithdrawn,
    SupportersAssigned,
    WorkAccepted,
    WorkCompleted,
    WorkDeclined,
)

Update = dict[str, object]


def evolve(state: State, event: Event) -> State:
    """`state` after `event`; types that do not change it leave it as it is."""
    change = CHANGES.get(event.type)
    return state.model_copy(update=change(state, event)) if change else state


def _submitted(state: State, event: Event) -> Update:
    said = RequestSubmitted.model_validate(event.data)
    return {"request": said.request, "policy": said.policy, "status": "new", "waiting_since": state.waiting_since or event.time}


def _coordinator(_state: State, event: Event) -> Update:
    said = CoordinatorAssigned.model_validate(event.data)
    return {"coordinator": said.seat, "decisions": (said.decision,)}


def _supporters(state: State, event: Event) -> Update:
    said = SupportersAssigned.model_validate(event.data)
    accepted = {seat.person for seat in state.supporters if seat.accepted}
    seats = tuple(Held(**seat.model_dump(), accepted=seat.person in accepted) for seat in said.seats)
    coordinating = tuple(record for record in state.decisions if record.step == "coordinator")
    status = "working" if any(seat.accepted for seat in seats) else "assigned"
    return {"supporters": seats, "decisions": (*coordinating, *said.decisions), "status": status, "waiting_since": None}


def _waiting(state: State, event: Event) -> Update:
    said = AssignmentWaiting.model_validate(event.data)
    status = "choosing" if said.reason == "coordinator_chooses" else "waiting"
    coordinating = tuple(record for record in state.decisions if record.step == "coordinator" and said.step == "supporter")
    return {"status": status, "waiting_since": state.waiting_since or event.time, "decisions": (*coordinating, *said.decisions)}


def _accepted(state: State, event: Event) -> Update:
    said = WorkAccepted.model_validate(event.data)
    seats = tuple(seat.model_copy(update={"accepted": True}) if seat.person == said.by else seat for seat in state.supporters)
    return {"supporters": seats, "status": "working"}


def _declined(state: State, event: Event) -> Update:
    said = WorkDeclined.model_validate(event.data)
    left = tuple(seat for seat in state.supporters if seat.person != said.by)
    coordinator = state.coordinator if said.step == "supporter" else None
    return {"supporters": left, "coordinator": coordinator, "declined": (*state.declined, said.by), "status": "waiting"}


def _completed(_state: State, event: Event) -> Update:
    WorkCompleted.model_validate(event.data)
    return {"status": "completed"}


def _amended(_state: State, event: Event) -> Update:
    said = RequestAmended.model_validate(event.data)
    return {"request": said.request, "version": said.version}


def _withdrawn(_state: State, _event: Event) -> Update:
    return {"status": "withdrawn"}


CHANGES = {
    TYPE_OF[RequestSubmitted]: _submitted,
    TYPE_OF[CoordinatorAssigned]: _coordinator,
    TYPE_OF[SupportersAssigned]: _supporters,
    TYPE_OF[AssignmentWaiting]: _waiting,
    TYPE_OF[WorkAccepted]: _accepted,
    TYPE_OF[WorkDeclined]: _declined,
    TYPE_OF[WorkCompleted]: _completed,
    TYPE_OF[RequestAmended]: _amended,
    TYPE_OF[RequestWithdrawn]: _withdrawn,
}
