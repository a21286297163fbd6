"""Which event types exist, who owns each, and the model of its data."""

from pydantic import BaseModel

from shared.schemas import absences, documents, intake, notifications, routing
from shared.schemas.envelope import Source

EVENTS: dict[Source, dict[str, type[BaseModel]]] = {
    "intake": {
        "backline.request.submitted": intake.RequestSubmitted,
        "backline.request.returned": intake.RequestReturned,
        "backline.request.rejected": intake.RequestRejected,
        "backline.request.dropped": intake.RequestDropped,
        "backline.request.amendment_requested": intake.AmendmentRequested,
        "backline.request.withdrawal_requested": intake.WithdrawalRequested,
        "backline.request.precondition_waived": intake.PreconditionWaived,
        "backline.request.evidence_asked": intake.EvidenceAsked,
        "backline.request.evidence_overdue": intake.EvidenceOverdue,
        "backline.request.evidence_settled": intake.EvidenceSettled,
        "backline.person.recorded": intake.PersonRecorded,
        "backline.unit.recorded": intake.UnitRecorded,
        "backline.access.recorded": intake.AccessRecorded,
        "backline.callback.recorded": intake.CallbackRecorded,
    },
    "routing": {
        "backline.routing.coordinator_assigned": routing.CoordinatorAssigned,
        "backline.routing.supporters_assigned": routing.SupportersAssigned,
        "backline.routing.assignment_waiting": routing.AssignmentWaiting,
        "backline.routing.work_accepted": routing.WorkAccepted,
        "backline.routing.work_declined": routing.WorkDeclined,
        "backline.routing.work_sent_back": routing.WorkSentBack,
        "backline.routing.work_paused": routing.WorkPaused,
        "backline.routing.work_resumed": routing.WorkResumed,
        "backline.routing.support_handed_over": routing.SupportHandedOver,
        "backline.routing.coordination_handed_over": routing.CoordinationHandedOver,
        "backline.routing.supporter_added": routing.SupporterAdded,
        "backline.routing.supporter_released": routing.SupporterReleased,
        "backline.routing.work_completed": routing.WorkCompleted,
        "backline.routing.delivery_confirmed": routing.DeliveryConfirmed,
        "backline.routing.request_reopened": routing.RequestReopened,
        "backline.routing.escalated_to_coordinator": routing.EscalatedToCoordinator,
        "backline.routing.escalated_to_leader": routing.EscalatedToLeader,
        "backline.routing.request_amended": routing.RequestAmended,
        "backline.routing.amendment_refused": routing.AmendmentRefused,
        "backline.routing.request_withdrawn": routing.RequestWithdrawn,
        "backline.routing.absence_noticed": absences.AbsenceNoticed,
        "backline.routing.withdrawal_refused": routing.WithdrawalRefused,
    },
    "documents": {
        "backline.documents.document_rendered": documents.DocumentRendered,
        "backline.documents.document_failed": documents.DocumentFailed,
    },
    "notify": {
        "backline.notifications.notification_planned": notifications.NotificationPlanned,
        "backline.notifications.notification_sent": notifications.NotificationSent,
        "backline.notifications.notification_failed": notifications.NotificationFailed,
        "backline.notifications.notification_unknown": notifications.NotificationUnknown,
    },
}
MODELS: dict[str, type[BaseModel]] = {name: model for owned in EVENTS.values() for name, model in owned.items()}
TYPE_OF: dict[type[BaseModel], str] = {model: name for name, model in MODELS.items()}
OWNER: dict[str, Source] = {name: source for source, owned in EVENTS.items() for name in owned}
