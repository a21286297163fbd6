"""Other people for the same work: hand a seat over, ask one more for help, release who is not needed. Pure."""

from collections.abc import Sequence

from pydantic import BaseModel

from services.routing.domain.context import Context
from services.routing.domain.refusals import (
    IS_REVIEW,
    LAST_SUPPORTER,
    NO_REASON,
    NOT_COORDINATOR,
    NOT_SEATED,
    NOT_YOURS,
    SEATED_ALREADY,
    UNKNOWN_ROLE,
    not_fit,
)
from services.routing.domain.review.refusals import BY_TRANSFER
from services.routing.domain.seating import seating
from services.routing.domain.state import Held, State, held, working_or_assigned
from services.routing.domain.wish import Wish
from shared.catalogue import SupporterRole
from shared.ledger.messages import Decision
from shared.schemas.routing import (
    CoordinationHandedOver,
    Seat,
    Step,
    SupporterAdded,
    SupporterReleased,
    SupportHandedOver,
)
from shared.schemas.status import WorkStatus


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
        return Decision(refusal=NOT_SEATED if wish.text("holder") and wish.coordinating(state, context) else NOT_YOURS)
    if not reason:
        return Decision(refusal=NO_REASON)
    if any(seat.person == person for seat in _of_step(state, given[0].step)):
        return Decision(refusal=SEATED_ALREADY)
    seats = seating(wish.subject, state, context)
    facts: list[BaseModel] = []
    for seat in given:
        found = seats.named(seat.step, seats.wanted(seat), person)
        if not isinstance(found, Seat):
            return Decision(refusal=not_fit(person, found))
        facts.append(_handed(state, seat, found, wish, reason))
    return Decision(facts=tuple(facts), reservations=seats.reservations())


def add(state: State, wish: Wish, context: Context) -> Decision:
    """One more supporter, whom the coordinator names, in a role of the type and with a skill where one is named."""
    if wish.coordinating(state, context) is None:
        return Decision(refusal=NOT_COORDINATOR)
    reason, person = wish.text("reason"), wish.text("person")
    if not reason:
        return Decision(refusal=NO_REASON)
    seats = seating(wish.subject, state, context)
    if seats.kind.review:
        return Decision(refusal=IS_REVIEW)
    roles = seats.supporting_roles()
    role = wish.text("role") or roles[0]
    if role not in roles:
        return Decision(refusal=UNKNOWN_ROLE)
    if any(seat.person == person for seat in state.supporters):
        return Decision(refusal=SEATED_ALREADY)
    skill = wish.text("skill")
    found = seats.named("supporter", SupporterRole(role=role, skills=(skill,) if skill else ()), person)
    if not isinstance(found, Seat):
        return Decision(refusal=not_fit(person, found))
    everybody = (*_plain(state.supporters), found)
    fact = SupporterAdded(by=wish.by, person=person, role=role, reason=reason, seats=everybody, status=_status(state, everybody))
    return Decision(facts=(fact,), reservations=seats.reservations())


def release(state: State, wish: Wish, context: Context) -> Decision:
    """Supporter `person` is no longer needed. The last one is not released, nor is anybody whose opinion a review wants."""
    if wish.coordinating(state, context) is None:
        return Decision(refusal=NOT_COORDINATOR)
    reason, person = wish.text("reason"), wish.text("person")
    if not reason:
        return Decision(refusal=NO_REASON)
    if seating(wish.subject, state, context).kind.review:
        return Decision(refusal=IS_REVIEW)
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
        status=_status(state, left),
        accepted=gone.accepted,
    )
    return Decision(facts=(fact,))


def _of_step(state: State, step: Step) -> Sequence[Seat]:
    if step == "supporter":
        return state.supporters
    return (state.coordinator,) if state.coordinator else ()


def _given(state: State, wish: Wish, context: Context) -> list[Seat] | None:
    """The seats that go: the supporter's whom a coordinator names, or one's own, both when they are one step."""
    coordinating, holder = wish.coordinating(state, context), wish.text("holder")
    if holder and not wish.acts_for(holder, context):
        if coordinating is None:
            return None
        found = [seat for seat in state.supporters if seat.person == holder]
        return [*found] or None
    own = wish.seat_in(state.supporters, context)
    if own is None:
        return [coordinating] if coordinating else None
    one_step = coordinating is not None and (coordinating.person, coordinating.role) == (own.person, own.role)
    return [own, coordinating] if one_step and coordinating is not None else [own]


def _handed(state: State, seat: Seat, found: Seat, wish: Wish, reason: str) -> BaseModel:
    if seat.step == "coordinator":
        return CoordinationHandedOver(
            by=wish.by, holder=seat.person, person=found.person, role=seat.role, reason=reason, seat=found
        )
    everybody = tuple(found if (one.person, one.role) == (seat.person, seat.role) else one for one in _plain(state.supporters))
    return SupportHandedOver(
        by=wish.by,
        holder=seat.person,
        person=found.person,
        role=seat.role,
        reason=reason,
        seats=everybody,
        status=_status(state, everybody),
        accepted=isinstance(seat, Held) and seat.accepted,
    )


def _status(state: State, seats: Sequence[Seat]) -> WorkStatus:
    """Halted work stays so."""
    return state.status if state.halt else working_or_assigned(held(tuple(seats), state.supporters))


def _plain(seats: Sequence[Held]) -> tuple[Seat, ...]:
    return tuple(Seat(**seat.model_dump(exclude={"accepted"})) for seat in seats)
