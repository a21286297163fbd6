"""What notify says on backline.notifications.v1: which message to whom, and how each delivery ended. No addresses, no bodies."""

from typing import Literal

from shared.schemas.model import Frozen

Channel = Literal["email", "chat", "webhook", "callback"]


class Delivery(Frozen):
    """One message to one recipient: a person's id, a business unit's chat room, a webhook's name, or the id of a unit's callback."""

    id: str
    channel: Channel
    recipient: str
    template: str
    about: str


class NotificationPlanned(Frozen):
    deliveries: tuple[Delivery, ...]


class NotificationSent(Frozen):
    delivery: Delivery
    attempt: int


class NotificationFailed(Frozen):
    """Given up after `attempt` tries, or refused for good."""

    delivery: Delivery
    attempt: int
    problem: str


class NotificationUnknown(Frozen):
    """The connection broke when the message may already have been taken; never sent again by itself."""

    delivery: Delivery
    attempt: int
    problem: str
