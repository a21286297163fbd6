"""What an assignment reads from outside its request: people, their open work, who knows the opportunity, the policy."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Self

from services.routing.domain.appointments import taken
from services.routing.domain.bidding.state import Kin
from services.routing.domain.hours import Calendar
from services.routing.domain.linking.state import Found
from services.routing.domain.policy import RoutingPolicy
from services.routing.domain.roster import Rosters
from shared.catalogue import Pack
from shared.ledger.messages import Booking, Decision, Reservation
from shared.schemas.people import Directory
from shared.schemas.requests import PolicyPin
from shared.schemas.seasons import Season


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


@dataclass(frozen=True, kw_only=True)
class Agreed:
    """What a whole batch agreed on for one request in `state`."""

    state: object
    decision: Decision


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
    seasons: tuple[Season, ...] = ()
    """Every season that is or will be; of a unit at most one is in effect."""
    agreed: Mapping[str, Agreed] = field(default_factory=dict)
    """What the requests of the batch agreed on before any of them is decided."""

    def agreement(self, subject: str, state: object) -> Decision | None:
        """What was agreed on for a request, if it is still in that state and everybody still has the place and the time."""
        found = self.agreed.get(subject)
        if found is None or found.state != state:
            return None
        travel = self.policy.assignment.travel
        stands = all(
            (load := self.load(one.holder)).count < one.capacity and not taken(one.bookings, load.bookings, travel)
            for one in found.decision.reservations
        )
        return found.decision if stands else None

    def pack(self, pin: PolicyPin) -> Pack:
        """The pinned pack; raises PolicyMissingError."""
        if not self.has(pin):
            raise PolicyMissingError(f"policy {pin.name} {pin.version} ({pin.hash}) is not installed")
        return self.packs[pin.name, pin.version]

    def has(self, pin: PolicyPin) -> bool:
        """Whether the very pack is installed."""
        found = self.packs.get((pin.name, pin.version))
        return found is not None and found.hash == pin.hash

    def load(self, person: str) -> OpenLoad:
        """The open work of `person`."""
        return self.loads.get(person, NO_LOAD)

    def absence(self, person: str, needed_by: datetime | None) -> float:
        """The share of what `person` works until `needed_by` for which they are away, 0 to 1."""
        if needed_by is None:
            return 0.0
        known = self._absences.get((person, needed_by))
        if known is None:
            known = self._absences[person, needed_by] = self.calendar.absence(person, self.directory, self.now, needed_by)
        return known

    @cached_property
    def _absences(self) -> dict[tuple[str, datetime], float]:
        return {}

    @cached_property
    def in_season(self) -> tuple[Season, ...]:
        """The seasons in effect."""
        return tuple(season for season in self.seasons if season.in_effect(self.now))

    def season(self, unit: str) -> Season | None:
        """The season that is in effect for `unit`."""
        return next((season for season in self.in_season if season.concerns(unit)), None)

    def cap(self, unit: str, seats: int) -> int:
        """How many open requests somebody of `unit` with `seats` places may hold now."""
        season = self.season(unit) if self.in_season else None
        return season.figures.cap(seats) if season else seats

    def places(self, unit: str, seats: int, *, home: str, lent: bool) -> int:
        """As `cap`; whoever is `lent` to a request of `home` keeps places for their own unit."""
        season = self.season(home) if lent and self.in_season else None
        return self.cap(unit, seats) - (season.figures.lenders_keep if season else 0)

    @cached_property
    def rosters(self) -> Rosters:
        """Who may have which kind of seat, as far as the directory and the hour tell."""
        return Rosters(self.directory, self.now)

    def keeping(self, earlier: Self | None) -> Self:
        """This context with what an `earlier` one worked out: rosters of the same people in the same quarter of an hour, and absences."""
        rosters = earlier.__dict__.get("rosters") if earlier else None
        if rosters is not None and rosters.serve(self.directory, self.now):
            self.__dict__["rosters"] = rosters
        if earlier is not None and earlier.directory is self.directory and earlier.now == self.now:
            self.__dict__["_absences"] = earlier._absences  # noqa: SLF001  # another of the same kind
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
