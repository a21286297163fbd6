"""How routing's state follows from events, heard and own. Pure."""

from services.routing.domain.state import Held, State
from shared.schemas.envelope import Event
from shared.schemas.intake import AmendmentRequested, RequestSubmitted, WithdrawalRequested
from shared.schemas.registry import TYPE_OF
from shared.schemas.routing import (
    AmendmentRefused,
    AssignmentWaiting,
    CoordinatorAssigned,
    DecisionRecord,
    RequestAmended,
    RequestWithdrawn,
    Step,
    SupportersAssigned,
    WithdrawalRefused,
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
    if state.request is not None:
        return {}
    said = event.read_as(RequestSubmitted)
    return {"request": said.request, "policy": said.policy, "status": "new", "waiting_since": event.time}


def _asked(_state: State, event: Event) -> Update:
    return {"asked": event.sequence}


def _answered(state: State, _event: Event) -> Update:
    return {"answered": state.asked}


def _coordinator(state: State, event: Event) -> Update:
    said = event.read_as(CoordinatorAssigned)
    return {"coordinator": said.seat, "decisions": (said.decision, *_standing(state, "supporter"))}


def _supporters(state: State, event: Event) -> Update:
    said = event.read_as(SupportersAssigned)
    accepted = {seat.person for seat in state.supporters if seat.accepted}
    seats = tuple(Held(**seat.model_dump(), accepted=seat.person in accepted) for seat in said.seats)
    status = "working" if any(seat.accepted for seat in seats) else "assigned"
    decisions = (*_standing(state, "coordinator"), *_standing(state, "supporter"), *said.decisions)
    return {"supporters": seats, "decisions": decisions, "status": status, "waiting_since": None}


def _waiting(state: State, event: Event) -> Update:
    said = event.read_as(AssignmentWaiting)
    status = "choosing" if said.reason == "coordinator_chooses" else "waiting"
    decisions = (*_standing(state, "coordinator"), *_standing(state, "supporter"), *said.decisions)
    return {"status": status, "waiting_since": state.waiting_since or event.time, "decisions": decisions}


def _accepted(state: State, event: Event) -> Update:
    said = event.read_as(WorkAccepted)
    holder = said.on_behalf_of or said.by
    seats = tuple(seat.model_copy(update={"accepted": True}) if seat.person == holder else seat for seat in state.supporters)
    return {"supporters": seats, "status": "working"}


def _declined(state: State, event: Event) -> Update:
    after = state.after(event.read_as(WorkDeclined))
    return {name: getattr(after, name) for name in ("supporters", "coordinator", "declined", "status")} | {
        "decisions": (*_standing(after, "coordinator"), *_standing(after, "supporter"))
    }


def _completed(_state: State, event: Event) -> Update:
    event.read_as(WorkCompleted)
    return {"status": "completed"}


def _amended(state: State, event: Event) -> Update:
    said = event.read_as(RequestAmended)
    return {"request": said.request, "version": said.version, "answered": state.asked}


def _withdrawn(state: State, _event: Event) -> Update:
    return {"status": "withdrawn", "answered": state.asked}


def _standing(state: State, step: Step) -> tuple[DecisionRecord, ...]:
    """The records of choices whose outcome still stands."""
    if step == "coordinator":
        people = {state.coordinator.person} if state.coordinator else set()
    else:
        people = {seat.person for seat in state.supporters}
    return tuple(record for record in state.decisions if record.step == step and people & set(record.chosen))


CHANGES = {
    TYPE_OF[RequestSubmitted]: _submitted,
    TYPE_OF[AmendmentRequested]: _asked,
    TYPE_OF[WithdrawalRequested]: _asked,
    TYPE_OF[CoordinatorAssigned]: _coordinator,
    TYPE_OF[SupportersAssigned]: _supporters,
    TYPE_OF[AssignmentWaiting]: _waiting,
    TYPE_OF[WorkAccepted]: _accepted,
    TYPE_OF[WorkDeclined]: _declined,
    TYPE_OF[WorkCompleted]: _completed,
    TYPE_OF[RequestAmended]: _amended,
    TYPE_OF[AmendmentRefused]: _answered,
    TYPE_OF[RequestWithdrawn]: _withdrawn,
    TYPE_OF[WithdrawalRefused]: _answered,
}
