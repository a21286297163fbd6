"""The four kinds of message a ledger applies, and what a service decides on one. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel

from shared.schemas.envelope import Event
from shared.schemas.model import Json, Text


@dataclass(frozen=True, kw_only=True)
class Heard:
    """An event of another service, in its causal turn. `state` already contains it when `decide` sees it."""

    event: Event

    @property
    def subject(self) -> str:
        return self.event.subject


@dataclass(frozen=True, kw_only=True)
class Told:
    """A command: a wish in the imperative (`submit`, `accept`), with the id that makes repeating it harmless."""

    id: str
    subject: str
    name: str
    data: Json
    at: datetime
    business_unit: str | None = None


@dataclass(frozen=True, kw_only=True)
class Woken:
    """A wake-up that fell due, or was asked for because something outside the request changed (`reason`)."""

    subject: str
    reason: str = "due"


ItemEnd = Literal["done", "failed", "unknown"]


@dataclass(frozen=True, kw_only=True)
class Item:
    """Work on the outside world, planned by a decision and performed outside the consume loop.

    `data` must hold all the effect needs but personal data, which it fetches itself. `attempt` numbers the leases, from 1 and
    never again from 1; `tries` are those since the item was last planned anew.
    """

    id: str
    kind: str
    data: Json
    subject: str = ""
    attempt: int = 0
    tries: int = 0
    due: datetime | None = None


@dataclass(frozen=True, kw_only=True)
class Settled:
    """An item has ended for good: done, given up (`failed`), or `unknown` (it may or may not have happened).

    Only the `owner` of the lease may give up or doubt; that it is done is a fact, whoever says so.
    """

    subject: str
    item: Item
    end: ItemEnd
    owner: str | None = None
    data: Json = field(default_factory=dict)
    problem: str = ""


Message = Heard | Told | Woken | Settled


@dataclass(frozen=True, kw_only=True)
class Passing:
    """The effect of a leased item is about to take the step that cannot be taken back. Answered {"passed": bool}."""

    subject: str
    item: Item
    owner: str


@dataclass(frozen=True, kw_only=True)
class Postponing:
    """A leased item is given back, to be tried again at `due`; unless `counted`, as if it had not been leased."""

    subject: str
    item: Item
    owner: str
    due: datetime
    problem: str
    counted: bool = True


Lease = Passing | Postponing
"""What a worker says of its leases; the ledger's own business, which no domain decides on."""


@dataclass(frozen=True, kw_only=True)
class Refusal:
    """Why a command changes nothing. `code` is stable; `status` is the HTTP status that says the same."""

    code: str
    message: Text
    status: int = 409


@dataclass(frozen=True, kw_only=True, slots=True)
class Booking:
    """A time, with offsets, that `request` takes away from whoever has a part in it; `place` is empty where nobody travels.

    It is no other appointment than those of the request `within` which it is a part of.
    """

    request: str
    start: datetime
    end: datetime
    place: str = ""
    within: str = ""


@dataclass(frozen=True, kw_only=True)
class Reservation:
    """A place among the open work of one person, to be had before the decision may be written; `bookings` must be free then."""

    holder: str
    capacity: int
    weight: float = 1.0
    bookings: tuple[Booking, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Decision:
    """What a service makes of one message. The empty decision changes nothing.

    `facts` are payload models of the service's own event types, in the order they are said. `items` are planned
    by the same write; an id that exists already is planned no second time. `cancel` names planned items that
    are no longer wanted; `again` plans ended ones anew, because a person decided so. `private` replaces the state's
    field of that name before the facts are evolved: values that must not be said (personal data). `answer` is handed
    to whoever told the command, and is not kept.
    """

    facts: tuple[BaseModel, ...] = ()
    items: tuple[Item, ...] = ()
    cancel: tuple[str, ...] = ()
    again: tuple[str, ...] = ()
    reservations: tuple[Reservation, ...] = ()
    private: BaseModel | None = None
    refusal: Refusal | None = None
    answer: Mapping[str, Any] | None = None


NOTHING = Decision()


@dataclass(kw_only=True, slots=True)
class Outcome:
    """What became of one message. `events` are those it caused, also when it was `repeated`. Nobody changes one (see `Record`).

    With a `problem` it was not applied: because what it says cannot be stored, when `unstorable`, so that telling it again is in
    vain; else for a fault of ours. Unless `stored`, not even its raw form could be kept with its request. Of a wake-up: `missing`
    names the sources that were not heard for what waits, with the last number heard of each.
    """

    subject: str
    state: Any
    events: tuple[Event, ...] = ()
    repeated: bool = False
    refusal: Refusal | None = None
    answer: Mapping[str, Any] | None = None
    problem: str = ""
    stored: bool = True
    unstorable: bool = False
    missing: Mapping[str, int] = field(default_factory=dict)
