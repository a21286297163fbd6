"""What routing says: assigns what is submitted, answers commands of those who work on it, and decides amendments and withdrawals."""

from collections.abc import Sequence
from datetime import datetime

from pydantic import BaseModel

from services.routing.domain.assignment import Question, rank
from services.routing.domain.context import Context
from services.routing.domain.evolve import evolve
from services.routing.domain.seating import Seating, seating
from services.routing.domain.state import ALLOWED, CLOSED, Command, Held, State
from shared.ledger.messages import NOTHING, Decision, Heard, Message, Refusal, Reservation, Told, Woken
from shared.schemas.envelope import Event, Source
from shared.schemas.intake import AmendmentRequested, RequestSubmitted, WithdrawalRequested
from shared.schemas.model import Json, Text
from shared.schemas.registry import TYPE_OF
from shared.schemas.routing import (
    AmendmentRefused,
    AssignmentWaiting,
    CoordinatorAssigned,
    DecisionRecord,
    RequestAmended,
    RequestWithdrawn,
    Seat,
    SupportersAssigned,
    WithdrawalRefused,
    WorkAccepted,
    WorkCompleted,
    WorkDeclined,
)

CLOSED_TEXT = Text(zh="工作已结束，不能再变更或撤回。", en="The work has ended; it can no longer be amended or withdrawn.")


class RoutingDomain:
    """The Domain of a request in routing. Commands: accept, decline, complete, choose; `data.by` is who asks."""

    source: Source = "routing"
    hears: frozenset[Source] = frozenset({"intake"})
    state = State
    schema = 1

    def decide(self, state: State, message: Message, context: Context) -> Decision:
        """Assign, answer, or leave alone."""
        match message:
            case Heard(event=event):
                return _heard(state, event, context)
            case Told(name="accept" | "decline" | "complete" | "choose" as name, data=data, subject=subject):
                return _told(state, name, data, subject, context)
            case Woken(subject=subject) if state.status == "waiting" and state.request is not None:
                return _assign(subject, state, context)
            case _:
                return NOTHING

    def evolve(self, state: State, event: Event) -> State:
        """See `evolve`."""
        return evolve(state, event)

    def wake_at(self, _state: State) -> datetime | None:
        """Waiting requests are woken when people or seats change, not by the clock."""
        return None

    def upcast(self, document: dict[str, object], _schema: int) -> dict[str, object]:
        """There is only one schema yet."""
        return document


def _heard(state: State, event: Event, context: Context) -> Decision:
    if event.type == TYPE_OF[RequestSubmitted]:
        return _assign(event.subject, state, context)
    if event.type == TYPE_OF[AmendmentRequested]:
        asked = AmendmentRequested.model_validate(event.data)
        if state.status in CLOSED:
            return Decision(facts=(AmendmentRefused(reason=CLOSED_TEXT),))
        return Decision(facts=(RequestAmended(request=asked.request, changes=asked.changes, version=state.version + 1),))
    if event.type == TYPE_OF[WithdrawalRequested]:
        wish = WithdrawalRequested.model_validate(event.data)
        if state.status in CLOSED:
            return Decision(facts=(WithdrawalRefused(reason=CLOSED_TEXT),))
        return Decision(facts=(RequestWithdrawn(by=wish.by, reason=wish.reason),))
    return NOTHING


def _assign(subject: str, state: State, context: Context) -> Decision:
    """Fill what is vacant. Saying again that nobody fits, for the same reasons, is not worth an event."""
    seats = seating(subject, state, context)
    facts: list[BaseModel] = []
    coordinator = state.coordinator
    if coordinator is None:
        coordinator = seats.coordinator()
        if coordinator is None:
            return _wait(state, "coordinator", seats.records)
        facts.append(CoordinatorAssigned(seat=coordinator, decision=seats.records[-1]))
    before = len(seats.records)
    if seats.kind.mode == "choose" and not state.supporters:
        offered = tuple(_offer(seats, subject, context))
        waiting = AssignmentWaiting(step="supporter", reason="coordinator_chooses", decisions=offered)
        return Decision(facts=(*facts, waiting), reservations=seats.reservations())
    supporters = seats.supporters(coordinator, state.supporters)
    records = tuple(seats.records[before:])
    if seats.vacant:
        waited = _wait(state, "supporter", records)
        return Decision(facts=(*facts, *waited.facts), reservations=seats.reservations()) if facts else waited
    assigned = SupportersAssigned(seats=tuple(_seat(held) for held in supporters), decisions=records)
    return Decision(facts=(*facts, assigned), reservations=seats.reservations())


def _wait(state: State, step: str, records: Sequence[DecisionRecord]) -> Decision:
    said = [
        (record.role, record.skill, record.excluded) for record in state.decisions if record.step == step and not record.chosen
    ]
    now = [(record.role, record.skill, record.excluded) for record in records if not record.chosen]
    if state.status == "waiting" and said == now:
        return NOTHING
    return Decision(facts=(AssignmentWaiting(step=step, reason="nobody_fits", decisions=tuple(records)),))


