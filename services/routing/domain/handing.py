"""Other people for the same work: hand a seat over, ask one more for help, release who is not needed. Pure."""

from collections.abc import Sequence

from pydantic import BaseModel

from services.routing.domain.assigning import going_on
from services.routing.domain.context import Context
from services.routing.domain.naming import named_by
from services.routing.domain.refusals import (
    IS_REVIEW,
    LAST_SUPPORTER,
    NO_REASON,
    NOT_COORDINATOR,
    NOT_SEATED,
    NOT_VACANT,
    NOT_YOURS,
    SEATED_ALREADY,
    UNKNOWN_ROLE,
    not_fit,
)
from services.routing.domain.review.refusals import BY_TRANSFER
from services.routing.domain.seating import seating
from services.routing.domain.state import Held, State, held
from services.routing.domain.wish import Wish
from shared.catalogue import SupporterRole
from shared.ledger.messages import Decision
from shared.schemas.routing import (
    CoordinationHandedOver,
    DecisionRecord,
    Seat,
    SeatGivenUp,
    Step,
    SupporterAdded,
    SupporterReleased,
    SupportHandedOver,
)


def hand_over(state: State, wish: Wish, context: Context) -> Decision:
    """A seat goes to another; a reviewer's is transferred, which looks at what it has said."""
    given = _given(state, wish, context) or []
    if any(seat.step == "supporter" for seat in given) and seating(wish.subject, state, context).kind.review:
        return Decision(refusal=BY_TRANSFER)
    return handed(state, wish, context)


def handed(state: State, wish: Wish, context: Context) -> Decision:
    """A seat goes to `person`: one's own, or as coordinator that of supporter `holder`. Who has both in one role gives both."""
    given = _given(state, wish, context)
    reason, person = wish.text("reason"), wish.text("person")
    if given is None:
        return Decision(refusal=NOT_SEATED if wish.text("holder") and wish.arranges(state, context) else NOT_YOURS)
    if not reason:
        return Decision(refusal=NO_REASON)
    if any(seat.person == person for seat in _of_step(state, given[0].step)):
        return Decision(refusal=SEATED_ALREADY)
    seats = seating(wish.subject, state, context)
    facts: list[BaseModel] = []
    for seat in given:
        found = named_by(wish.by, reason, seats, seat.step, seats.wanted(seat), person)
        if isinstance(found, str):
            return Decision(refusal=not_fit(person, found))
        behalf = None if wish.acts_for(seat.person, context) else wish.for_coordinator(state, context)
        facts.append(_handed(state, seat, found, wish, behalf))
    return Decision(facts=tuple(facts), reservations=seats.reservations())


def add(state: State, wish: Wish, context: Context) -> Decision:
    """One more supporter, whom the coordinator names: for the seat that is vacant, else in a role of the type and with a skill."""
    if not wish.arranges(state, context):
        return Decision(refusal=NOT_COORDINATOR)
    reason, person = wish.text("reason"), wish.text("person")
    if not reason:
        return Decision(refusal=NO_REASON)
    seats = seating(wish.subject, state, context)
    if seats.kind.review:
        return Decision(refusal=IS_REVIEW)
    roles, role, skill = seats.supporting_roles(), wish.text("role"), wish.text("skill")
    if role and role not in roles:
        return Decision(refusal=UNKNOWN_ROLE)
    if any(seat.person == person for seat in state.supporters):
        return Decision(refusal=SEATED_ALREADY)
    another = SupporterRole(role=role or roles[0], skills=(skill,) if skill else ())
    found = named_by(wish.by, reason, seats, "supporter", _meant(seats.lacking(state), wish) or another, person)
    if isinstance(found, str):
        return Decision(refusal=not_fit(person, found))
    seat, record = found
    everybody, status = (*_plain(state.supporters), seat), state.with_seats((*state.supporters, Held(**dict(seat))))
    fact = SupporterAdded(
        by=wish.by,
        person=person,
        role=seat.role,
        reason=reason,
        seats=everybody,
        status=status,
        decision=record,
        on_behalf_of=wish.for_coordinator(state, context),
    )
    after = state.model_copy(update={"supporters": held(everybody, state.supporters), "decisions": ()})
    said = Decision(facts=(fact,), reservations=seats.reservations())
    return going_on(wish.subject, after, context, said, seats.taken)


