"""What the requests of a batch agree on before any is decided: together or one by one, whichever is better. Pure.

Invariant: what is agreed leaves nobody over their cap and nobody in two places, and assigns no fewer requests than one by one does.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from pydantic import BaseModel

from services.routing.domain.assigning import Opened, alone, begun
from services.routing.domain.bursts.comparing import compared, measured
from services.routing.domain.bursts.recording import recorded
from services.routing.domain.bursts.seats import VacantSeat, losses, vacant_seats
from services.routing.domain.bursts.solving import Solved, solved
from services.routing.domain.context import Agreed, Context
from services.routing.domain.evolve import evolve
from services.routing.domain.explanation import explain_burst
from services.routing.domain.state import Held, State
from shared.catalogue import SupporterRole
from shared.ledger.messages import Decision, Heard, Message, Woken
from shared.schemas.choices import Together
from shared.schemas.intake import RequestSubmitted
from shared.schemas.model import Text
from shared.schemas.registry import TYPE_OF
from shared.schemas.routing import AssignmentWaiting, DecisionRecord, SupportersAssigned

Batch = Sequence[tuple[str, State]]
"""Requests to be assigned, with their states, in the order of the batch."""


def to_assign(states: Mapping[str, object], messages: Iterable[Message]) -> Batch:
    """The requests that `messages` have assigned: those that are new, and those that wait and are woken."""
    found: dict[str, State] = {}
    for message in messages:
        state = states.get(message.subject)
        if not isinstance(state, State):
            continue
        if isinstance(message, Heard) and message.event.type == TYPE_OF[RequestSubmitted]:
            if state.status == "new" and state.coordinator is None:
                found[message.subject] = evolve(state, message.event)
        elif isinstance(message, Woken) and state.status == "waiting":
            found[message.subject] = state
    return tuple(found.items())


def agreed(asked: Batch, context: Context) -> Mapping[str, Agreed]:
    """What each request is to do: so many at a time as the policy says, each lot after the one before.

    A request whose policy is not installed agrees on nothing.
    """
    batch = [(subject, state) for subject, state in asked if state.policy and context.has(state.policy)]
    at_most, found = context.policy.assignment.together_at_most, dict[str, Agreed]()
    if at_most < 2 or len(batch) < 2:
        return found
    for first in range(0, len(batch), at_most):
        lot = batch[first : first + at_most]
        decisions = _better(lot, context)
        for (subject, state), decision in zip(lot, decisions, strict=True):
            found[subject] = Agreed(state=state, decision=decision)
        context = _after(context, decisions)
    return found


def _better(batch: Batch, context: Context) -> Sequence[Decision]:
    """The decisions of the better way; those that were compared say by how much."""
    one_by_one = _one_by_one(batch, context)
    if context.policy.assignment.together_when == "short" and not any(map(_short, one_by_one)):
        return one_by_one
    joint = _Joint.of(batch, context)
    if len(joint.numbers) < 2:
        return one_by_one
    together = joint.decisions()
    people = sorted({person for seat in joint.seats for person in seat.fits} | _holders(one_by_one) | _holders(together))
    found = compared(len(joint.numbers), measured(together, people, context), measured(one_by_one, people, context))
    best, concerned = (together, joint.placed) if found.kept == "together" else (one_by_one, frozenset(joint.numbers))
    sentence = explain_burst(found)
    return [
        _noted(decision, len(joint.numbers[subject]), found, sentence) if subject in concerned else decision
        for (subject, _), decision in zip(batch, best, strict=True)
    ]


def _one_by_one(batch: Batch, context: Context) -> Sequence[Decision]:
    decisions = []
    for subject, state in batch:
        decisions.append(alone(subject, state, context))
        context = _after(context, decisions[-1:])
    return decisions


def _short(decision: Decision) -> bool:
    """Whether a request goes without its people for now; one whose coordinator chooses does not."""
    if any(isinstance(fact, AssignmentWaiting) and fact.reason == "coordinator_chooses" for fact in decision.facts):
        return False
    return not any(isinstance(fact, SupportersAssigned) for fact in decision.facts)


@dataclass(frozen=True, kw_only=True)
class _Joint:
    """A batch whose vacant seats are filled together, once every request has its coordinator.

    `begun` holds the requests that have seats to fill by policy, `settled` the decisions on the others; `numbers` are the seats of
    each request that is solved with the rest: those whose scores have the same weights.
    """

    batch: Batch
    context: Context
    begun: Mapping[str, Opened]
    settled: Mapping[str, Decision]
    seats: Sequence[VacantSeat]
    numbers: Mapping[str, Sequence[int]]
    found: Solved
    started: Context

    @classmethod
    def of(cls, batch: Batch, context: Context) -> "_Joint":
        """Coordinators first, one by one; then all seats at once."""
        opened, settled, started = dict[str, Opened](), dict[str, Decision](), context
        for subject, state in batch:
            step = begun(subject, state, started)
            if isinstance(step, Opened) and step.automatic:
                opened[subject] = step
                started = started.after(step.seats.reservations())
            else:
                settled[subject] = step.filled(step.seats.fill) if isinstance(step, Opened) else step
                started = _after(started, [settled[subject]])
        seats = [seat for step in opened.values() for seat in vacant_seats(step, started)]
        seats = [seat for seat in seats if seat.scores.weights == seats[0].scores.weights]
        numbers: dict[str, list[int]] = defaultdict(list)
        for number, seat in enumerate(seats):
            numbers[seat.subject].append(number)
        travel = context.policy.assignment.travel
        found = solved(seats, losses(seats, started), travel) if len(numbers) > 1 else Solved(holders={}, prices={}, forbidden={})
        return cls(
            batch=batch,
            context=context,
            begun=opened,
            settled=settled,
            seats=seats,
            numbers=numbers,
            found=found,
            started=started,
        )

    @property
    def placed(self) -> frozenset[str]:
        """The requests whose seats were all filled together."""
        return frozenset(self.seats[number].subject for number in self.found.holders)

    def decisions(self) -> Sequence[Decision]:
        """The batch's decisions in its order. Who found not everybody among the rest is decided after it, one by one."""
        made = {**self.settled, **{subject: self.begun[subject].filled(partial(self._fill, subject)) for subject in self.placed}}
        context = _after(self.context, made.values())
        for subject, state in self.batch:
            if subject not in made:
                made[subject] = alone(subject, state, context)
                context = _after(context, [made[subject]])
        return [made[subject] for subject, _ in self.batch]

    def _fill(
        self, subject: str, _wanted: Sequence[SupporterRole], _keep: Sequence[Held]
    ) -> tuple[list[Held], list[DecisionRecord]]:
        seats, numbers = self.begun[subject].seats, self.numbers[subject]
        people = [self.found.holders[number] for number in numbers]
        records = [recorded(one, self.seats[one], people, self.found, self.started, seats.pack) for one in numbers]
        held = [
            seats.choose(record.candidates[0], self.seats[number].wanted) for number, record in zip(numbers, records, strict=True)
        ]
        return held, records


def _after(context: Context, decisions: Iterable[Decision]) -> Context:
    return context.after([one for decision in decisions for one in decision.reservations])


def _holders(decisions: Iterable[Decision]) -> set[str]:
    return {one.holder for decision in decisions for one in decision.reservations}


def _noted(decision: Decision, seats: int, found: Together, sentence: Text) -> Decision:
    """`decision` with the comparison in the records of its last `seats`, which are those that were filled."""
    return replace(decision, facts=tuple(_with(fact, seats, found, sentence) for fact in decision.facts))


def _with(fact: BaseModel, seats: int, found: Together, sentence: Text) -> BaseModel:
    if not isinstance(fact, SupportersAssigned):
        return fact
    first, last = fact.decisions[:-seats], fact.decisions[-seats:]
    noted = [
        record.model_copy(
            update={
                "together": found,
                "explanation": Text(zh=record.explanation.zh + sentence.zh, en=f"{record.explanation.en} {sentence.en}"),
            }
        )
        for record in last
    ]
    return fact.model_copy(update={"decisions": (*first, *noted)})
