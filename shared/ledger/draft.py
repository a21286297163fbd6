"""One ledger document while a batch works on it: takes messages in causal order, decides, and collects what is said.

Invariant: a message either takes effect as a whole or, when it cannot, leaves the draft as it found it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Generic

from shared.ledger.document import Document, Held, StoredItem
from shared.ledger.domain import C, Domain, S
from shared.ledger.messages import NOTHING, Decision, Heard, Item, Message, Outcome, Settled, Told, Woken
from shared.messaging.wire import Poison, Record, decode, record_of
from shared.schemas.envelope import Event, dataschema
from shared.schemas.registry import MODELS, TYPE_OF

SHORT = 12
KEPT_IDS = 64
KEPT_COMMANDS = 500
MAX_EVENT_BYTES = 1_500_000
RESEND = timedelta(seconds=5)
GAP = timedelta(seconds=3)
STUCK = timedelta(seconds=30)
PAUSE = timedelta(seconds=1)


class EventTooLargeError(Exception):
    """A decision wants to say more than one Kafka record may hold."""


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
        stored = self.document.state
        if stored is None:
            self.state = self.domain.state()
        else:
            if self.document.schema != self.domain.schema:
                stored = self.domain.upcast(stored, self.document.schema)
            self.state = self.domain.state.model_validate(stored)
        self.document.schema = self.domain.schema

    def take(self, message: Message | Held) -> Outcome:
        """Apply one message; never raises for what the message or the domain does wrong."""
        match message:
            case Heard(event=event):
                return self._hear(self.held(event, self.now))
            case Held():
                return self._hear(message)
            case Told():
                return self._told(message)
            case Woken():
                return self._attempt(message, cause=None)
            case Settled():
                return self._settled(message)

    def redrive(self) -> None:
        """Try a parked request again, from the message that parked it."""
        if self.document.parked is not None:
            self.document.parked = None
            self.changed = True
            forks = [held for held in self.document.early if self._is_fork(held)]
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
        times += [_item_due(item) for item in self.document.items]
        if any(item.status == "ended" for item in self.document.items):
            times.append(self.now + STUCK)
        return min((time for time in times if time is not None), default=None)

    def missing(self) -> dict[str, int]:
        """Per source, the last sequence heard, where something later waits or is named by what waits."""
        if self.document.parked is not None:
            return {}
        asked: dict[str, int] = {}
        for held in self.document.early:
            heard = self.document.heard.get(held.source, 0)
            if held.sequence > heard + 1:
                asked[held.source] = heard
            event = decode(held.record)
            if isinstance(event, Event):
                for source, sequence in event.after.items():
                    if source in self.domain.hears and self.document.heard.get(source, 0) < sequence:
                        asked[source] = self.document.heard.get(source, 0)
        return asked

    # -- hearing

    def _hear(self, held: Held) -> Outcome:
        document = self.document
        if held.source not in self.domain.hears:
            return self._outcome(problem=f"{self.domain.source} does not hear {held.source}")
        if held.sequence <= document.heard.get(held.source, 0):
            if self._is_fork(held) and not any(_same(held, other) for other in document.aside):
                self._park_fork(held)
            return self._outcome(repeated=True)
        if any(_same(held, other) for other in document.early):
            return self._outcome(repeated=True)
        # The same number read well this time replaces a record that could not be read.
        document.early = [other for other in document.early if not _mended(other, held)]
        document.early.append(held)
        self.changed = True
        if document.parked is not None:
            return self._outcome(problem=document.parked)
        return self._release_early()

    def _release_early(self) -> Outcome:
        """Apply whatever has its turn now, until nothing has or the request is parked."""
        outcome = self._outcome()
        while self.document.parked is None:
            turn = next((held for held in self.document.early if self._has_its_turn(held)), None)
            if turn is None:
                break
            outcome = self._apply_held(turn)
            self._sort_out_passed()
        return outcome

    def _sort_out_passed(self) -> None:
        """Of the early events whose number is heard by now, drop the same event in other bytes; another event is a fork."""
        passed = [held for held in self.document.early if held.sequence <= self.document.heard.get(held.source, 0)]
        for held in passed:
            if self._is_fork(held):
                self._park_fork(held)
            else:
                self.document.early.remove(held)

    def _is_fork(self, held: Held) -> bool:
        """Whether another event was heard in the place of `held`, as far back as ids are kept."""
        known = dict(entry.split(":", 1) for entry in self.document.heard_ids.get(held.source, []))
        return known.get(str(held.sequence), held.id[:SHORT]) != held.id[:SHORT]

    def _park_fork(self, held: Held) -> None:
        self._park(held, f"fork: {held.source} says number {held.sequence} again, with another id")
        self.forks += 1

    def _has_its_turn(self, held: Held) -> bool:
        if held.sequence != self.document.heard.get(held.source, 0) + 1:
            return False
        event = decode(held.record)
        if not isinstance(event, Event):
            return True
        return all(
            self.document.heard.get(source, 0) >= sequence
            for source, sequence in event.after.items()
            if source in self.domain.hears
        )

    def _apply_held(self, held: Held) -> Outcome:
        event = decode(held.record)
        if not isinstance(event, Event):
            self._park(None, event.problem)
            return self._outcome(problem=event.problem)
        fault = self._broken_chain(event) or _unknown_major(event)
        if fault:
            self._park(None, fault)
            return self._outcome(problem=fault)
        document = self.document
        before = self._savepoint()
        document.early.remove(held)
        document.heard[event.source] = event.sequence
        ids = [*document.heard_ids.get(event.source, []), f"{event.sequence}:{event.id[:SHORT]}"]
        document.heard_ids[event.source] = ids[-KEPT_IDS:]
        document.unit = document.unit or event.businessunit
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
        ids = self.document.heard_ids.get(event.source)
        last = ids[-1].split(":", 1)[1] if ids else None
        if (event.previous or "")[:SHORT] != (last or ""):
            self.forks += 1
            return f"fork: {event.source} number {event.sequence} does not follow the number before it"
        return None

    def _park(self, held: Held | None, problem: str) -> None:
        if held is not None and not any(_same(held, other) for other in self.document.early):
            self.document.early.append(held)
        self.document.parked = problem[:1000]
        self.changed = True

    # -- items

    def lease(self, owner: str, limit: int, term: timedelta) -> list[Item]:
        """Lease up to `limit` items that are due; a lease that ran out past the point of no return ends in doubt."""
        leased: list[Item] = []
        # By id: a decision that fails puts the document back to copies, and a lease on what it replaced would be lost.
        for identity in [item.id for item in self.document.items]:
            item = next(item for item in self.document.items if item.id == identity)
            due = _item_due(item)
            if due is None or due > self.now:
                continue
            if item.status == "data":
                current = Item(id=item.id, kind=item.kind, data=item.data, subject=self.document.subject, attempt=item.attempt)
                problem = "the process stopped after the point of no return"
                self.take(Settled(subject=self.document.subject, item=current, end="unknown", problem=problem))
            elif len(leased) < limit:
                item.status, item.owner, item.until, item.attempt = "leased", owner, self.now + term, item.attempt + 1
                leased.append(
                    Item(id=item.id, kind=item.kind, data=item.data, subject=self.document.subject, attempt=item.attempt)
                )
            self.changed = True
        return leased

    def pass_point(self, item: Item, owner: str) -> bool:
        """Record that `item`'s effect cannot be taken back from here on; False when the lease is no longer ours."""
        stored = self._leased(item, owner)
        if stored is None or stored.status != "leased" or (stored.until or self.now) <= self.now:
            return False
        stored.status, self.changed = "data", True
        return True

    def postpone(self, item: Item, owner: str, due: datetime, problem: str) -> bool:
        """Give a leased item back to be tried again at `due`; False when it is not ours any more."""
        stored = self._leased(item, owner)
        if stored is None:
            return False
        stored.status, stored.owner, stored.until, stored.due, stored.problem = "planned", None, None, due, problem[:500]
        self.changed = True
        return True

    def _leased(self, item: Item, owner: str) -> StoredItem | None:
        for stored in self.document.items:
            if stored.id == item.id and stored.owner == owner and stored.attempt == item.attempt:
                return stored
        return None

    # -- deciding

    def _told(self, message: Told) -> Outcome:
        if message.id in self.document.applied:
            return self._outcome(repeated=True)
        return self._attempt(message, cause=message.id)

    def _settled(self, message: Settled) -> Outcome:
        item = next((item for item in self.document.items if item.id == message.item.id), None)
        if item is None or not item.open:
            return self._outcome(repeated=True)
        item.status, item.end, item.result, item.problem = "ended", message.end, message.data, message.problem
        item.owner = item.until = None
        self.changed = True
        return self._tell_end(item)

    def _tell_end(self, item: StoredItem) -> Outcome:
        """Tell the domain how an item ended; if it cannot take it, the item stays `ended` and is told again later."""
        settled = Settled(
            subject=self.document.subject,
            item=Item(id=item.id, kind=item.kind, data=item.data, subject=self.document.subject, attempt=item.attempt),
            end=item.end,  # type: ignore[arg-type]  # written by `_settled` from a Settled's own end
            data=item.result,
            problem=item.problem,
        )
        outcome = self._attempt(settled, cause=f"{item.id}:{item.end}")
        if not outcome.problem:
            current = next(other for other in self.document.items if other.id == item.id)
            current.status, current.result = settled.end, {}
            if settled.end == "done":
                current.data = {}
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
        except Exception as error:  # noqa: BLE001  # the domain's fault, whatever it is, must stay inside this request
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
        return self._outcome(events=said, decision=decision)

    def _tell_ended(self) -> None:
        for item in [item for item in self.document.items if item.status == "ended"]:
            outcome = self._tell_end(item)
            self.changed = self.changed or not outcome.problem

    def _carry_out(self, decision: Decision, cause: str | None) -> tuple[Event, ...]:
        if decision.private is not None:
            self.state = self.state.model_copy(update={"private": decision.private})
        said = tuple(self._say(fact, cause) for fact in decision.facts)
        known = {item.id for item in self.document.items}
        for item in decision.items:
            if item.id not in known:
                known.add(item.id)
                stored = StoredItem(id=item.id, kind=item.kind, data=item.data, due=item.due or self.now)
                self.document.items.append(stored)
        for stored in self.document.items:
            if stored.id in decision.cancel and stored.status == "planned":
                stored.status, stored.data = "cancelled", {}
            elif stored.id in decision.again and stored.status in {"failed", "unknown"}:
                stored.status, stored.due, stored.problem = "planned", self.now, ""
        if decision.reservations:
            self.reserved.append(decision)
        return said

    def _say(self, fact: Any, cause: str | None) -> Event:
        document = self.document
        event_type = TYPE_OF[type(fact)]
        event = Event.say(
            source=self.domain.source,
            type=event_type,
            subject=document.subject,
            sequence=document.head + 1,
            time=self.now,
            data=fact.model_dump(mode="json"),
            dataschema=dataschema(event_type),
            after={source: sequence for source, sequence in document.heard.items() if sequence},
            previous=document.head_id,
            correlationid=document.subject,
            causationid=cause,
            businessunit=document.unit,
        )
        if len(record_of(event).value or b"") > MAX_EVENT_BYTES:
            raise EventTooLargeError(f"{event_type} would be larger than {MAX_EVENT_BYTES} bytes")
        self.state = self.domain.evolve(self.state, event)
        document.head, document.head_id = event.sequence, event.id
        document.events.append(event)
        self.said.append(event)
        return event

    # -- keeping

    @staticmethod
    def held(event: Event, now: datetime) -> Held:
        """`event` in the raw form that can always be stored."""
        return Held(source=event.source, sequence=event.sequence, id=event.id, since=now, record=record_of(event))

    def _outcome(
        self,
        *,
        events: Iterable[Event] = (),
        repeated: bool = False,
        decision: Decision = NOTHING,
        problem: str = "",
    ) -> Outcome:
        return Outcome(
            subject=self.document.subject,
            state=self.state,
            events=tuple(events),
            repeated=repeated,
            refusal=decision.refusal,
            answer=decision.answer,
            problem=problem,
        )

    def _savepoint(self) -> tuple[Any, ...]:
        document = self.document
        saved = replace(
            document,
            heard=dict(document.heard),
            heard_ids=dict(document.heard_ids),
            early=list(document.early),
            aside=list(document.aside),
            events=list(document.events),
            items=[replace(item) for item in document.items],
        )
        return saved, self.state, list(self.said), list(self.reserved), self.changed

    def _restore(self, savepoint: tuple[Any, ...]) -> None:
        self.document, self.state, self.said, self.reserved, self.changed = savepoint


