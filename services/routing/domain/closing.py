"""After the delivery: the requester confirms it with a rating, does not object in time, or has it done again. Pure."""

from services.routing.domain.appointments import taken
from services.routing.domain.assigning import assign
from services.routing.domain.context import NO_LOAD, Context
from services.routing.domain.refusals import BAD_RATING, NO_REASON, NOT_REQUESTER, OWN_DELIVERY, OWN_RATING
from services.routing.domain.seating import Seating, seating
from services.routing.domain.state import State, held, working_or_assigned
from services.routing.domain.wish import Wish
from shared.ledger.messages import NOTHING, Decision
from shared.schemas.routing import POLICY, DeliveryConfirmed, RequestReopened, Seat
from shared.schemas.status import WorkStatus

RATINGS = range(1, 6)


def confirm(state: State, wish: Wish, context: Context) -> Decision:
    """The requester has what they asked for. Nobody confirms what they delivered; who was given their own request does, unrated."""
    if state.request is None or not wish.asked_for_it(state, context):
        return Decision(refusal=NOT_REQUESTER)
    rating, requester = wish.data.get("rating"), state.request.requester.id
    if wish.by in state.workers - state.asked_themselves:
        return Decision(refusal=OWN_DELIVERY)
    if rating is not None and {wish.by, requester} & state.workers:
        return Decision(refusal=OWN_RATING)
    if rating is not None and rating not in RATINGS:
        return Decision(refusal=BAD_RATING)
    holder = wish.behalf(requester)
    return Decision(
        facts=(DeliveryConfirmed(by=wish.by, cause="person", rating=rating, note=wish.text("note"), on_behalf_of=holder),)
    )


def time_over(state: State, context: Context) -> Decision:
    """Who does not object in time has what they asked for."""
    if state.confirm_by is None or state.confirm_by > context.now:
        return NOTHING
    return Decision(facts=(DeliveryConfirmed(by=POLICY, cause="time"),))


def reopen(state: State, wish: Wish, context: Context) -> Decision:
    """The work goes on with those who did it, as far as they are there and have time; what is vacant is filled anew."""
    if state.request is None or not wish.asked_for_it(state, context):
        return Decision(refusal=NOT_REQUESTER)
    reason = wish.text("reason")
    if not reason:
        return Decision(refusal=NO_REASON)
    seats = seating(wish.subject, state, context)
    coordinator = state.coordinator if state.coordinator and _has_time(state.coordinator, seats, context) else None
    kept = tuple(seat for seat in state.supporters if _has_time(seat, seats, context))
    whole = coordinator is not None and len(kept) == len(state.supporters)
    status: WorkStatus = working_or_assigned(kept) if whole else "waiting"
    fact = RequestReopened(
        by=wish.by,
        reason=reason,
        status=status,
        coordinator=coordinator,
        supporters=tuple(Seat(**seat.model_dump(exclude={"accepted"})) for seat in kept),
        on_behalf_of=wish.behalf(state.request.requester.id),
    )
    if whole:
        return Decision(facts=(fact,), reservations=seats.reservations())
    update = {"coordinator": coordinator, "supporters": held(fact.supporters, state.supporters), "status": "new"}
    again = assign(wish.subject, state.model_copy(update=update), context, seats.taken)
    return Decision(facts=(fact, *again.facts), reservations=(*seats.reservations(), *again.reservations))


def _has_time(seat: Seat, seats: Seating, context: Context) -> bool:
    """Whether its holder can go on; if so, it counts among their open work again."""
    person = context.directory.people.get(seat.person)
    if person is None or not person.active or person.away(context.now):
        return False
    load = context.loads.get(person.id, NO_LOAD)
    if person.id not in seats.taken and load.count >= context.cap(person.business_unit, person.seats):
        return False
    if seat.step == "supporter" and taken(seats.appointments, load.bookings, context.policy.assignment.travel):
        return False
    seats.keep(seat)
    return True
