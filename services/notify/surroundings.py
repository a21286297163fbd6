"""What notify's decisions read: the moment, who leads or stands in, what is set up to be told; and the count of deliveries."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from services.notify.state import Context
from shared.ledger.domain import EachByItself
from shared.ledger.messages import Message
from shared.schemas.envelope import Event
from shared.schemas.people import Directory
from shared.telemetry import metrics

LEADER = "bu_leader"
KEPT = "_leaders"
OUTCOMES = {
    "backline.notifications.notification_sent": "sent",
    "backline.notifications.notification_failed": "failed",
    "backline.notifications.notification_unknown": "unknown",
}


class Clock(Protocol):
    def now(self) -> datetime: ...


class NotifySurroundings(EachByItself[Context]):
    """The Surroundings of notify; it reserves nothing."""

    def __init__(
        self,
        *,
        clock: Clock,
        rooms: frozenset[str],
        subscribers: tuple[str, ...],
        directory: Callable[[], Directory] = Directory,
    ) -> None:
        self._clock = clock
        self._directory = directory
        self._rooms = rooms
        self._subscribers = subscribers

    async def context(self, _messages: Sequence[Message]) -> Context:
        """No I/O: everything is known already."""
        directory, now = self._directory(), self._clock.now()
        return Context(
            now=now,
            rooms=self._rooms,
            subscribers=self._subscribers,
            leaders=leaders_of(directory),
            callbacks=directory.callbacks,
            stand_ins=directory.stand_ins(now),
        )

    async def applied(self, subjects: Sequence[tuple[str, object, tuple[Event, ...]]]) -> None:
        """Count deliveries by channel and outcome."""
        for event in (event for _, _, events in subjects for event in events if event.type in OUTCOMES):
            metrics.DELIVERIES.labels(event.data["delivery"]["channel"], OUTCOMES[event.type]).inc()


def leaders_of(directory: Directory) -> Mapping[str, tuple[str, ...]]:
    """Who leads which unit, worked out once for each directory."""
    kept: Mapping[str, tuple[str, ...]] | None = directory.__dict__.get(KEPT)
    if kept is None:
        found: dict[str, tuple[str, ...]] = {}
        for person in directory.holders(LEADER):
            found[person.business_unit] = (*found.get(person.business_unit, ()), person.id)
        kept = directory.__dict__[KEPT] = found
    return kept
