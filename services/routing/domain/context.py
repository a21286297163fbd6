"""What an assignment reads from outside its request: people, their open work, who knows the opportunity, the policy."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Self

from services.routing.domain.bidding.state import Kin
from services.routing.domain.hours import Calendar
from services.routing.domain.linking.state import Found
from services.routing.domain.policy import RoutingPolicy
from services.routing.domain.roster import Rosters
from shared.catalogue import Pack
from shared.ledger.messages import Booking, Reservation
from shared.schemas.people import Directory
from shared.schemas.requests import PolicyPin


@dataclass(frozen=True, kw_only=True)
class OpenLoad:
    """One person's open work: how many requests, their effort added up, and when it takes the person away.

    `recent` is the effort given within the policy's days, also of work that is done.
    """

    count: int = 0
    weight: float = 0.0
    recent: float = 0.0
    bookings: tuple[Booking, ...] = ()


NO_LOAD = OpenLoad()


class PolicyMissingError(Exception):
    """The pack a request is pinned to is not installed here; the request waits, another version is never used instead."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """Everything by value; `familiar` maps an opportunity to those who have worked on it."""

    now: datetime
    directory: Directory
    loads: Mapping[str, OpenLoad]
    familiar: Mapping[str, frozenset[str]]
    packs: Mapping[tuple[str, str], Pack]
    policy: RoutingPolicy
    kin: Mapping[str, tuple[Kin, ...]] = field(default_factory=dict)
    """Of each bid that is woken: the other requests of its opportunity and unit."""
    linked: Found = field(default_factory=dict)
    """Of the requests that those of the batch name: what was looked for."""
    calendar: Calendar

    def pack(self, pin: PolicyPin) -> Pack:
        """The pinned pack; raises PolicyMissingError."""
        found = self.packs.get((pin.name, pin.version))
        if found is None or found.hash != pin.hash:
            raise PolicyMissingError(f"policy {pin.name} {pin.version} ({pin.hash}) is not installed")
        return found

    def load(self, person: str) -> OpenLoad:
        """The open work of `person`."""
        return self.loads.get(person, NO_LOAD)

    @cached_property
    def rosters(self) -> Rosters:
        """Who may have which kind of seat, as far as the directory and the hour tell."""
        return Rosters(self.directory, self.now)

    def keeping(self, earlier: Self | None) -> Self:
        """This context with the rosters of an `earlier` one, where they are the same: the same people, the same quarter of an hour."""
        rosters = earlier.__dict__.get("rosters") if earlier else None
        if rosters is not None and rosters.serve(self.directory, self.now):
            self.__dict__["rosters"] = rosters
        return self

    def after(self, reservations: Iterable[Reservation]) -> Self:
        """The context in which `reservations` are part of everybody's load, so that one batch spreads its work."""
        loads = dict(self.loads)
        for reservation in reservations:
            load = loads.get(reservation.holder, NO_LOAD)
            loads[reservation.holder] = OpenLoad(
                count=load.count + 1,
                weight=load.weight + reservation.weight,
                recent=load.recent + reservation.weight,
                bookings=load.bookings + reservation.bookings,
            )
        return replace(self, loads=loads).keeping(self)
