"""Who wishes what of a request, and in whose place they may act. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeVar

from services.routing.domain.context import Context
from services.routing.domain.leading import leads
from services.routing.domain.standing_in import acts_for, deserted
from services.routing.domain.state import State
from shared.schemas.model import Json
from shared.schemas.routing import Seat

S = TypeVar("S", bound=Seat)


@dataclass(frozen=True, kw_only=True)
class Wish:
    """A command's content, its request and who tells it."""

    by: str
    data: Json
    subject: str

    def text(self, name: str) -> str:
        """What was written under `name`, without blanks around it."""
        return str(self.data.get(name) or "").strip()

    def seat_in(self, seats: Iterable[S], context: Context) -> S | None:
        """The seat in which `by` may act: their own, or that of somebody away for whom they stand in."""
        held = list(seats)
        own = next((seat for seat in held if seat.person == self.by), None)
        return own or next((seat for seat in held if self.acts_for(seat.person, context)), None)

    def any_seat(self, state: State, context: Context) -> Seat | None:
        """As a supporter, else as the coordinator; where `as` says which of the two is meant, only so."""
        meant = self.data.get("as")
        supporting = self.seat_in(state.supporters, context) if meant != "coordinator" else None
        return supporting or (self.coordinating(state, context) if meant != "supporter" else None)

    def coordinating(self, state: State, context: Context) -> Seat | None:
        """The coordinator's seat, when `by` may act in it: so may who leads the unit, while nobody else can."""
        seat = state.coordinator
        if seat is None or self.seat_in([seat], context) is not None:
            return seat
        unit = state.request.business_unit if state.request else ""
        lost = deserted(seat.person, context.directory, context.now)
        return seat if lost and leads(self.by, unit, context) else None

    def arranges(self, state: State, context: Context) -> bool:
        """Whether `by` says who works on it: as the coordinator, or as a leader of the unit while there is no coordinator."""
        if state.coordinator is not None or state.request is None:
            return self.coordinating(state, context) is not None
        return leads(self.by, state.request.business_unit, context)

    def for_coordinator(self, state: State, context: Context) -> str | None:
        """The coordinator, where `by` acts in their place; None where `by` coordinates, or does not."""
        seat = self.coordinating(state, context)
        return self.behalf(seat.person) if seat is not None else None

    def asked_for_it(self, state: State, context: Context) -> bool:
        """Whether `by` is the requester, or stands in while the requester is away."""
        return state.request is not None and self.acts_for(state.request.requester.id, context)

    def acts_for(self, holder: str, context: Context) -> bool:
        """Whether `by` may act as `holder`."""
        return acts_for(self.by, holder, context.directory, context.now)

    def behalf(self, holder: str) -> str | None:
        """The holder, where `by` acts for them; None where `by` acts as themselves."""
        return holder if holder != self.by else None
