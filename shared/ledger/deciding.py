"""What a service decides, carried out on one ledger document: facts are said and evolved, items planned, places reserved.

Invariant: a message either takes effect as a whole or, when it cannot, leaves the document and the state as it found them.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic

import structlog

from shared.ledger import items
from shared.ledger.document import Document
from shared.ledger.domain import C, Domain, S
from shared.ledger.messages import NOTHING, Decision, Heard, Message, Outcome, Told
from shared.ledger.saying import next_event
from shared.schemas.envelope import Event

log = structlog.get_logger()
KEPT_COMMANDS = 500
Savepoint = tuple[Any, ...]


@dataclass(kw_only=True)
class Deciding(Generic[S, C]):
    """A document, its state, and what this batch has made of them. `changed` says whether there is anything to write."""

    domain: Domain[S, C]
    document: Document
    state: S
    context: C
    now: datetime
    said: list[Event] = field(default_factory=list)
    reserved: list[Decision] = field(default_factory=list)
    changed: bool = False

    def __post_init__(self) -> None:
        # The store keeps milliseconds; an event read back must be the event that was said, digest included.
        self.now = self.now.replace(microsecond=self.now.microsecond // 1000 * 1000)

    def attempt(self, message: Message, cause: str | None, before: Savepoint | None = None) -> Outcome:
        """Evolve and decide; a fault of the domain is undone, all since `before` if given, and named in the outcome: the caller
        may try again later.
        """
        before = before or self.savepoint()
        try:
            if isinstance(message, Heard):
                self.state = self.domain.evolve(self.state, message.event)
            decision = self.domain.decide(self.state, message, self.context)
            said = self._carry_out(decision, cause) if decision is not NOTHING else ()
        except Exception as error:  # the domain's fault, whatever it is, must stay inside this request
            log.exception("ledger.decision_failed", by=type(message).__name__)
            self.restore(before)
            return self.outcome(problem=f"{type(error).__name__}: {str(error)[:500]}")
        effective = bool(decision.facts or decision.items or decision.cancel or decision.again or decision.private)
        if isinstance(message, Told):
            if message.business_unit:
                self.document.unit = self.document.unit or message.business_unit
            if effective:
                self.document.applied = [*self.document.applied, message.id][-KEPT_COMMANDS:]
        self.changed = self.changed or effective
        return self.outcome(decision, events=said)

    def _carry_out(self, decision: Decision, cause: str | None) -> tuple[Event, ...]:
        if decision.private is not None:
            self.state = self.state.model_copy(update={"private": decision.private})
        said = tuple(self._say(fact, cause) for fact in decision.facts)
        # Last, and it cannot fail: a savepoint holds the items themselves, not copies.
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

    def outcome(self, decision: Decision = NOTHING, **more: Any) -> Outcome:
        """What became of a message; `more` are fields of Outcome."""
        return Outcome(subject=self.document.subject, state=self.state, refusal=decision.refusal, answer=decision.answer, **more)

    def savepoint(self) -> Savepoint:
        """What `restore` puts everything back to."""
        return self.document.copy(), self.state, list(self.said), list(self.reserved), self.changed

    def restore(self, savepoint: Savepoint) -> None:
        """As if nothing had happened since `savepoint`."""
        self.document, self.state, self.said, self.reserved, self.changed = savepoint
