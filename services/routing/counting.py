"""What routing said, counted for operations once it is written."""

from collections.abc import Iterable

from shared.schemas.envelope import Event
from shared.schemas.registry import TYPE_OF
from shared.schemas.routing import AssignmentWaiting, CoordinatorAssigned, SupportersAssigned
from shared.schemas.service_levels import ConfirmationReminded, ServiceLevelBreached, ServiceLevelWarned
from shared.telemetry import metrics

SERVICE_LEVEL = {
    TYPE_OF[ServiceLevelWarned]: "warned",
    TYPE_OF[ConfirmationReminded]: "warned",
    TYPE_OF[ServiceLevelBreached]: "breached",
}


def count(events: Iterable[Event]) -> None:
    """Assignments by step and outcome, and service levels that were warned of or broken."""
    for event in events:
        if event.type == TYPE_OF[CoordinatorAssigned]:
            metrics.ASSIGNMENTS.labels("coordinator", "assigned").inc()
        elif event.type == TYPE_OF[SupportersAssigned]:
            metrics.ASSIGNMENTS.labels("supporter", "assigned").inc()
        elif event.type == TYPE_OF[AssignmentWaiting]:
            metrics.ASSIGNMENTS.labels(event.data["step"], "waiting").inc()
        elif event.type in SERVICE_LEVEL:
            metrics.SERVICE_LEVELS.labels(event.data.get("clock", "confirmation"), SERVICE_LEVEL[event.type]).inc()
