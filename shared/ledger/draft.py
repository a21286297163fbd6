"""One ledger document while a batch works on it: takes messages in causal order, decides, and collects what is said.

Invariant: a message either takes effect as a whole or, when it cannot, leaves the draft as it found it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Generic

import structlog

from shared.ledger import items, order
from shared.ledger.document import Document, Held, StoredItem
from shared.ledger.domain import C, Domain, S, state_of
from shared.ledger.messages import (
    NOTHING,
    Decision,
    Heard,
    Item,
    Lease,
    Message,
    Outcome,
    Passing,
    Postponing,
    Settled,
    Told,
    Woken,
)
from shared.ledger.saying import next_event
from shared.messaging.wire import decode
from shared.schemas.envelope import Event
from shared.schemas.registry import MODELS

log = structlog.get_logger()
KEPT_COMMANDS = 500
RESEND = timedelta(seconds=5)
GAP = timedelta(seconds=3)
STUCK = timedelta(seconds=30)
PAUSE = timedelta(seconds=1)


@dataclass
class Draft(Generic[S, C]):
    """A document and what this batch has made of it. `changed` says whether there is anything to write."""

    domain: Domain[S, C]
    document: Document
    context: C
    now: datetime
    state: S = field(init=False)
    said: list[Event] = field(default_factory=list)
    reserved: list[Decision] = field(default_factory=list)
    changed: bool = False
    forks: int = 0
    stuck: bool = False

    def __post_init__(self) -> None:
        # The store keeps milliseconds; an event read back must be the event that was said, digest included.
        self.now = self.now.replace(microsecond=self.now.microsecond // 1000 * 1000)
        self.state = state_of(self.domain, self.document.state, self.document.schema)
        self.document.schema = self.domain.schema

    def take(self, message: Message | Held | Lease) -> Outcome:
        """Apply one message; never raises for what the message or the domain does wrong."""
        match message:
            case Heard(event=event):
                return self._hear(order.hold(event, self.now))
            case Held():
                return self._hear(message)
            case Told():
                return self._told(message)
            case Woken():
                return self._attempt(message, cause=None)
            case Settled():
                return self._settled(message)
            case Passing() | Postponing():
                return self._keep_lease(message)

    def redrive(self) -> None:
        """Try a parked request again, from the message that parked it."""
        if self.document.parked is not None:
            self.document.parked = None
            self.changed = True
            forks = [held for held in self.document.early if order.is_fork(self.document, held)]
            self.document.early = [held for held in self.document.early if held not in forks]
            self.document.aside += forks
            self._release_early()

    def set_aside(self, heard: Sequence[Held], problem: str) -> None:
        """Park the request with `heard` kept raw, because what would come of it cannot be stored."""
        for held in heard:
            if held.source in self.domain.hears and held.sequence > self.document.heard.get(held.source, 0):
                self._park(held, problem)

    def finish(self, *, published: bool) -> datetime | None:
        """When the document must be looked at again, given whether all it says is known to be published."""
        timer = self.now + STUCK if self.stuck else self.domain.wake_at(self.state)
        times = [max(timer, self.now + PAUSE) if timer else None]
        if not published:
            times.append(self.now + RESEND)
        if self.document.early and self.document.parked is None:
            times.append(max(self.now, min(held.since for held in self.document.early)) + GAP)
        times += [items.due_at(item) for item in self.document.items]
        if any(item.status == "ended" for item in self.document.items):
            times.append(self.now + STUCK)
        return min((time for time in times if time is not None), default=None)

    # -- hearing

    def _hear(self, held: Held) -> Outcome:
        document = self.document
        if held.source not in self.domain.hears:
            return self._outcome(problem=f"{self.domain.source} does not hear {held.source}")
        if held.sequence <= document.heard.get(held.source, 0):
            if order.is_fork(document, held) and not any(order.same(held, other) for other in document.aside):
                self._park_fork(held)
            return self._outcome(repeated=True)
        if any(order.same(held, other) or order.spoils(held, other) for other in document.early):
            return self._outcome(repeated=True)
        # The same number read well this time replaces a record that could not be read.
        document.early = [other for other in document.early if not order.mends(held, other)]
        document.early.append(held)
        self.changed = True
        if document.parked is not None:
            return self._outcome(problem=document.parked)
        return self._release_early()

    def _release_early(self) -> Outcome:
        """Apply whatever has its turn now, until nothing has or the request is parked."""
        outcome = self._outcome()
        while self.document.parked is None:
            turn = next(
                (held for held in self.document.early if order.has_its_turn(self.document, held, self.domain.hears)), None
            )
            if turn is None:
                break
            outcome = self._apply_held(turn)
            self._sort_out_passed()
        return outcome

    def _sort_out_passed(self) -> None:
        """Of the early events whose number is heard by now, drop the same event in other bytes; another event is a fork."""
        passed = [held for held in self.document.early if held.sequence <= self.document.heard.get(held.source, 0)]
        for held in passed:
            if order.is_fork(self.document, held):
                self._park_fork(held)
            else:
                self.document.early.remove(held)

    def _park_fork(self, held: Held) -> None:
        self._park(held, f"fork: {held.source} says number {held.sequence} again, with another id")
        self.forks += 1

    def _apply_held(self, held: Held) -> Outcome:
        event = decode(held.record)
        if not isinstance(event, Event):
            self._park(None, event.problem)
            return self._outcome(problem=event.problem)
        fault = self._broken_chain(event) or order.unknown_version(event)
        if fault:
            self._park(None, fault)
            return self._outcome(problem=fault)
        document = self.document
        before = self._savepoint()
        document.early.remove(held)
        order.heard(document, event)
        self.changed = True
        if event.type not in MODELS:
            document.aside.append(held)
            return self._outcome()
        outcome = self._attempt(Heard(event=event), cause=event.id)
        if outcome.problem:
            self._restore(before)
            self._park(None, outcome.problem)
        return outcome

    def _broken_chain(self, event: Event) -> str | None:
        if event.after.get(self.domain.source, 0) > self.document.head:
            return f"history lost: {event.source} has heard more of {self.domain.source} than {self.domain.source} knows to have said"
        if order.breaks_chain(self.document, event):
            self.forks += 1
            return f"fork: {event.source} number {event.sequence} does not follow the number before it"
        return None

    def _park(self, held: Held | None, problem: str) -> None:
        if held is not None and not any(order.same(held, other) for other in self.document.early):
            self.document.early.append(held)
        self.document.parked = problem[:1000]
        self.changed = True

    # -- items

    def lease(self, owner: str, limit: int, term: timedelta) -> list[Item]:
        """Lease up to `limit` items that are due; a lease that ran out past the point of no return ends in doubt."""
        leased: list[Item] = []
        # By id: a decision that fails puts the document back to copies, and a lease on what it replaced would be lost.
        for identity in [item.id for item in self.document.items]:
            item = items.find(self.document, identity)
            if item is None or not items.is_due(item, self.now):
                continue
            if item.status == "data":
                self.take(items.in_doubt(self.document, item))
            elif len(leased) < limit:
                leased.append(items.take_lease(self.document, item, owner, self.now + term))
            self.changed = True
        return leased

    def _keep_lease(self, message: Lease) -> Outcome:
        match message:
            case Passing(item=item, owner=owner):
                kept = items.pass_point(self.document, item, owner, self.now)
            case Postponing(item=item, owner=owner, due=due, problem=problem):
                kept = items.postpone(self.document, item, owner, due, problem)
        self.changed = self.changed or kept
        return self._outcome(Decision(answer={"passed": kept}))

    # -- deciding

    def _told(self, message: Told) -> Outcome:
        if message.id in self.document.applied:
            return self._outcome(repeated=True)
        return self._attempt(message, cause=message.id)

    def _settled(self, message: Settled) -> Outcome:
        item = items.find(self.document, message.item.id)
        if item is None or not item.open:
            return self._outcome(repeated=True)
        items.end(item, message)
        self.changed = True
        return self._tell_end(item)

    def _tell_end(self, item: StoredItem) -> Outcome:
        """Tell the domain how an item ended; if it cannot take it, the item stays `ended` and is told again later."""
        settled = items.settled(self.document, item)
        outcome = self._attempt(settled, cause=f"{item.id}:{item.end}")
        if not outcome.problem and (current := items.find(self.document, item.id)):
            items.close(current)
        return outcome

    def _attempt(self, message: Message, cause: str | None) -> Outcome:
        """Evolve and decide; a fault of the domain is undone, named in the outcome, and tried again later."""
        before = self._savepoint()
        try:
            if isinstance(message, Heard):
                self.state = self.domain.evolve(self.state, message.event)
            if isinstance(message, Woken):
                self._tell_ended()
            decision = self.domain.decide(self.state, message, self.context)
            said = self._carry_out(decision, cause) if decision is not NOTHING else ()
        except Exception as error:  # the domain's fault, whatever it is, must stay inside this request
            log.exception("ledger.decision_failed", by=type(message).__name__)
            self._restore(before)
            self.stuck = True
            return self._outcome(problem=f"{type(error).__name__}: {str(error)[:500]}")
        effective = bool(decision.facts or decision.items or decision.cancel or decision.again or decision.private)
        if isinstance(message, Told):
            if message.business_unit:
                self.document.unit = self.document.unit or message.business_unit
            if effective:
                self.document.applied = [*self.document.applied, message.id][-KEPT_COMMANDS:]
        self.changed = self.changed or effective
        return self._outcome(decision, events=said)

    def _tell_ended(self) -> None:
        for item in [item for item in self.document.items if item.status == "ended"]:
            outcome = self._tell_end(item)
            self.changed = self.changed or not outcome.problem

    def _carry_out(self, decision: Decision, cause: str | None) -> tuple[Event, ...]:
        if decision.private is not None:
            self.state = self.state.model_copy(update={"private": decision.private})
        said = tuple(self._say(fact, cause) for fact in decision.facts)
        items.plan(self.document, decision, self.now)
        if decision.reservations:
            self.reserved.append(decision)
        return said

    def _say(self, fact: Any, cause: str | None) -> Event:
        document = self.document
        event = next_event(document, self.domain.source, fact, cause=cause, now=self.now)
        self.state = self.domain.evolve(self.state, event)
        document.head, document.head_id = event.sequence, event.id
        document.events.append(event)
        self.said.append(event)
        return event

    # -- keeping

    def _outcome(self, decision: Decision = NOTHING, **more: Any) -> Outcome:
        """What became of a message; `more` are fields of Outcome."""
        return Outcome(subject=self.document.subject, state=self.state, refusal=decision.refusal, answer=decision.answer, **more)

    def _savepoint(self) -> tuple[Any, ...]:
        return self.document.copy(), self.state, list(self.said), list(self.reserved), self.changed

    def _restore(self, savepoint: tuple[Any, ...]) -> None:
        self.document, self.state, self.said, self.reserved, self.changed = savepoint
