"""What notify knows of one request: the public facts that messages show, who has a part in it, and every delivery's fate."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.schemas.callbacks import Callback
from shared.schemas.model import Frozen
from shared.schemas.notifications import Channel, Delivery
from shared.schemas.requests import Origin, PolicyPin
from shared.schemas.routing import Seat

Status = Literal["planned", "sent", "failed", "unknown"]


class Facts(Frozen):
    """The request as messages show it; people are ids, `deadline` is the moment it is wanted by, as `deadline_field` says."""

    type: str
    business_unit: str
    requester: str
    source: Origin
    opportunity: str | None = None
    customer: str | None = None
    deadline: datetime | None = None
    deadline_field: str | None = None
    priority: str = "normal"
    locale: str = "zh"
    policy: PolicyPin | None = None


class Known(Frozen):
    """What an answer to a mail may speak of: the wording's version, the number of the event that delivered, and the review's
    round: the one that runs or, once the request is reopened, the one to come.
    """

    version: int = 1
    delivery: int = 0
    round: int = 0


class AskedOfOneCause(Frozen):
    """Of routing's events of one `cause`, in their order: whom the latest asks for the answer of a seat, and whom those `before` it did."""

    cause: str
    people: tuple[str, ...] = ()
    before: tuple[str, ...] = ()


class DeliveryState(Frozen):
    """One message to one recipient and how far it got."""

    channel: Channel
    recipient: str
    template: str
    about: str
    status: Status = "planned"
    attempt: int = 0
    problem: str = ""
    planned_at: datetime
    ended_at: datetime | None = None

    @classmethod
    def of(cls, planned: Delivery, at: datetime) -> "DeliveryState":
        """What is known of a delivery that was planned `at` this moment."""
        return cls(
            channel=planned.channel, recipient=planned.recipient, template=planned.template, about=planned.about, planned_at=at
        )

    def delivery(self, identity: str) -> Delivery:
        """As it is said in events."""
        return Delivery(id=identity, channel=self.channel, recipient=self.recipient, template=self.template, about=self.about)


class DocumentState(Frozen):
    """How one document ended: made, with its `name`, or not, with the `problem` and the `cause`. `together` are those of its cause.

    One that is `mended` had been given up before it was made.
    """

    kind: str
    together: tuple[str, ...]
    version: int = 0
    name: str = ""
    problem: str = ""
    cause: str = ""
    mended: bool = False


class State(Frozen):
    """Deliveries by item id, in the order they were planned; documents by their id. `known` is None for requests that were heard of
    before there were links in mails.
    """

    request: Facts | None = None
    seats: tuple[Seat, ...] = ()
    deliveries: dict[str, DeliveryState] = Field(default_factory=dict)
    documents: dict[str, DocumentState] = Field(default_factory=dict)
    known: Known | None = None
    asked: AskedOfOneCause | None = None

    @property
    def coordinators(self) -> tuple[str, ...]:
        """The coordinator's id, or nobody yet."""
        return tuple(seat.person for seat in self.seats if seat.step == "coordinator")

    @property
    def supporters(self) -> tuple[str, ...]:
        """The supporters' ids, each once."""
        return tuple(dict.fromkeys(seat.person for seat in self.seats if seat.step == "supporter"))


def awaited(state: State) -> dict[str, Channel]:
    """The deliveries whose end has not been said, each with its channel."""
    return {identity: delivery.channel for identity, delivery in state.deliveries.items() if delivery.status == "planned"}


@dataclass(frozen=True, kw_only=True)
class Context:
    """What planning reads from elsewhere: the moment, the units that have a chat room, the webhooks' names, who leads which unit, the
    units' callbacks, and for everybody who is away at that moment, who stands in.
    """

    now: datetime
    rooms: frozenset[str] = frozenset()
    subscribers: tuple[str, ...] = ()
    leaders: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    callbacks: Mapping[str, Mapping[str, Callback]] = field(default_factory=dict)
    stand_ins: Mapping[str, str] = field(default_factory=dict)
