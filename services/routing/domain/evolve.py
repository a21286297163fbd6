"""How routing's state follows from events, heard and own. Pure."""

from typing import cast, get_args

from services.routing.domain import clashes, efforts
from services.routing.domain.absences import mark
from services.routing.domain.bidding import room
from services.routing.domain.linking.evolving import linked
from services.routing.domain.review.evolving import ReviewFact, reviewed
from services.routing.domain.state import Halt, State, held, working_or_assigned
from services.routing.domain.ticking import ticked
from shared.schemas.absences import AbsenceNoticed
from shared.schemas.bidding import BidChildAmended, BidChildOpened, BidChildReturned, BidItemConfirmed, BidPlanned
from shared.schemas.clashes import ClashFound, ClashResolved
from shared.schemas.effort import EffortCorrected, EffortLogged, GiftsIssued, OutcomeRecorded, SpendCorrected, SpendLogged
from shared.schemas.envelope import Event
from shared.schemas.intake import AmendmentRequested, RequestSubmitted, WithdrawalRequested
from shared.schemas.links import LinkedRequestAwaited, LinkedRequestDecided, LinkedRequestFailed
from shared.schemas.registry import MODELS, TYPE_OF
from shared.schemas.routing import (
    AmendmentRefused,
    AssignmentWaiting,
    CoordinationHandedOver,
    CoordinatorAssigned,
    DecisionRecord,
    DeliveryConfirmed,
    EscalatedToCoordinator,
    EscalatedToLeader,
    RequestAmended,
    RequestReopened,
    RequestWithdrawn,
    Seat,
    SeatGivenUp,
    SupporterAdded,
    SupporterReleased,
    SupportersAssigned,
    SupportHandedOver,
    WithdrawalRefused,
    WorkAccepted,
    WorkCompleted,
    WorkDeclined,
    WorkPaused,
    WorkResumed,
    WorkSentBack,
)
from shared.schemas.service_levels import (
    ClocksRecalculated,
    ConfirmationReminded,
    ServiceLevelBreached,
    ServiceLevelWarned,
)
from shared.schemas.status import WorkStatus

Update = dict[str, object]


def evolve(state: State, event: Event) -> State:
    """`state` after `event`; types that do not change it leave it as it is."""
    change = CHANGES.get(event.type)
    if change is None:
        return state
    after = state.model_copy(update={**change(state, event), "revision": state.revision + 1})
    beside: Update = {}
    if (formerly := after.since(state)) is not state.formerly:
        beside["formerly"] = formerly
    clocks = ticked(state.clocks, event, status=after.status, supporters=after.supporters, halted=after.halt is not None)
    if clocks is not state.clocks:
        beside["clocks"] = clocks
    if (link := linked(state.link, after, event)) is not state.link:
        beside["link"] = link
    return after.model_copy(update=beside) if beside else after


def _submitted(state: State, event: Event) -> Update:
    if state.request is not None:
        return {}
    said = event.read_as(RequestSubmitted)
    return {
        "request": said.request,
        "policy": said.policy,
        "status": "new",
        "waiting_since": event.time,
        "effort": efforts.begun(event.time),
    }


def _asked(_state: State, event: Event) -> Update:
    return {"asked": event.sequence}


def _answered(state: State, _event: Event) -> Update:
    return {"answered": state.asked}


def _coordinator(state: State, event: Event) -> Update:
    said = event.read_as(CoordinatorAssigned)
    return {"coordinator": said.seat, "decisions": (said.decision, *state.standing("supporter"))}


def _supporters(state: State, event: Event) -> Update:
    said = event.read_as(SupportersAssigned)
    seats = held(said.seats, state.supporters)
    decisions = (*state.standing(), *said.decisions)
    return {"supporters": seats, "decisions": decisions, "status": working_or_assigned(seats), "waiting_since": None}


def _waiting(state: State, event: Event) -> Update:
    said = event.read_as(AssignmentWaiting)
    status = "choosing" if said.reason == "coordinator_chooses" else "waiting"
    decisions = (*state.standing(), *said.decisions)
    return {"status": status, "waiting_since": state.waiting_since or event.time, "decisions": decisions}


