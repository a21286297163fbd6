"""Which state changes a unit's callbacks are sent, and what they say. Pure.

Invariant: one event makes at most one delivery per subscription; what is said holds nothing personal, no name and no free text.
"""

from collections.abc import Callable, Mapping
from typing import Final

from services.notify.state import State
from shared.ledger.messages import Item
from shared.schemas import documents, intake, routing
from shared.schemas.callbacks import (
    Callback,
    CallbackData,
    CallbackPayload,
    Document,
    Happening,
    Lacking,
)
from shared.schemas.envelope import Event
from shared.schemas.notifications import Delivery
from shared.schemas.registry import MODELS, TYPE_OF
from shared.schemas.requests import number_of
from shared.schemas.status import RequestStatus

FAILING: Final = "callback_failing"
CHANNEL: Final = "callback"
MOST_LACKING = 50
HAPPENING: dict[str, tuple[Happening, RequestStatus | None]] = {
    TYPE_OF[intake.RequestSubmitted]: ("request.accepted", "submitted"),
    TYPE_OF[intake.RequestReturned]: ("request.returned", "returned"),
    TYPE_OF[intake.RequestRejected]: ("request.rejected", "rejected"),
    TYPE_OF[intake.RequestDropped]: ("request.withdrawn", "withdrawn"),
    TYPE_OF[routing.CoordinatorAssigned]: ("request.coordinated", "submitted"),
    TYPE_OF[routing.AssignmentWaiting]: ("request.waiting", "waiting"),
    TYPE_OF[routing.SupportersAssigned]: ("request.assigned", "assigned"),
    TYPE_OF[routing.WorkAccepted]: ("request.working", "working"),
    TYPE_OF[routing.WorkDeclined]: ("request.declined", "assigned"),
    TYPE_OF[routing.WorkSentBack]: ("request.sent_back", "sent_back"),
    TYPE_OF[routing.WorkPaused]: ("request.paused", "paused"),
    TYPE_OF[routing.WorkResumed]: ("request.resumed", None),
    TYPE_OF[routing.SupportHandedOver]: ("request.handed_over", None),
    TYPE_OF[routing.CoordinationHandedOver]: ("request.handed_over", None),
    TYPE_OF[routing.SupporterAdded]: ("request.handed_over", None),
    TYPE_OF[routing.SupporterReleased]: ("request.handed_over", None),
    TYPE_OF[routing.SeatGivenUp]: ("request.handed_over", None),
    TYPE_OF[routing.WorkCompleted]: ("request.completed", "completed"),
    TYPE_OF[routing.DeliveryConfirmed]: ("request.confirmed", "confirmed"),
    TYPE_OF[routing.RequestReopened]: ("request.reopened", None),
    TYPE_OF[routing.EscalatedToCoordinator]: ("request.escalated", None),
    TYPE_OF[routing.EscalatedToLeader]: ("request.escalated", None),
    TYPE_OF[routing.RequestAmended]: ("request.amended", None),
    TYPE_OF[routing.AmendmentRefused]: ("request.amendment_refused", None),
    TYPE_OF[routing.RequestWithdrawn]: ("request.withdrawn", "withdrawn"),
    TYPE_OF[routing.WithdrawalRefused]: ("request.withdrawal_refused", None),
    TYPE_OF[intake.PreconditionWaived]: ("request.waived", None),
    TYPE_OF[intake.EvidenceAsked]: ("request.evidence_asked", None),
    TYPE_OF[intake.EvidenceOverdue]: ("request.evidence_overdue", None),
    TYPE_OF[intake.EvidenceSettled]: ("request.evidence_settled", None),
    TYPE_OF[documents.DocumentRendered]: ("document.ready", None),
    TYPE_OF[documents.DocumentFailed]: ("document.failed", None),
}
"""The state change an event is for the unit, and the request's status since; the status is as intake shows it."""


def planned(
    state: State, event: Event, wanted: Mapping[str, Callback], identity_of: Callable[[str], str]
) -> dict[str, tuple[Item, Delivery]]:
    """What the subscriptions `wanted`, by id, are sent of `event`, already evolved into `state`; by the item's id."""
    found = HAPPENING.get(event.type)
    if found is None or (event.type == TYPE_OF[routing.WorkAccepted] and not event.read_as(routing.WorkAccepted).first):
        return {}
    subscribed = [one for one in wanted.values() if one.active and found[0] in one.events]
    made: dict[str, tuple[Item, Delivery]] = {}
    for callback in subscribed:
        identity = identity_of(callback.id)
        if identity not in state.deliveries:
            made[identity] = _delivery(identity, callback, state, event)
    return made


def _delivery(identity: str, callback: Callback, state: State, event: Event) -> tuple[Item, Delivery]:
    payload = payload_of(state, event, 1 + _sent(state, callback.id))
    data = {"unit": callback.unit, "recipient": callback.id, "payload": payload.model_dump(mode="json", exclude_defaults=True)}
    item = Item(id=identity, kind=CHANNEL, data=data, subject=event.subject)
    return item, Delivery(id=identity, channel=CHANNEL, recipient=callback.id, template=payload.type, about=event.id)


def _sent(state: State, callback: str) -> int:
    return sum(1 for one in state.deliveries.values() if (one.channel, one.recipient) == (CHANNEL, callback))


def payload_of(state: State, event: Event, sequence: int) -> CallbackPayload:
    """What is sent of `event`, the `sequence`th of its request to one subscription."""
    happening, status = HAPPENING[event.type]
    assert state.request is not None, "whose request it is, is known"
    said = event.read_as(MODELS[event.type])
    data = CallbackData(
        id=event.subject,
        number=number_of(event.subject),
        source=state.request.source,
        type=state.request.type,
        sequence=sequence,
        event=event.id,
        status=status,
    )
    return CallbackPayload(type=happening, timestamp=event.time, data=data.model_copy(update=_particular(said)))


def _particular(said: object) -> dict[str, object]:
    """What only this change has: codes and numbers, no words of anybody's."""
    match said:
        case intake.RequestReturned(verdict=verdict):
            fields = [Lacking(field=problem.field, code=problem.code) for problem in verdict.problems]
            missing = [one for one in verdict.preconditions if one.state == "missing"]
            fields += [Lacking(field=f"preconditions.{'|'.join(one.any_of)}", code="missing") for one in missing]
            return {"lacking": tuple(fields[:MOST_LACKING])}
        case intake.RequestRejected(verdict=verdict):
            return {"reason": verdict.reason}
        case routing.AssignmentWaiting(reason=reason):
            return {"reason": reason, "status": "choosing" if reason == "coordinator_chooses" else "waiting"}
        case (
            routing.SupportersAssigned(status=str(status))
            | routing.WorkAccepted(status=str(status))
            | routing.WorkDeclined(status=str(status))
        ):
            return {"status": status}
        case (
            routing.WorkResumed(status=status)
            | routing.SupportHandedOver(status=status)
            | routing.SupporterAdded(status=status)
            | routing.SupporterReleased(status=status)
            | routing.SeatGivenUp(status=status)
            | routing.RequestReopened(status=status)
        ):
            return {"status": status}
        case routing.RequestAmended(version=version):
            return {"version": version}
        case documents.DocumentRendered():
            return {"document": Document(id=said.document, kind=said.kind, version=said.version, media_type=said.media_type)}
        case documents.DocumentFailed():
            return {"document": Document(id=said.document, kind=said.kind), "reason": said.cause or None}
        case _:
            return {}
