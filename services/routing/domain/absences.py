"""Whoever has a part in a request and is away now, also by a leave entered later: who takes over, and who is told. Pure.

Invariant: of one leave and one seat the same is said once, however often it is looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from pydantic import BaseModel

from services.routing.domain.context import Context
from services.routing.domain.seating import Seating, seating
from services.routing.domain.standing_in import stand_in
from services.routing.domain.state import Held, State, held, working_or_assigned
from shared.ledger.messages import NOTHING, Decision
from shared.schemas.absences import AbsenceNoticed
from shared.schemas.model import Text
from shared.schemas.people import Person
from shared.schemas.routing import POLICY, CoordinationHandedOver, DecisionRecord, Seat, SupportHandedOver

REASON = Text(zh="原承担人休假", en="whoever had it is away")


def covered(state: State, subject: str, context: Context) -> Decision:
    """A seat that nobody accepted yet goes to whoever stands in, else to the best of the others; so does coordinating that nobody
    stands in for. Accepted work stays where it is, and its coordinator is told who stands in, or that nobody does.
    """
    away = [seat for seat in _seats(state) if _away(seat.person, context) is not None]
    if not away:
        return NOTHING
    cover = _Cover(state=state, context=context, seats=seating(subject, state, context), supporters=state.supporters)
    for seat in away:
        cover.take(seat)
    return Decision(facts=tuple(cover.facts), reservations=cover.seats.reservations()) if cover.facts else NOTHING


def mark(said: AbsenceNoticed) -> str:
    """What a leave and a seat are remembered by."""
    return f"{said.holder}:{said.step}:{said.until}:{said.person or ''}"


@dataclass
class _Cover:
    """What is said of one request, seat by seat; `supporters` are those after what was said so far."""

    state: State
    context: Context
    seats: Seating
    supporters: tuple[Held, ...]
    facts: list[BaseModel] = field(default_factory=list)

    def take(self, seat: Seat) -> None:
        person = _away(seat.person, self.context)
        assert person is not None, "only seats of people who are away are taken"
        deputy = stand_in(person, self.context.directory, self.context.now)
        keeps = isinstance(seat, Held) and seat.accepted
        if seat.step == "coordinator" and deputy is not None:
            return  # whoever stands in may do all that coordinating takes
        found, record = (None, None) if keeps else self._successor(seat, deputy)
        if found is None:
            self._notice(seat, deputy, _until(person, self.context))
        elif seat.step == "coordinator":
            self.facts.append(
                CoordinationHandedOver(**_common(seat, found, self._reason), seat=found, cause="leave", decision=record)
            )
        else:
            self._hand_over(seat, found, record)

    def _successor(self, seat: Seat, deputy: Person | None) -> tuple[Seat | None, DecisionRecord | None]:
        """Who takes the seat: the stand-in where they may have it, else the best, with the record of that choice."""
        wanted = self.seats.wanted(seat)
        others = frozenset(one.person for one in self.supporters if seat.step == "supporter")
        barred = {*others, *self.state.declined, self.seats.request.requester.id}
        if deputy is not None and deputy.id not in barred:
            named = self.seats.named(seat.step, wanted, deputy.id)
            if isinstance(named, Seat):
                return named.model_copy(update={"stands_in_for": seat.person}), None
        return self.seats.best(seat.step, wanted, others)

    def _hand_over(self, seat: Seat, found: Seat, record: DecisionRecord | None) -> None:
        given = tuple(
            found if (one.person, one.role) == (seat.person, seat.role) else Seat(**one.model_dump(exclude={"accepted"}))
            for one in self.supporters
        )
        self.supporters = held(given, self.supporters)
        status = working_or_assigned(self.supporters)
        self.facts.append(
            SupportHandedOver(**_common(seat, found, self._reason), seats=given, status=status, cause="leave", decision=record)
        )

    def _notice(self, seat: Seat, deputy: Person | None, until: date) -> None:
        said = AbsenceNoticed(
            holder=seat.person, role=seat.role, step=seat.step, until=until, person=deputy.id if deputy else None
        )
        if mark(said) not in self.state.absences:
            self.facts.append(said)

    @property
    def _reason(self) -> str:
        return REASON.by_locale(self.seats.request.locale)


def _common(seat: Seat, found: Seat, reason: str) -> dict[str, str]:
    return {"by": POLICY, "holder": seat.person, "person": found.person, "role": seat.role, "reason": reason}


def _seats(state: State) -> Sequence[Seat]:
    """Supporters first, so that a coordinator who does the work too is followed by whoever does it then."""
    return (*state.supporters, *((state.coordinator,) if state.coordinator else ()))


def _away(person: str, context: Context) -> Person | None:
    found = context.directory.people.get(person)
    return found if found is not None and found.away(context.now) else None


def _until(person: Person, context: Context) -> date:
    """The last day of the leave that runs."""
    day = person.day(context.now)
    return max(leave.last for leave in person.leave if leave.first <= day <= leave.last)