def _accepted(state: State, event: Event) -> Update:
    said = event.read_as(WorkAccepted)
    holder = said.on_behalf_of or said.by
    seats = tuple(seat.model_copy(update={"accepted": True}) if seat.person == holder else seat for seat in state.supporters)
    return {"supporters": seats, "status": said.status or "working"}


def _declined(state: State, event: Event) -> Update:
    after = state.after(event.read_as(WorkDeclined))
    return {name: getattr(after, name) for name in ("supporters", "coordinator", "declined", "status")} | {
        "decisions": after.standing()
    }


def _sent_back(state: State, event: Event) -> Update:
    said = event.read_as(WorkSentBack)
    halt = Halt(by=said.by, reason=said.reason, missing=said.missing, since=event.time, before=state.status)
    return {"status": "sent_back", "halt": halt}


def _paused(state: State, event: Event) -> Update:
    said = event.read_as(WorkPaused)
    halt = Halt(by=said.by, reason=said.reason, since=event.time, until=said.until, before=state.status)
    return {"status": "paused", "halt": halt}


def _resumed(_state: State, event: Event) -> Update:
    return {"status": event.read_as(WorkResumed).status, "halt": None}


def _handed_over(state: State, event: Event) -> Update:
    said = event.read_as(SupportHandedOver)
    update = _other_supporters(state, said.seats, said.status)
    standing = state.model_copy(update=update).standing()
    return {**update, "decisions": (*standing, *_record(said.decision), *state.sought())}


def _coordination_handed_over(state: State, event: Event) -> Update:
    said = event.read_as(CoordinationHandedOver)
    after = state.model_copy(update={"coordinator": said.seat})
    return {"coordinator": after.coordinator, "decisions": (*_record(said.decision), *after.standing(), *state.sought())}


def _added(state: State, event: Event) -> Update:
    said = event.read_as(SupporterAdded)
    update = _other_supporters(state, said.seats, said.status)
    return {**update, "decisions": (*state.model_copy(update=update).standing(), *_record(said.decision))}


def _released(state: State, event: Event) -> Update:
    said = event.read_as(SupporterReleased)
    gone = (Seat(**seat.model_dump(exclude={"accepted"})) for seat in state.supporters if seat.person == said.holder)
    return {**_other_supporters(state, said.seats, said.status), "released": _places((*state.released, *gone))}


def _given_up(state: State, event: Event) -> Update:
    said = event.read_as(SeatGivenUp)
    seat = Seat(person="", role=said.role, step="supporter", skill=said.skill, department=said.department)
    return {"status": said.status, "released": _places((*state.released, seat)), "decisions": state.standing()}


def _places(seats: tuple[Seat, ...]) -> tuple[Seat, ...]:
    return tuple({(seat.role, seat.skill, seat.department): seat for seat in seats}.values())


def _other_supporters(state: State, seats: tuple[Seat, ...], status: WorkStatus) -> Update:
    after = state.model_copy(update={"supporters": held(seats, state.supporters)})
    return {"supporters": after.supporters, "status": status, "decisions": after.standing()}


def _completed(_state: State, event: Event) -> Update:
    said = event.read_as(WorkCompleted)
    by = tuple(one for one in (said.by, said.on_behalf_of) if one)
    return {
        "status": "completed",
        "confirm_by": said.confirm_by,
        "delivery": event.sequence,
        "delivered_by": by,
        "waiting_since": None,
    }


def _confirmed(state: State, event: Event) -> Update:
    update = {"status": "confirmed", "rating": event.read_as(DeliveryConfirmed).rating, "confirm_by": None}
    return {**update, "effort": efforts.ended(state.effort, event.time)}


def _reopened(state: State, event: Event) -> Update:
    said = event.read_as(RequestReopened)
    after = state.model_copy(update={"coordinator": said.coordinator, "supporters": held(said.supporters, state.supporters)})
    update = {"coordinator": after.coordinator, "supporters": after.supporters, "decisions": after.standing()}
    return {**update, "status": said.status, "confirm_by": None}


def _effort(state: State, event: Event) -> Update:
    return {"effort": efforts.after(state.effort, event)}


def _clashing(state: State, event: Event) -> Update:
    return {"clashes": clashes.after(state.clashes, event)}


