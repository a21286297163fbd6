"""How a request's state follows from what was said about it, by intake itself and by the others."""

from datetime import datetime
from itertools import accumulate
from typing import cast

from services.intake.domain.state import Asked, AskedVerdict, Moment, Owing, Private, State, sortable
from shared.catalogue.owing import owed
from shared.schemas.envelope import Event
from shared.schemas.intake import (
    AmendmentRequested,
    EvidenceAsked,
    EvidenceOverdue,
    EvidenceSettled,
    PreconditionWaived,
    RequestDropped,
    RequestRejected,
    RequestReturned,
    RequestSubmitted,
    WithdrawalRequested,
)
from shared.schemas.registry import TYPE_OF
from shared.schemas.routing import (
    AmendmentRefused,
    AssignmentWaiting,
    CoordinatorAssigned,
    DeliveryConfirmed,
    RequestAmended,
    RequestReopened,
    RequestWithdrawn,
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
from shared.schemas.status import RequestStatus

FOLLOWING: dict[str, RequestStatus] = {
    TYPE_OF[RequestSubmitted]: "submitted",
    TYPE_OF[RequestReturned]: "returned",
    TYPE_OF[RequestRejected]: "rejected",
    TYPE_OF[RequestDropped]: "dropped",
    TYPE_OF[CoordinatorAssigned]: "submitted",
    TYPE_OF[AssignmentWaiting]: "waiting",
    TYPE_OF[SupportersAssigned]: "assigned",
    TYPE_OF[WorkAccepted]: "working",
    TYPE_OF[WorkDeclined]: "assigned",
    TYPE_OF[WorkSentBack]: "sent_back",
    TYPE_OF[WorkPaused]: "paused",
    TYPE_OF[WorkCompleted]: "completed",
    TYPE_OF[DeliveryConfirmed]: "confirmed",
    TYPE_OF[RequestWithdrawn]: "withdrawn",
}

NAMING = {
    TYPE_OF[SupportersAssigned],
    TYPE_OF[WorkAccepted],
    TYPE_OF[WorkDeclined],
    TYPE_OF[WorkResumed],
    TYPE_OF[SupportHandedOver],
    TYPE_OF[SupporterAdded],
    TYPE_OF[SupporterReleased],
    TYPE_OF[SeatGivenUp],
    TYPE_OF[RequestReopened],
}
"""Facts that name the status they lead to (the first three since there is more to tell than that somebody has the work)."""

GOING_ON: frozenset[RequestStatus] = frozenset({"assigned", "working", "sent_back", "paused"})
"""Another coordinator changes nothing about the work."""


def evolve(state: State, event: Event) -> State:
    """`state` after `event`, heard or own. Intake's private values are not in events; here they only change their places."""
    moment = Moment(at=event.time, source=event.source, type=event.type, sequence=event.sequence, data=_shown(event))
    update = {"timeline": (*state.timeline, moment), "status": _status(state, event), **_consequence(state, event)}
    if event.type in SUBMISSIONS and state.received_at is None:
        update["received_at"] = datetime.fromisoformat(sortable(event.time))
    if event.type == TYPE_OF[RequestSubmitted]:
        update["submitted_at"] = event.time
    return state.model_copy(update=update)


def _status(state: State, event: Event) -> RequestStatus:
    if event.type == TYPE_OF[AssignmentWaiting] and event.data.get("reason") == "coordinator_chooses":
        return "choosing"
    if event.type in NAMING and event.data.get("status"):
        return cast(RequestStatus, event.data["status"])
    if event.type == TYPE_OF[CoordinatorAssigned] and state.status in GOING_ON:
        return state.status
    return FOLLOWING.get(event.type, state.status)


def _consequence(state: State, event: Event) -> dict[str, object]:
    if event.type in SUBMISSIONS:
        said = event.read_as(RequestSubmitted)
        owing = tuple(Owing.model_validate(one.model_dump()) for one in owed(said.verdict))
        return {"request": said.request, "verdict": said.verdict, "policy": said.policy, "owing": owing}
    if event.type == TYPE_OF[RequestAmended]:
        request = event.read_as(RequestAmended).request
        return {"request": request, "private": _answered(state.private, event), **_judged_anew(state, event)}
    if event.type == TYPE_OF[AmendmentRefused]:
        return {"private": _answered(state.private, event), "asked": _unanswered(state, event)}
    if event.type == TYPE_OF[AmendmentRequested]:
        verdict = AskedVerdict(number=event.sequence, verdict=event.read_as(AmendmentRequested).verdict)
        return {"private": _asked(state.private, event), "asked": (*state.asked, verdict)}
    if event.type == TYPE_OF[PreconditionWaived]:
        return {"waivers": (*state.waivers, event.read_as(PreconditionWaived))}
    if event.type == TYPE_OF[RequestDropped]:
        return {"waivers": (), "owing": ()}
    if event.type in EVIDENCE:
        return {"owing": _owing(state.owing, event)}
    if event.type in WITHDRAWING:
        return {"withdrawing": WITHDRAWING[event.type]}
    return {}


def _asked(private: Private, event: Event) -> Private:
    """The wording that `event` asks for waits for routing's answer under the event's number."""
    if not private.asking:
        return private
    first, *rest = private.asking
    asked = Asked(number=event.sequence, version=first)
    return private.model_copy(update={"asking": tuple(rest), "pending": (*private.pending, asked)})


def _answered(private: Private, event: Event) -> Private:
    """Routing answers amendments one by one, each before it hears the next: the one it answers is the last it had heard.

    One that stands and whose wording is not known went with the database: then no wording that is known stands.
    """
    number = event.after.get("intake")
    stands = event.type == TYPE_OF[RequestAmended]
    answered = next((asked.version for asked in private.pending if asked.number == number), None)
    left = tuple(asked for asked in private.pending if asked.number != number)
    return private.model_copy(update={"current": answered if stands else private.current, "pending": left})


def _judged_anew(state: State, event: Event) -> dict[str, object]:
    """The verdict on the wording that stands now, and what it owes besides what was owed before."""
    number = event.after.get("intake")
    verdict = next((one.verdict for one in state.asked if one.number == number), None)
    if verdict is None:
        return {"asked": _unanswered(state, event)}
    known = {one.any_of for one in state.owing}
    more = tuple(Owing.model_validate(one.model_dump()) for one in owed(verdict) if one.any_of not in known)
    return {"asked": _unanswered(state, event), "verdict": verdict, "owing": (*state.owing, *more)}


def _unanswered(state: State, event: Event) -> tuple[AskedVerdict, ...]:
    return tuple(one for one in state.asked if one.number != event.after.get("intake"))


def _owing(owing: tuple[Owing, ...], event: Event) -> tuple[Owing, ...]:
    """What is owed after it was asked for, told further, or settled."""
    if event.type == TYPE_OF[EvidenceSettled]:
        return tuple(one for one in owing if one.any_of != event.read_as(EvidenceSettled).any_of)
    overdue = event.type == TYPE_OF[EvidenceOverdue]
    named = {one.any_of for one in (event.read_as(EvidenceOverdue) if overdue else event.read_as(EvidenceAsked)).owed}
    update = {"overdue": True} if overdue else {"asked": True}
    return tuple(one.model_copy(update=update) if one.any_of in named else one for one in owing)


def in_free_order(state: State) -> State:
    """`state` with its timeline between two of intake's own moments put in the order of the sources.

    What two other services said may have been heard in either order; what each of them said, and what intake said before and
    after it, has one. All else follows from intake and routing alone, whose order is known.
    """
    spans = accumulate(int(moment.source == "intake") for moment in state.timeline)
    placed = sorted(zip(spans, state.timeline, strict=True), key=lambda one: (one[0], one[1].source != "intake", one[1].source))
    return state.model_copy(update={"timeline": tuple(moment for _, moment in placed)})


HIDDEN = frozenset({"request", "decision", "decisions", "verdict", "manifest", "result"})
SUBMISSIONS = {TYPE_OF[RequestSubmitted], TYPE_OF[RequestReturned], TYPE_OF[RequestRejected]}
EVIDENCE = {TYPE_OF[EvidenceAsked], TYPE_OF[EvidenceOverdue], TYPE_OF[EvidenceSettled]}
WITHDRAWING = {TYPE_OF[WithdrawalRequested]: True, TYPE_OF[WithdrawalRefused]: False, TYPE_OF[RequestWithdrawn]: False}


def _shown(event: Event) -> dict[str, object]:
    """What the timeline shows of an event: everything but the request itself and the long decision records."""
    return {key: value for key, value in event.data.items() if key not in HIDDEN}
