"""What routing needs from its own database, as ports: people's open seats, and what it knows of other requests."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.routing.domain import OpenLoad, State
from services.routing.domain.bidding.state import Kin
from services.routing.domain.linking.state import Link, Namer
from services.routing.domain.seasons.ageing import Queued
from shared.ledger.messages import Booking, Reservation
from shared.schemas.envelope import Event
from shared.schemas.people import Directory
from shared.schemas.requests import PolicyPin, Request
from shared.schemas.routing import Step
from shared.schemas.seasons import Season

Place = tuple[str, str]
"""(request, person): one place among a person's open work."""
Pursuit = tuple[str, str]
"""(business unit, opportunity): what a bid pursues."""
Lost = tuple[str, str, float, tuple[Booking, ...]]
"""(request, person, weight, appointments) of a place that is to be there."""
Wake = Callable[[Sequence[str], str], Awaitable[None]]
"""Wake requests for a reason: wake(subjects, reason)."""


class Clock(Protocol):
    def now(self) -> datetime: ...


class People(Protocol):
    """The present directory."""

    @property
    def directory(self) -> Directory: ...


class Seats(Protocol):
    """The open work of each person, one small guarded document each. Every method is safe to repeat."""

    async def loads(self, at: datetime) -> Mapping[str, OpenLoad]:
        """Everybody's open work, and what they were given within the policy's days before `at`."""
        ...

    async def reserve(self, wanted: Sequence[tuple[str, Reservation]], at: datetime) -> frozenset[str]:
        """Secure (request, reservation)s in one conditional bulk; the requests of which any was refused.

        A person who has a place for the request keeps it. Of a refused request nothing stays that this call added.
        """
        ...

    async def release(self, places: Sequence[Place]) -> int:
        """Give places back; how many there were."""
        ...

    async def release_untouched(self, places: Sequence[Place]) -> int:
        """As `release`, of work that nobody took on: it does not count as given to them."""
        ...

    async def release_older(self, places: Sequence[Place], before: datetime) -> int:
        """Give back those of `places` that were last reserved before `before`; how many there were."""
        ...

    async def restore(self, places: Sequence[Lost], at: datetime) -> int:
        """Add places that are lacking, capacity or not: the work is theirs. How many were added."""
        ...

    async def book(self, places: Sequence[tuple[str, str, tuple[Booking, ...]]]) -> None:
        """Replace the appointments of (request, person)s that have a place."""
        ...

    async def forget(self, at: datetime) -> None:
        """Drop what people were given on days that count no more at `at`."""
        ...

    async def held(self, before: datetime) -> Sequence[Place]:
        """Every place last reserved before `before`."""
        ...


class InSeason(Protocol):
    """The seasons, and what they make of the queue."""

    async def current(self) -> tuple[Season, ...]:
        """Every season that is not over."""
        ...

    async def in_order(self, queue: Sequence[Queued]) -> Sequence[str] | None:
        """`queue` in the order in which it is tried now; None when it is in it."""
        ...


class Applied(Protocol):
    """Whoever else wants to hear of what was written; it does its work beside the ledger."""

    def applied(self, subjects: Sequence[tuple[str, object, tuple[Event, ...]]]) -> None: ...


@dataclass(frozen=True, kw_only=True)
class OpenWork:
    """An open request and who has which part in it."""

    request: str
    type: str
    policy: PolicyPin
    parts: tuple[tuple[str, Step], ...]
    asked: Request


class Requests(Protocol):
    """What routing asks its own ledger about other requests."""

    async def holders(self, requests: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Per request, who holds an open seat by its state."""
        ...

    async def open_work(self, after: str, limit: int) -> Sequence[OpenWork]:
        """Open requests that somebody has a part in, by id, those after `after`."""
        ...

    async def held_by(self, people: Sequence[str], limit: int, after: str = "") -> Sequence[str]:
        """Open requests in which one of `people` has a seat, by id, those after `after`."""
        ...

    async def waiting(self, limit: int, after: tuple[str, str] | None = None) -> Sequence[tuple[str, str]]:
        """(waiting since, id) of the requests that nobody fits, longest first, those after `after`."""
        ...

    async def waiting_for(self, roles: Sequence[str], limit: int) -> Sequence[str]:
        """The requests that wait longest because people of one of `roles` were full."""
        ...

    async def queue(self, limit: int, roles: Sequence[str] | None = None) -> Sequence[Queued]:
        """The requests that nobody fits, longest first; of those with `roles`, for whom people of one of them were full."""
        ...

    async def provisional(self, almanac: str, after: str, limit: int) -> Sequence[str]:
        """Requests with a provisional clock by another calendar than version `almanac`, by id, those after `after`."""
        ...

    async def count_waiting(self) -> int:
        """How many requests nobody fits."""
        ...

    async def familiar(self, opportunities: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Per opportunity, everybody who has or had a seat in one of its requests."""
        ...

    async def bids(self, requests: Sequence[str]) -> Mapping[str, Pursuit]:
        """The bids among `requests`, each with what it pursues."""
        ...

    async def open_bids(self, pursuits: Sequence[Pursuit]) -> Sequence[str]:
        """The bids with people that pursue one of `pursuits`."""
        ...

    async def kin(self, pursuit: Pursuit) -> Sequence[Kin]:
        """Every other request than bids of that unit and opportunity."""
        ...

    async def links(self, requests: Sequence[str]) -> Mapping[str, Link]:
        """What those of `requests` name that are open and name something."""
        ...

    async def named(self, requests: Sequence[str]) -> Mapping[str, State | None]:
        """The whole states of those of `requests` that there are; None of one that cannot be read."""
        ...

    async def naming(self, named: Sequence[str]) -> Sequence[str]:
        """The open requests that name one of `named`."""
        ...

    async def all_naming(self, after: str, limit: int) -> Sequence[tuple[str, Namer, Link]]:
        """(id, what it is about, what it names) of the open requests that name another, by id, those after `after`."""
        ...

    async def opportunities(self, requests: Sequence[str]) -> frozenset[str]:
        """The opportunities that `requests` are about."""
        ...
