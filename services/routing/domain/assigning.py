"""Fills what is vacant of one request and says so, or says that nobody fits. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from pydantic import BaseModel

from services.routing.domain.context import Context
from services.routing.domain.life import SEATED, VACANT
from services.routing.domain.seating import Seating, seating
from services.routing.domain.state import Held, State, working_or_assigned
from shared.catalogue import SupporterRole
from shared.ledger.messages import NOTHING, Decision
from shared.schemas.routing import AssignmentWaiting, CoordinatorAssigned, DecisionRecord, Seat, Step, SupportersAssigned


@dataclass(frozen=True, kw_only=True)
class Vacancies:
    """What is to be done about the supporters' seats: who stays, who has one by coordinating in that role, what is vacant."""

    keep: tuple[Held, ...]
    same_role: tuple[Held, ...]
    records: tuple[DecisionRecord, ...]
    vacant: tuple[SupporterRole, ...]


Fill = Callable[[Sequence[SupporterRole], Sequence[Held]], tuple[list[Held], list[DecisionRecord]]]
"""How vacant seats beside kept ones find somebody; see Seating.fill."""


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A request that has its coordinator, whom `facts` name if this very decision found them; its supporters are still to come."""

    state: State
    seats: Seating
    facts: tuple[BaseModel, ...]
    places: Vacancies

    @property
    def automatic(self) -> bool:
        """Whether vacant seats are filled without asking the coordinator."""
        return bool(self.places.vacant) and self.seats.kind.mode_of(self.seats.request.business_unit) != "choose"

    def filled(self, fill: Fill) -> Decision:
        """The whole decision, with the supporters that `fill` finds."""
        supporters = _support(self.seats, self.places, self.state, fill, said=bool(self.facts))
        decided = (*self.facts, *supporters.facts)
        return Decision(facts=decided, reservations=self.seats.reservations()) if decided else NOTHING


def assign(subject: str, state: State, context: Context, taken: Mapping[str, float] | None = None) -> Decision:
    """Fill what is vacant, both steps in one decision. That nobody fits, for the same reasons as before, is not said again.

    `taken` is the effort that the same decision put on people before. What a whole batch agreed on is done, as long as it can be.
    """
    agreed = context.agreement(subject, state) if not taken else None
    return agreed if agreed is not None else alone(subject, state, context, taken)


def going_on(subject: str, after: State, context: Context, said: Decision, taken: Mapping[str, float]) -> Decision:
    """`said`, which led to `after`, and what follows from it: work waits for as long as a seat is vacant, and no longer."""
    if after.status not in VACANT:
        return said
    again = assign(subject, after, context, taken)
    return Decision(facts=(*said.facts, *again.facts), reservations=(*said.reservations, *again.reservations))


def alone(subject: str, state: State, context: Context, taken: Mapping[str, float] | None = None) -> Decision:
    """As `assign`, whatever the batch agreed on."""
    opened = begun(subject, state, context, taken)
    return opened.filled(opened.seats.fill) if isinstance(opened, Opened) else opened


def begun(subject: str, state: State, context: Context, taken: Mapping[str, float] | None = None) -> Opened | Decision:
    """The request with its coordinator; the decision that it waits, where nobody fits as such."""
    seats = seating(subject, state, context)
    seats.taken |= taken or {}
    coordinator, facts = state.coordinator, list[BaseModel]()
    if coordinator is None:
        coordinator, record = seats.coordinator()
        if coordinator is None:
            return _wait(state, "coordinator", [record])
        facts.append(CoordinatorAssigned(seat=coordinator, decision=record))
    places = vacancies(seats, coordinator, state, _latest(facts))
    return Opened(state=state, seats=seats, facts=tuple(facts), places=places)


def vacancies(seats: Seating, coordinator: Seat, state: State, record: DecisionRecord | None = None) -> Vacancies:
    """The supporters' seats of the request. `record` is the coordinator's own, when this very decision made it."""
    wanted = seats.vacancies(state.supporters)
    same = [seat for seat in wanted if seat.role == coordinator.role]
    filled = [seats.one_step(coordinator, record) for _ in same[:1]]
    return Vacancies(
        keep=state.supporters,
        same_role=tuple(seat for seat, _ in filled),
        records=tuple(one for _, records in filled for one in records),
        vacant=tuple(seat for seat in wanted if seat not in same[:1]),
    )


def _support(seats: Seating, places: Vacancies, state: State, fill: Fill, *, said: bool) -> Decision:
    """`said`: whether this decision has said something already, so that waiting is new in any case."""
    before = state if not said else state.model_copy(update={"status": "new"})
    present = (*places.keep, *places.same_role)
    if places.vacant and seats.kind.mode_of(seats.request.business_unit) == "choose":
        offers = seats.offers(places.vacant, present)
        if all(offer.candidates for offer in offers):
            return Decision(facts=(AssignmentWaiting(step="supporter", reason="coordinator_chooses", decisions=tuple(offers)),))
        return _wait(before, "supporter", offers)
    found, records = fill(places.vacant, present)
    if len(found) < len(places.vacant):
        return _wait(before, "supporter", records)
    if not found and not places.same_role and state.status in SEATED:
        return NOTHING
    everybody = tuple(Seat(**held.model_dump(exclude={"accepted"})) for held in (*present, *found))
    status = working_or_assigned((*present, *found))
    return Decision(facts=(SupportersAssigned(seats=everybody, decisions=(*places.records, *records), status=status),))


def _wait(state: State, step: Step, records: Sequence[DecisionRecord]) -> Decision:
    """Somebody is lacking: the records say who was found and why nobody else was; the people found stay free meanwhile."""
    lacking = [record.model_copy(update={"chosen": ()}) for record in records]
    known = [_reasons(record) for record in state.decisions if record.step == step and not record.chosen]
    if state.status == "waiting" and known == [_reasons(record) for record in lacking]:
        return NOTHING
    return Decision(facts=(AssignmentWaiting(step=step, reason="nobody_fits", decisions=tuple(lacking)),))


def _reasons(record: DecisionRecord) -> tuple[object, ...]:
    return record.role, record.skill, record.considered, len(record.candidates), record.excluded


def _latest(facts: Sequence[BaseModel]) -> DecisionRecord | None:
    return facts[-1].decision if facts and isinstance(facts[-1], CoordinatorAssigned) else None