def _offer(seats: Seating, subject: str, context: Context) -> list[DecisionRecord]:
    """The ranking for each seat, for the coordinator to choose from."""
    questions = [
        Question(
            identity=subject,
            request=seats.request,
            kind=seats.kind,
            policy=seats.policy,
            step="supporter",
            role=wanted.role,
            skills=wanted.skills,
            department=wanted.department,
            barred=seats.barred,
        )
        for wanted in seats.kind.supporters
    ]
    return [rank(question, context, seats.pack) for question in questions]


def _told(state: State, name: Command, data: Json, subject: str, context: Context) -> Decision:
    by = str(data["by"])
    if state.request is None:
        return Decision(refusal=UNKNOWN)
    if state.status not in ALLOWED[name]:
        return Decision(refusal=_out_of_state(state, name))
    seat = next((held for held in state.supporters if held.person == by), None)
    if name == "choose":
        return _choose(state, data, by, subject, context)
    if name == "decline" and seat is None and state.coordinator is not None and state.coordinator.person == by:
        return _decline(state, state.coordinator, data, subject, context)
    if seat is None:
        return Decision(refusal=NOT_YOURS)
    if name == "decline":
        return _decline(state, seat, data, subject, context)
    if name == "accept":
        if seat.accepted:
            return Decision(answer={"already": True})
        first = not any(held.accepted for held in state.supporters)
        return Decision(facts=(WorkAccepted(by=by, role=seat.role, first=first),))
    if not seat.accepted:
        return Decision(refusal=_out_of_state(state, name))
    result = data.get("result")
    done = WorkCompleted(by=by, note=str(data.get("note") or ""), result=result if isinstance(result, dict) else {})
    return Decision(facts=(done,))


def _decline(state: State, seat: Seat, data: Json, subject: str, context: Context) -> Decision:
    """The seat is free, and is offered to the next at once."""
    reason = str(data.get("reason") or "").strip()
    if not reason:
        return Decision(refusal=NO_REASON)
    fact = WorkDeclined(by=seat.person, role=seat.role, step=seat.step, reason=reason)
    left = tuple(held for held in state.supporters if held.person != seat.person)
    coordinator = None if seat.step == "coordinator" else state.coordinator
    after = state.model_copy(
        update={"supporters": left, "coordinator": coordinator, "declined": (*state.declined, seat.person), "status": "assigned"}
    )
    again = _assign(subject, after, context)
    return Decision(facts=(fact, *again.facts), reservations=again.reservations)


def _choose(state: State, data: Json, by: str, subject: str, context: Context) -> Decision:
    """The coordinator's own choice, out of those who passed the filters."""
    if state.coordinator is None or state.coordinator.person != by:
        return Decision(refusal=NOT_YOURS)
    seats = seating(subject, state, context)
    offers = _offer(seats, subject, context)
    people = [str(person) for person in data.get("people") or ()]
    fitting = [{candidate.person for candidate in offer.candidates} for offer in offers]
    distinct = len(set(people)) == len(people) == len(offers)
    if not distinct or not all(person in allowed for person, allowed in zip(people, fitting, strict=True)):
        return Decision(refusal=NOT_OFFERED)
    chosen = tuple(
        Seat(person=person, role=offer.role, step="supporter", skill=offer.skill)
        for person, offer in zip(people, offers, strict=True)
    )
    records = tuple(
        offer.model_copy(update={"chosen": (person,), "chosen_by": by}) for person, offer in zip(people, offers, strict=True)
    )
    everybody = context.directory.people
    held = tuple(Reservation(holder=person, capacity=everybody[person].seats, weight=seats.kind.effort) for person in people)
    return Decision(facts=(SupportersAssigned(seats=chosen, decisions=records),), reservations=held)


def _seat(held: Held) -> Seat:
    return Seat(**held.model_dump(exclude={"accepted"}))


UNKNOWN = Refusal(
    code="unknown_request",
    status=404,
    message=Text(zh="没有这个申请，或它尚未受理。", en="There is no such request, or it is not accepted yet."),
)
NOT_YOURS = Refusal(
    code="not_yours",
    status=403,
    message=Text(zh="只有承担这项工作的人可以这样做。", en="Only those who have a seat in this request may do this."),
)
NO_REASON = Refusal(
    code="no_reason", status=422, message=Text(zh="谢绝时请说明原因（reason）。", en="Give a reason when you decline.")
)
NOT_OFFERED = Refusal(
    code="not_offered",
    status=422,
    message=Text(
        zh="请为每个席位各选一位候选人（people，按决定记录的顺序，不可重复）。",
        en="Choose one of the candidates for each seat (people, in the order of the decision records, each once).",
    ),
)


def _out_of_state(state: State, name: Command) -> Refusal:
    allowed = ", ".join(sorted(ALLOWED[name]))
    return Refusal(
        code="out_of_state",
        message=Text(
            zh=f"申请目前为 {state.status}，不能 {name}；须为 {allowed}（完成前须先接受）。",
            en=f"The request is {state.status}; {name} needs {allowed}, and work is accepted before it is completed.",
        ),
    )