def _said(_state: State, _event: Event) -> Update:
    return {}


def _absence(state: State, event: Event) -> Update:
    return {"absences": (*state.absences, mark(event.read_as(AbsenceNoticed)))[-20:]}


def _amended(state: State, event: Event) -> Update:
    said = event.read_as(RequestAmended)
    return {
        "request": said.request,
        "asked_before": state.earlier_requesters(said.request),
        "version": said.version,
        "answered": state.asked,
        "bid": room.stale(state, said.request),
    }


def _withdrawn(state: State, event: Event) -> Update:
    ended = efforts.ended(state.effort, event.time)
    return {"status": "withdrawn", "answered": state.asked, "halt": None, "effort": ended}


def _reviewed(state: State, event: Event) -> Update:
    return {"review": reviewed(state.review, cast(ReviewFact, event.read_as(MODELS[event.type])))}


def _recalculated(state: State, event: Event) -> Update:
    dues = event.read_as(ClocksRecalculated).clocks
    confirmation = next((due.due for due in dues if due.clock == "confirmation"), None)
    return {"confirm_by": confirmation} if confirmation and state.confirm_by else {}


def _record(decision: DecisionRecord | None) -> tuple[DecisionRecord, ...]:
    return (decision,) if decision else ()


CHANGES = {
    TYPE_OF[RequestSubmitted]: _submitted,
    TYPE_OF[AmendmentRequested]: _asked,
    TYPE_OF[WithdrawalRequested]: _asked,
    TYPE_OF[CoordinatorAssigned]: _coordinator,
    TYPE_OF[SupportersAssigned]: _supporters,
    TYPE_OF[AssignmentWaiting]: _waiting,
    TYPE_OF[WorkAccepted]: _accepted,
    TYPE_OF[WorkDeclined]: _declined,
    TYPE_OF[WorkSentBack]: _sent_back,
    TYPE_OF[WorkPaused]: _paused,
    TYPE_OF[WorkResumed]: _resumed,
    TYPE_OF[SupportHandedOver]: _handed_over,
    TYPE_OF[CoordinationHandedOver]: _coordination_handed_over,
    TYPE_OF[SupporterAdded]: _added,
    TYPE_OF[SupporterReleased]: _released,
    TYPE_OF[SeatGivenUp]: _given_up,
    TYPE_OF[WorkCompleted]: _completed,
    TYPE_OF[DeliveryConfirmed]: _confirmed,
    TYPE_OF[RequestReopened]: _reopened,
    TYPE_OF[EscalatedToCoordinator]: _said,
    TYPE_OF[EscalatedToLeader]: _said,
    TYPE_OF[ServiceLevelWarned]: _said,
    TYPE_OF[ServiceLevelBreached]: _said,
    TYPE_OF[ConfirmationReminded]: _said,
    TYPE_OF[ClocksRecalculated]: _recalculated,
    TYPE_OF[AbsenceNoticed]: _absence,
    TYPE_OF[RequestAmended]: _amended,
    TYPE_OF[AmendmentRefused]: _answered,
    TYPE_OF[RequestWithdrawn]: _withdrawn,
    TYPE_OF[WithdrawalRefused]: _answered,
    **{TYPE_OF[model]: _reviewed for model in get_args(ReviewFact)},
    **{TYPE_OF[model]: _said for model in (LinkedRequestAwaited, LinkedRequestFailed, LinkedRequestDecided)},
    TYPE_OF[EffortLogged]: _effort,
    TYPE_OF[EffortCorrected]: _effort,
    TYPE_OF[GiftsIssued]: _effort,
    TYPE_OF[SpendLogged]: _effort,
    TYPE_OF[SpendCorrected]: _effort,
    TYPE_OF[OutcomeRecorded]: _effort,
    TYPE_OF[ClashFound]: _clashing,
    TYPE_OF[ClashResolved]: _clashing,
    TYPE_OF[BidPlanned]: room.planned,
    TYPE_OF[BidChildOpened]: room.opened,
    TYPE_OF[BidChildReturned]: room.returned,
    TYPE_OF[BidChildAmended]: room.followed_bid,
    TYPE_OF[BidItemConfirmed]: room.confirmed,
}
