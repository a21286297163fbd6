"""One ledger document while a batch works on it: takes messages in causal order and sets the request aside when one cannot be taken."""

from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from typing import Self

import structlog

from shared.ledger import ending, items, order
from shared.ledger.deciding import Deciding
from shared.ledger.document import Change, Document, Held
from shared.ledger.domain import C, Domain, S, state_of
from shared.ledger.messages import Heard, Lease, Message, Outcome, Passing, Postponing, Settled, Told, Woken
from shared.ledger.publishing import Saying
from shared.ledger.waking import next_wake_up, until_said_again
from shared.ledger.writing import written
from shared.schemas.envelope import Event
from shared.schemas.registry import MODELS

log = structlog.get_logger()


@dataclass(kw_only=True)
class Draft(Deciding[S, C]):
    """A document on which a batch decides. A `sealed` one keeps its stored state, which cannot be read, and takes nothing but notes.

    `opened` is the state that the document holds as it stands: while `state` is that very one, it need not be written down again.
    One on a document that was `lent`, not read, may rest on what is no longer so; a guarded write, or the revision, shows that it does not.
    """

    opened: S | None = None
    forks: int = 0
    woken: bool = False
    stuck: bool = False
    sealed: bool = False
    lent: bool = False

    @classmethod
    def of(cls, document: Document, domain: Domain[S, C], context: C, now: datetime) -> Self:
        """A draft of `document`; raises whatever upcast or validation raises on its state."""
        state = state_of(domain, document.state, document.schema)
        as_stored = document.state is not None and document.schema == domain.schema
        return cls(domain=domain, document=document, state=state, opened=state if as_stored else None, context=context, now=now)

    @classmethod
    def on_lent(cls, document: Document, state: S, domain: Domain[S, C], context: C, now: datetime) -> Self:
        """A draft of a document as this process left it, with the state that it holds."""
        return cls(domain=domain, document=document, state=state, opened=state, context=context, now=now, lent=True)

    @property
    def unsure(self) -> bool:
        """Whether nothing shows that the document still stands as it was lent: no write will be refused if it does not."""
        return self.lent and not self.changed

    @property
    def stands(self) -> bool:
        """Whether the document holds the state as it is now: not when it was lifted from an older schema, and nothing written since."""
        return not self.sealed and (self.changed or self.opened is not None)

    @classmethod
    def sealed_of(cls, document: Document, domain: Domain[S, C], context: C, now: datetime) -> Self:
        """A draft of a document whose state cannot be read: it may be set aside, and its state stays as it is stored."""
        state = domain.state()
        return cls(domain=domain, document=document, state=state, opened=state, context=context, now=now, sealed=True)

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
                return self._wake(message)
            case Settled():
                return ending.settle(self, message)
            case Passing() | Postponing():
                return ending.keep(self, message)

    def redrive(self) -> None:
        """Try a parked request again, from the message that parked it."""
        if self.document.parked is not None:
            self.document.parked = None
            self.changed = True
            forks = [held for held in self.document.early if order.is_fork(self.document, held)]
            self.document.early = [held for held in self.document.early if held not in forks]
            self.document.aside += forks
            ending.tell_ended(self, at_once=True)
            self._release_early()

    def set_aside(self, message: Message | Held | Lease, problem: str) -> None:
        """Park the request because what would come of `message` cannot be stored, with what was heard kept raw and ends noted.

        A command is not kept: whoever told it is answered.
        """
        match order.as_held(message, self.now):
            case Held() as held if held.source in self.domain.hears:
                if held.sequence > self.document.heard.get(held.source, 0):
                    self._park(held, problem)
            case Settled() as settled:
                ending.note(self, settled)
                self._park(None, problem)
            case Woken():
                self._park(None, problem)
            case _:
                return

    def change(self) -> Change:
        """The write that makes the document what it is now; raises what the state's serialisation raises."""
        if self.state is not self.opened:
            self.document.state = written(self.state, self.opened, self.document.state)
            self.document.schema = self.domain.schema
        document = self.document
        document.wake_at = until_said_again(self.wake_at, self.now) if document.events else self.wake_at
        return Change(document=document, said=self.said)

    @cached_property
    def wake_at(self) -> datetime | None:
        """When the document must be looked at again once all it says is published; the draft is finished by then."""
        if self.sealed:  # nothing but its redrive, and what it has yet to publish, can be seen to
            return None
        timer = self._timer()
        return next_wake_up(self.document, timer, now=self.now, woken=self.woken, stuck=self.stuck)

    @property
    def saying(self) -> Saying:
        """What is to be published and marked of the document, which stands as it is."""
        document = self.document
        return Saying(
            subject=document.subject,
            revision=document.revision,
            head=document.head,
            published=document.published,
            events=tuple(document.events),
            wake_at=document.wake_at,
            published_wake_at=self.wake_at,
            unpublished_wake_at=until_said_again(self.wake_at, self.now),
        )

    @property
    def due_items(self) -> int:
        """How many items a worker could lease now."""
        if self.sealed or self.document.unsure:
            return 0
        return sum(items.is_due(item, self.now) for item in self.document.items if item.status in items.LEASABLE)

    def _timer(self) -> datetime | None:
        if self.document.parked is not None:
            return None
        try:
            return self.domain.wake_at(self.state)
        except Exception:  # the domain's fault must stay inside this request
            log.exception("ledger.timer_failed", request=self.document.subject)
            self.stuck = self.woken = True
            return self.now

    # -- hearing

    def _hear(self, held: Held) -> Outcome:
        document = self.document
        if held.source not in self.domain.hears:
            return self.outcome(problem=f"{self.domain.source} does not hear {held.source}")
        if held.sequence <= document.heard.get(held.source, 0):
            if any(order.same(held, other) for other in document.aside):
                return self.outcome(repeated=True)
            if order.is_fork(document, held):
                self._park_fork(held)
            elif order.is_damaged(document, held):
                document.aside.append(held)
                self.changed = True
            return self.outcome(repeated=True)
        if any(order.same(held, other) for other in document.early):
            return self.outcome(repeated=True)
        document.early.append(held)
        self.changed = True
        if document.parked is not None:
            return self.outcome(problem=document.parked)
        return self._release_early()

    def _release_early(self) -> Outcome:
        """Apply whatever has its turn now, until nothing has or the request is parked."""
        outcome = self.outcome()
        while self.document.parked is None:
            turn = order.next_in_turn(self.document, self.domain.hears)
            if turn is None:
                break
            outcome = self._apply_held(turn)
            self._sort_out_passed()
        return outcome

    def _sort_out_passed(self) -> None:
        """Of the early events whose number is heard by now, drop the same event in other bytes; another event is a fork.

        A record that cannot be read, under another id, says nothing that could contradict what was heard: it is kept aside.
        """
        passed = [held for held in self.document.early if held.sequence <= self.document.heard.get(held.source, 0)]
        for held in passed:
            if order.is_fork(self.document, held):
                self._park_fork(held)
                continue
            self.document.early.remove(held)
            if order.is_damaged(self.document, held):
                self.document.aside.append(held)

    def _park_fork(self, held: Held) -> None:
        self._park(held, f"fork: {held.source} says number {held.sequence} again, with another id")
        self.forks += 1

    def _apply_held(self, held: Held) -> Outcome:
        event = held.read()
        if not isinstance(event, Event):
            self._park(None, event.problem)
            return self.outcome(problem=event.problem)
        fault = self._broken_chain(event) or order.unknown_version(event)
        if fault:
            self._park(None, fault)
            return self.outcome(problem=fault)
        before = self.savepoint()
        self.document.early.remove(held)
        order.heard(self.document, event)
        self.changed = True
        if event.type not in MODELS:
            self.document.aside.append(held)
            return self.outcome()
        outcome = self.attempt(Heard(event=event), cause=event.id, before=before)
        if outcome.problem:
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
            self.changed = True
        self.changed = self.changed or self.document.parked != problem[:1000]
        self.document.parked = problem[:1000]

    # -- commands and wake-ups

    def _told(self, message: Told) -> Outcome:
        if message.id in self.document.applied:
            return self.outcome(repeated=True)
        if self.document.unsure:
            return self.outcome(problem=self.document.parked)
        return self.attempt(message, cause=message.id)

    def _wake(self, message: Woken) -> Outcome:
        """A parked request waits for its redrive; what is due of any other is seen to."""
        self.woken = True
        if self.document.parked is not None:
            return self.outcome()
        ending.tell_ended(self)
        outcome = self.attempt(message, cause=None)
        self.stuck = bool(outcome.problem)
        return replace(outcome, missing=order.missing(self.document, self.domain.hears))
