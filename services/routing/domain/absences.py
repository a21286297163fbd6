"""Whoever has a part in a request and is away, also by a leave entered later, or has left: who takes over, and who is told. Pure.

Invariant: of one leave and one seat the same is said once, however often it is looked at.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, time
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from services.routing.domain.appointments import absence
from services.routing.domain.context import Context
from services.routing.domain.naming import stood_in
from services.routing.domain.review.places import place_of
from services.routing.domain.seating import Seating, seating
from services.routing.domain.standing_in import stand_in
from services.routing.domain.state import Held, State, held
from shared.ledger.messages import NOTHING, Decision
from shared.schemas.absences import AbsenceNoticed
from shared.schemas.model import Text
from shared.schemas.people import Leave, Person
from shared.schemas.routing import POLICY, CoordinationHandedOver, DecisionRecord, Seat, SupportHandedOver

AWAY = Text(zh="原承担人休假", en="whoever had it is away")
LEFT = Text(zh="原承担人已离职", en="whoever had it has left")


def covered(state: State, subject: str, context: Context) -> Decision:
    """A seat that nobody accepted yet goes to whoever stands in, else to the best of the others; so does coordinating that nobody
    stands in for. Accepted work stays where it is, and its coordinator is told who stands in, or that nobody does; of somebody who has
    left it goes to another too.
    """
    seats, people = _seats(state), context.directory.people
    if all(seat.person not in people or (people[seat.person].active and not people[seat.person].leave) for seat in seats):
        return NOTHING
    cover = _Cover(state=state, context=context, seats=seating(subject, state, context), supporters=state.supporters)
    for seat in seats:
        cover.look_at(seat)
    return Decision(facts=tuple(cover.facts), reservations=cover.seats.reservations()) if cover.facts else NOTHING


def mark(said: AbsenceNoticed) -> str:
    """What a leave and a seat are remembered by."""
    return f"{said.holder}:{said.step}:{'left' if said.left else said.until}:{said.person or ''}"


@dataclass(frozen=True, kw_only=True)
class _Absence:
    """Who is not there at a moment, and for which leave."""

    person: Person
    at: datetime
    leave: Leave | None
    """None of somebody who has left."""


@dataclass
class _Cover:
    """What is said of one request, seat by seat; `supporters` are those after what was said so far, `followers` who
    has whose seat since: whoever coordinates and supports in one role is followed by one person in both."""

    state: State
    context: Context
    seats: Seating
    supporters: tuple[Held, ...]
    facts: list[BaseModel] = field(default_factory=list)
    followers: dict[tuple[str, str], tuple[Seat, DecisionRecord | None]] = field(default_factory=dict)

    def look_at(self, seat: Seat) -> None:
        """Nothing, unless its holder is away."""
        absence = self._absence(seat)
        if absence is None:
            return
        deputy = stand_in(absence.person, self.context.directory, absence.at)
        here = absence.person.active
        if not here and self._has_spoken(seat):
            return  # the opinion is the seat's, and counts
        keeps = self._asked_in_person(seat) if not here else isinstance(seat, Held) and seat.accepted
        if (follower := self.followers.get((seat.person, seat.role))) is not None and seat.step == "coordinator":
            self._coordinate(seat, *follower)
            return
        if here and seat.step == "coordinator" and deputy is not None:
            return  # whoever stands in may do all that coordinating takes
        found, record = (None, None) if keeps else self._successor(seat, deputy)
        if found is None:
            self._notice(seat, deputy, absence.leave)
        elif seat.step == "coordinator":
            self._coordinate(seat, found, record)
        else:
            self._hand_over(seat, found, record)

    def _absence(self, seat: Seat) -> _Absence | None:
        """Somebody who has left, whose leave runs, or whose leave takes up a time to come at which a supporter is wanted."""
        person, now = self.context.directory.people.get(seat.person), self.context.now
        if person is None:
            return None
        if not person.active:
            return _Absence(person=person, at=now, leave=None)
        if runs := person.leave_on(now):
            return _Absence(person=person, at=now, leave=runs)
        to_come = [one for one in self.seats.appointments if one.end > now] if seat.step == "supporter" else []
        found = absence(to_come, person)
        if found is None:
            return None
        booked, leave = found
        begins = datetime.combine(leave.first, time(), ZoneInfo(person.time_zone))
        return _Absence(person=person, at=max(booked.start, begins, now), leave=leave)

    def _has_spoken(self, seat: Seat) -> bool:
        review = self.state.review
        return review is not None and seat.step == "supporter" and review.said(place_of(seat)) is not None

    def _asked_in_person(self, seat: Seat) -> bool:
        """Whether somebody asked for the opinion of this very person."""
        review = self.state.review
        return review is not None and seat.step == "supporter" and review.asked_besides(place_of(seat))

    def _successor(self, seat: Seat, deputy: Person | None) -> tuple[Seat | None, DecisionRecord | None]:
        """Who takes the seat: the stand-in where they may have it, else the best, with the record of that choice."""
        wanted = self.seats.wanted(seat)
        others = frozenset(one.person for one in self.supporters if seat.step == "supporter")
        barred = {*others, *self.seats.barred, self.seats.request.requester.id}
        free = deputy is not None and deputy.id not in barred
        named = stood_in(seat.person, self.seats, seat.step, wanted, deputy.id) if deputy and free else None
        return named or self.seats.best(seat.step, wanted, others)

    def _coordinate(self, seat: Seat, found: Seat, record: DecisionRecord | None) -> None:
        self.facts.append(
            CoordinationHandedOver(
                **_common(seat, found, self._reason(seat)),
                seat=found.model_copy(update={"step": "coordinator"}),
                cause="leave",
                decision=record.model_copy(update={"step": "coordinator"}) if record else None,
            )
        )

    def _hand_over(self, seat: Seat, found: Seat, record: DecisionRecord | None) -> None:
        self.followers[seat.person, seat.role] = found, record
        given = tuple(
            found if (one.person, one.role) == (seat.person, seat.role) else Seat(**one.model_dump(exclude={"accepted"}))
            for one in self.supporters
        )
        self.supporters = held(given, self.supporters)
        status = self.state.with_seats(self.supporters)
        self.facts.append(
            SupportHandedOver(
                **_common(seat, found, self._reason(seat)),
                seats=given,
                status=status,
                cause="leave",
                decision=record,
                accepted=isinstance(seat, Held) and seat.accepted,
            )
        )

    def _notice(self, seat: Seat, deputy: Person | None, leave: Leave | None) -> None:
        person = self.context.directory.people[seat.person]
        said = AbsenceNoticed(
            holder=seat.person,
            role=seat.role,
            step=seat.step,
            until=leave.last if leave else person.day(self.context.now),
            person=deputy.id if deputy else None,
            since=leave.first if leave and leave.first > person.day(self.context.now) else None,
            left=leave is None,
        )
        if mark(said) not in self.state.absences:
            self.facts.append(said)

    def _reason(self, seat: Seat) -> str:
        said = AWAY if self.context.directory.people[seat.person].active else LEFT
        return said.by_locale(self.seats.request.locale)


def _common(seat: Seat, found: Seat, reason: str) -> dict[str, str]:
    return {"by": POLICY, "holder": seat.person, "person": found.person, "role": seat.role, "reason": reason}


def _seats(state: State) -> Sequence[Seat]:
    """Supporters first, so that a coordinator who does the work too is followed by whoever does it then."""
    return (*state.supporters, *((state.coordinator,) if state.coordinator else ()))