def held_from(record: Record, now: datetime) -> Held | str:
    """`record` as something a draft can take, or the reason why it names no request."""
    match decode(record):
        case Event() as event:
            return Held(source=event.source, sequence=event.sequence, id=event.id, since=now, record=record)
        case Poison() as poison:
            return Held(source=poison.source, sequence=poison.sequence, id=poison.id, since=now, record=record)
        case unaddressed:
            return unaddressed.problem


def subject_of(held: Held) -> str:
    """The request `held` is about."""
    return held.record.header("ce_subject") or ""


def _same(one: Held, other: Held) -> bool:
    return (one.source, one.sequence, one.record.headers, one.record.value) == (
        other.source,
        other.sequence,
        other.record.headers,
        other.record.value,
    )


def _mended(poisoned: Held, held: Held) -> bool:
    place = (poisoned.source, poisoned.sequence, poisoned.id) == (held.source, held.sequence, held.id)
    return place and (isinstance(decode(poisoned.record), Poison) or isinstance(decode(held.record), Event))


def _unknown_major(event: Event) -> str | None:
    known = event.type not in MODELS or event.dataschema == dataschema(event.type)
    return None if known else f"unknown version: {event.dataschema}"


def _item_due(item: StoredItem) -> datetime | None:
    match item.status:
        case "planned":
            return item.due
        case "leased" | "data":
            return item.until
        case _:
            return None
