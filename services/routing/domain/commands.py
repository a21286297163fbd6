"""What those who work on a request may do: accept, decline, complete, choose; each in its states, by the right person. Pure."""

from collections.abc import Iterable
from typing import TypeVar

from services.routing.domain.assigning import assign, vacancies
from services.routing.domain.context import Context
from services.routing.domain.refusals import (
    NO_REASON,
    NOT_ACCEPTED,
    NOT_COORDINATOR,
    NOT_OFFERED,
    NOT_YOURS,
    UNKNOWN,
    out_of_state,
)
from services.routing.domain.seating import seating
from services.routing.domain.standing_in import acts_for
from services.routing.domain.state import ALLOWED, Command, Held, State
from shared.ledger.messages import Decision
from shared.schemas.model import Json
from shared.schemas.routing import Candidate, DecisionRecord, Seat, SupportersAssigned, WorkAccepted, WorkCompleted, WorkDeclined

S = TypeVar("S", bound=Seat)


def obey(state: State, name: Command, data: Json, subject: str, context: Context) -> Decision:
    """Do what `data["by"]` wishes, or say why not."""
    by = str(data.get("by") or "")
    if not _concerns(state, by, context):
        return Decision(refusal=UNKNOWN)
    if state.status not in ALLOWED[name]:
        return Decision(refusal=out_of_state(state.status, name))
    match name:
        case "accept":
            return _accept(state, by, context)
        case "decline":
            return _decline(state, by, data, subject, context)
        case "complete":
            return _complete(state, by, data, context)
        case _:
            return _choose(state, by, data, subject, context)


def _concerns(state: State, by: str, context: Context) -> bool:
    """Whether `by` may know of the request: as its readers do, or as who stands in for somebody with a seat.

    To everybody else it is as if there were none.
    """
    if state.request is None:
        return False
    person = context.directory.people.get(by)
    if person is not None and person.business_unit == state.request.business_unit:
        return True
    if by in {state.request.requester.id, *state.seated(), *state.declined}:
        return True
    return any(acts_for(by, holder, context.directory, context.now) for holder in state.seated())


def _accept(state: State, by: str, context: Context) -> Decision:
    seat = _seat_of(by, state.supporters, context)
    if seat is None:
        return Decision(refusal=NOT_YOURS)
    if seat.accepted:
        return Decision(answer={"already": True})
    first = not any(held.accepted for held in state.supporters)
    return Decision(facts=(WorkAccepted(by=by, role=seat.role, first=first, on_behalf_of=_absent(seat, by)),))


def _complete(state: State, by: str, data: Json, context: Context) -> Decision:
    seat = _seat_of(by, state.supporters, context)
    if seat is None:
        return Decision(refusal=NOT_YOURS)
    if not seat.accepted:
        return Decision(refusal=NOT_ACCEPTED)
    result = data.get("result")
    done = WorkCompleted(
        by=by,
        note=str(data.get("note") or ""),
        result=result if isinstance(result, dict) else {},
        on_behalf_of=_absent(seat, by),
    )
    return Decision(facts=(done,))


def _decline(state: State, by: str, data: Json, subject: str, context: Context) -> Decision:
    """The seat is free, and is offered to the next at once; whoever declined is not asked again."""
    coordinator = [state.coordinator] if state.coordinator else []
    seat: Seat | None = _seat_of(by, state.supporters, context) or _seat_of(by, coordinator, context)
    if seat is None:
        return Decision(refusal=NOT_YOURS)
    reason = str(data.get("reason") or "").strip()
    if not reason:
        return Decision(refusal=NO_REASON)
    if state.coordinator and (state.coordinator.person, state.coordinator.role) == (seat.person, seat.role):
        # One person, one step: who coordinates and supports in the same role gives both back.
        seat = state.coordinator
    fact = WorkDeclined(by=by, role=seat.role, step=seat.step, reason=reason, on_behalf_of=_absent(seat, by))
    again = assign(subject, state.after(fact), context)
    return Decision(facts=(fact, *again.facts), reservations=again.reservations)


def _choose(state: State, by: str, data: Json, subject: str, context: Context) -> Decision:
    """The coordinator's own choice, for each vacant seat out of those who pass the filters now."""
    if state.coordinator is None or not acts_for(by, state.coordinator.person, context.directory, context.now):
        return Decision(refusal=NOT_COORDINATOR)
    seats = seating(subject, state, context)
    places = vacancies(seats, state.coordinator, state)
    present = (*places.keep, *places.same_role)
    offers = seats.offers(places.vacant, present)
    chosen = _chosen(data.get("people"), offers)
    if chosen is None:
        return Decision(refusal=NOT_OFFERED)
    found = [seats.choose(candidate, wanted) for candidate, wanted in zip(chosen, places.vacant, strict=True)]
    records = tuple(
        offer.model_copy(update={"chosen": (candidate.person,), "chosen_by": by})
        for candidate, offer in zip(chosen, offers, strict=True)
    )
    everybody = tuple(Seat(**held.model_dump(exclude={"accepted"})) for held in (*present, *found))
    return Decision(facts=(SupportersAssigned(seats=everybody, decisions=records),), reservations=seats.reservations())


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


def _seat_of(by: str, seats: Iterable[S], context: Context) -> S | None:
    """The seat in which `by` may act: their own, or that of somebody away for whom they stand in."""
    held = list(seats)
    own = next((seat for seat in held if seat.person == by), None)
    return own or next((seat for seat in held if acts_for(by, seat.person, context.directory, context.now)), None)


def _absent(seat: Seat | Held, by: str) -> str | None:
    return seat.person if seat.person != by else None
