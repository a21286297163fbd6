"""Doing the work: accept, decline, complete; and the coordinator's choice of who does it. Pure."""

from services.routing.domain.assigning import assign, vacancies
from services.routing.domain.bidding.confirming import unconfirmed
from services.routing.domain.clocks import confirm_by
from services.routing.domain.context import Context
from services.routing.domain.life import VACANT
from services.routing.domain.linking.words import refusal
from services.routing.domain.refusals import (
    NO_REASON,
    NOT_ACCEPTED,
    NOT_COORDINATOR,
    NOT_OFFERED,
    NOT_YOURS,
    others_not_accepted,
    seat_vacant,
)
from services.routing.domain.review.places import place_of
from services.routing.domain.review.refusals import BY_OPINION, BY_TRANSFER, OPINED_ALREADY
from services.routing.domain.seating import seating
from services.routing.domain.spending import issued
from services.routing.domain.state import State, working_or_assigned
from services.routing.domain.wish import Wish
from shared.ledger.messages import Decision
from shared.schemas.routing import Candidate, DecisionRecord, Seat, SupportersAssigned, WorkAccepted, WorkCompleted, WorkDeclined
from shared.schemas.status import WorkStatus


def accept(state: State, wish: Wish, context: Context) -> Decision:
    """A supporter takes the work on."""
    seat = wish.seat_in(state.supporters, context)
    if seat is None:
        return Decision(refusal=NOT_YOURS)
    if seat.accepted:
        return Decision(answer={"already": True})
    return Decision(facts=(accepted(state, seat, wish),))


def accepted(state: State, seat: Seat, wish: Wish) -> WorkAccepted:
    """That the holder of `seat` takes the work on; it waits all the same while somebody else is sought."""
    first = not any(held.accepted for held in state.supporters)
    status: WorkStatus = state.status if state.status in VACANT else "working"
    return WorkAccepted(by=wish.by, role=seat.role, first=first, on_behalf_of=wish.behalf(seat.person), status=status)


def complete(state: State, wish: Wish, context: Context) -> Decision:
    """A supporter delivers for all who took part, once each has accepted and nobody is sought any more.

    The requester has until `confirm_by`, in working time, to say whether it is what they asked for.
    """
    seat = wish.seat_in(state.supporters, context)
    if seat is None:
        return Decision(refusal=NOT_YOURS)
    seats = seating(wish.subject, state, context)
    if seats.kind.review:
        return Decision(refusal=BY_OPINION)
    if not seat.accepted:
        return Decision(refusal=NOT_ACCEPTED)
    if state.status in VACANT and (vacant := seats.lacking(state)):
        return Decision(refusal=seat_vacant(vacant, seats.pack))
    if others := [held.person for held in state.supporters if not held.accepted]:
        return Decision(refusal=others_not_accepted(others))
    if (lacking := unconfirmed(state, context) or refusal(state.link)) is not None:
        return Decision(refusal=lacking)
    result = wish.data.get("result")
    done = WorkCompleted(
        by=wish.by,
        note=str(wish.data.get("note") or ""),
        result=result if isinstance(result, dict) else {},
        on_behalf_of=wish.behalf(seat.person),
        confirm_by=confirm_by(state, context),
    )
    return Decision(facts=(done, *issued(state, wish)))


def decline(state: State, wish: Wish, context: Context) -> Decision:
    """The seat is free, and is offered to the next at once; whoever declined is not asked again."""
    seat = wish.any_seat(state, context)
    if seat is None:
        return Decision(refusal=NOT_YOURS)
    if seat.step == "supporter" and state.review is not None and state.review.said(place_of(seat)) is not None:
        return Decision(refusal=OPINED_ALREADY)
    if seat.step == "supporter" and state.review is not None and state.review.asked_besides(place_of(seat)):
        return Decision(refusal=BY_TRANSFER)  # nobody else is sought for what one person was asked for
    reason = wish.text("reason")
    if not reason:
        return Decision(refusal=NO_REASON)
    if state.coordinator and (state.coordinator.person, state.coordinator.role) == (seat.person, seat.role):
        # One person, one step: who coordinates and supports in the same role gives both back.
        seat = state.coordinator
    fact = WorkDeclined(by=wish.by, role=seat.role, step=seat.step, reason=reason, on_behalf_of=wish.behalf(seat.person))
    after = state.after(fact)
    accepted = any(held.accepted for held in state.supporters if fact.vacates(held))
    fact = fact.model_copy(update={"status": after.status, "accepted": accepted})
    again = assign(wish.subject, after, context)
    return Decision(facts=(fact, *again.facts), reservations=again.reservations)


def choose(state: State, wish: Wish, context: Context) -> Decision:
    """The coordinator's own choice, for each vacant seat out of those who pass the filters now."""
    if state.coordinator is None or wish.coordinating(state, context) is None:
        return Decision(refusal=NOT_COORDINATOR)
    seats = seating(wish.subject, state, context)
    places = vacancies(seats, state.coordinator, state)
    present = (*places.keep, *places.same_role)
    offers = seats.offers(places.vacant, present)
    chosen = _chosen(wish.data.get("people"), offers)
    if chosen is None:
        return Decision(refusal=NOT_OFFERED)
    found = [seats.choose(candidate, wanted) for candidate, wanted in zip(chosen, places.vacant, strict=True)]
    records = tuple(
        offer.model_copy(update={"chosen": (candidate.person,), "chosen_by": wish.by})
        for candidate, offer in zip(chosen, offers, strict=True)
    )
    everybody = tuple(Seat(**held.model_dump(exclude={"accepted"})) for held in (*present, *found))
    status = working_or_assigned((*present, *found))
    return Decision(
        facts=(SupportersAssigned(seats=everybody, decisions=records, status=status),), reservations=seats.reservations()
    )


def _chosen(people: object, offers: list[DecisionRecord]) -> list[Candidate] | None:
    """One candidate of each offer, in their order and all different; None when `people` is anything else."""
    if not isinstance(people, list | tuple) or len(people) != len(offers):
        return None
    names = [str(person) for person in people]
    found = [
        next((candidate for candidate in offer.candidates if candidate.person == name), None)
        for name, offer in zip(names, offers, strict=True)
    ]
    chosen = [candidate for candidate in found if candidate is not None]
    return chosen if len(chosen) == len(offers) == len(set(names)) else None