def release(state: State, wish: Wish, context: Context) -> Decision:
    """Supporter `person` is no longer needed; without one, the vacant seat is given up. Somebody is left to do the work, and nobody
    is released whose opinion a review wants.
    """
    if not wish.arranges(state, context):
        return Decision(refusal=NOT_COORDINATOR)
    reason, person = wish.text("reason"), wish.text("person")
    if not reason:
        return Decision(refusal=NO_REASON)
    seats = seating(wish.subject, state, context)
    if seats.kind.review:
        return Decision(refusal=IS_REVIEW)
    if not person:
        return _given_up(state, wish, context, _meant(seats.lacking(state), wish))
    gone = next((seat for seat in state.supporters if seat.person == person), None)
    if gone is None:
        return Decision(refusal=NOT_SEATED)
    left = tuple(seat for seat in state.supporters if seat.person != person)
    if not left:
        return Decision(refusal=LAST_SUPPORTER)
    fact = SupporterReleased(
        by=wish.by,
        holder=person,
        role=gone.role,
        reason=reason,
        seats=_plain(left),
        status=state.with_seats(left),
        accepted=gone.accepted,
        on_behalf_of=wish.for_coordinator(state, context),
    )
    after = state.model_copy(update={"supporters": left, "released": (*state.released, gone), "decisions": ()})
    return going_on(wish.subject, after, context, Decision(facts=(fact,)), {})


def _given_up(state: State, wish: Wish, context: Context, gone: SupporterRole | None) -> Decision:
    if gone is None:
        return Decision(refusal=NOT_VACANT)
    if not state.supporters:
        return Decision(refusal=LAST_SUPPORTER)
    skill = next(iter(gone.skills), None)
    fact = SeatGivenUp(
        by=wish.by,
        role=gone.role,
        skill=skill,
        department=gone.department,
        reason=wish.text("reason"),
        status=state.status,
        on_behalf_of=wish.for_coordinator(state, context),
    )
    seat = Seat(person="", role=gone.role, step="supporter", skill=skill, department=gone.department)
    after = state.model_copy(update={"released": (*state.released, seat), "decisions": ()})
    return going_on(wish.subject, after, context, Decision(facts=(fact,)), {})


def _meant(vacant: Sequence[SupporterRole], wish: Wish) -> SupporterRole | None:
    """The first vacant seat of the role and skill that were named, if any were."""
    role, skill = wish.text("role"), wish.text("skill")
    return next((seat for seat in vacant if role in {"", seat.role} and (not skill or skill in seat.skills)), None)


def _of_step(state: State, step: Step) -> Sequence[Seat]:
    if step == "supporter":
        return state.supporters
    return (state.coordinator,) if state.coordinator else ()


def _given(state: State, wish: Wish, context: Context) -> list[Seat] | None:
    """The seats that go: the supporter's whom a coordinator names, or one's own, both when they are one step."""
    coordinating, holder = wish.coordinating(state, context), wish.text("holder")
    if holder and not wish.acts_for(holder, context):
        if not wish.arranges(state, context):
            return None
        found = [seat for seat in state.supporters if seat.person == holder]
        return [*found] or None
    own = wish.seat_in(state.supporters, context)
    if own is None:
        return [coordinating] if coordinating else None
    one_step = coordinating is not None and (coordinating.person, coordinating.role) == (own.person, own.role)
    return [own, coordinating] if one_step and coordinating is not None else [own]


def _handed(state: State, seat: Seat, found: tuple[Seat, DecisionRecord], wish: Wish, behalf: str | None) -> BaseModel:
    given, record = found
    said = {"by": wish.by, "holder": seat.person, "person": given.person, "role": seat.role, "reason": wish.text("reason")}
    if seat.step == "coordinator":
        return CoordinationHandedOver(**said, seat=given, decision=record)
    everybody = tuple(given if (one.person, one.role) == (seat.person, seat.role) else one for one in _plain(state.supporters))
    status = state.with_seats(held(everybody, state.supporters))
    taken = isinstance(seat, Held) and seat.accepted
    return SupportHandedOver(**said, seats=everybody, status=status, decision=record, accepted=taken, on_behalf_of=behalf)


def _plain(seats: Sequence[Held]) -> tuple[Seat, ...]:
    return tuple(Seat(**seat.model_dump(exclude={"accepted"})) for seat in seats)
