"""The one way anything happens to a request: a batch of messages becomes guarded writes, then published events.

Invariant: nothing is published whose write was not acknowledged or re-read under majority; a message whose
outcome was returned is written; one that was not may be applied again without harm.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Generic, Protocol

from shared.ledger import ending, order
from shared.ledger.document import Held, LedgerStore
from shared.ledger.domain import C, Domain, S, Surroundings
from shared.ledger.draft import Draft
from shared.ledger.items import MAX_TRIES
from shared.ledger.marking import Marks
from shared.ledger.messages import Heard, Item, Lease, Message, Outcome, Passing, Postponing, Settled, Told
from shared.ledger.outcomes import label_of, passed, unapplied
from shared.ledger.publishing import Publisher, Publishing
from shared.ledger.rounds import Rounds
from shared.schemas.envelope import Event, Source
from shared.telemetry import metrics
from shared.telemetry.logging import bound


class Clock(Protocol):
    def now(self) -> datetime: ...


class Ledger(Generic[S, C]):
    """The ledger of one service over one collection."""

    def __init__(
        self,
        *,
        domain: Domain[S, C],
        surroundings: Surroundings[C],
        store: LedgerStore,
        publisher: Publisher,
        clock: Clock,
        nudge: Callable[[Mapping[str, int]], None] = lambda _due: None,
        publish_patience: float | None = None,
        mark_seconds: float = 0,
    ) -> None:
        """`publish_patience` in seconds: whoever applies waits no longer for the broker; None waits for as long as it takes.

        `mark_seconds`: so long may it take until it is on record that something was published.
        """
        self.domain = domain
        self.store = store
        self.clock = clock
        self.nudge = nudge
        self.publishing = Publishing(publisher, Marks(store, mark_seconds), publish_patience)
        self._rounds = Rounds(domain, surroundings, store, self.publishing, clock.now)

    async def apply(self, messages: Sequence[Message | Held | Lease]) -> list[Outcome]:
        """Apply `messages`, each in its subject's order; the outcomes in the order of the messages.

        Raises what the store raises; then any of the messages may or may not be applied, and all may be applied again.
        """
        started = time.perf_counter()
        by_subject: dict[str, list[int]] = defaultdict(list)
        for place, message in enumerate(messages):
            by_subject[order.subject_of(message)].append(place)
        outcomes: dict[int, Outcome] = {}
        for subject, problem in (await self._take(messages, by_subject, outcomes)).items():
            await self._take_alone(messages, {subject: by_subject[subject]}, problem, outcomes)
        await self._answer_repeated(messages, outcomes)
        metrics.LEDGER_BATCH_RECORDS.labels(self.domain.source).observe(len(messages))
        metrics.LEDGER_APPLY_SECONDS.labels(self.domain.source).observe(time.perf_counter() - started)
        for place, message in enumerate(messages):
            if isinstance(message, Told):
                metrics.COMMANDS.labels(self.domain.source, message.name, label_of(outcomes[place])).inc()
        return [outcomes[place] for place in range(len(messages))]

    async def redrive(self, subjects: Sequence[str]) -> dict[str, str | None]:
        """Try parked requests again; per subject why it is parked still, or None. Repeating it is harmless."""
        still: dict[str, str | None] = {}

        def retry(draft: Draft[S, C]) -> None:
            draft.redrive()
            still[draft.document.subject] = draft.document.parked

        refused = await self._run(dict.fromkeys(subjects, ()), (), retry)
        return {**still, **refused}

    async def lease(
        self, subjects: Sequence[str], owner: str, limit: int, term: timedelta, max_tries: int = MAX_TRIES
    ) -> list[Item]:
        """Lease up to `limit` due items of `subjects` for `owner`, whose lease lasts `term`.

        An item whose lease ran out is given up after `max_tries`, like one that failed so often.
        """
        leased: dict[str, list[Item]] = {}

        def take(draft: Draft[S, C]) -> None:
            others = sum(len(items) for subject, items in leased.items() if subject != draft.document.subject)
            leased[draft.document.subject] = ending.lease(draft, owner, limit - others, term, max_tries)

        refused = await self._run(dict.fromkeys(subjects, ()), (), take, guessing=True)
        return [item for subject, items in leased.items() if subject not in refused for item in items]

    async def pass_point(self, item: Item, owner: str) -> bool:
        """Write, before the effect goes on, that it cannot be taken back from here; False when the lease is lost."""
        (outcome,) = await self.apply([Passing(subject=item.subject, item=item, owner=owner)])
        return passed(outcome)

    async def postpone(self, item: Item, owner: str, due: datetime, problem: str) -> None:
        """Give a leased item back to be tried again at `due`."""
        await self.apply([Postponing(subject=item.subject, item=item, owner=owner, due=due, problem=problem)])

    @property
    def sources(self) -> frozenset[Source]:
        """Whom this ledger hears."""
        return self.domain.hears

    async def known(self, source: Source, subjects: Sequence[str]) -> dict[str, int]:
        """Per subject, the highest number of `source` that was heard or is held."""
        return {subject: numbers.get(source, 0) for subject, numbers in (await self.store.heard(subjects)).items()}

    async def hear(self, events: Sequence[Event]) -> None:
        """Apply events that were asked for."""
        await self.apply([Heard(event=event) for event in events])

    async def replay(self, subjects: Sequence[str]) -> tuple[int, int]:
        """Say every event of `subjects` again; whoever heard them drops them. How many were said, and how many not taken."""
        events = [event for subject in subjects for event in await self.store.events(subject)]
        said = await self.publishing.publisher.publish(events)
        return sum(said), len(events) - sum(said)

    # -- one round after the other

    async def _take(
        self, messages: Sequence[Message | Held | Lease], by_subject: Mapping[str, list[int]], outcomes: dict[int, Outcome]
    ) -> dict[str, str]:
        """Apply the messages at the places of `by_subject`; returns the subjects that cannot be stored then, and why."""

        def take(draft: Draft[S, C]) -> None:
            for place in by_subject[draft.document.subject]:
                message = messages[place]
                with bound(request=draft.document.subject, message=getattr(message, "id", None)):
                    outcomes[place] = draft.take(message)

        places = [place for places in by_subject.values() for place in places]
        read = [message for place in places if (message := order.readable(messages[place]))]
        return await self._run(by_subject, read, take)

    async def _take_alone(
        self,
        messages: Sequence[Message | Held | Lease],
        by_subject: Mapping[str, list[int]],
        problem: str,
        outcomes: dict[int, Outcome],
    ) -> None:
        """Apply one subject's messages one by one, so that only those which cannot be stored are set aside."""
        ((subject, places),) = by_subject.items()
        for place in places:
            alone = {subject: problem} if len(places) == 1 else await self._take(messages, {subject: [place]}, outcomes)
            if subject in alone:
                outcomes[place] = await self._set_aside(messages[place], alone[subject])

    async def _set_aside(self, message: Message | Held | Lease, problem: str) -> Outcome:
        """Park the request of a message whose outcome cannot be stored, with what the message said kept as far as it can be."""
        subject = order.subject_of(message)
        readable = True

        def aside(draft: Draft[S, C]) -> None:
            nonlocal readable
            readable = not draft.sealed
            draft.set_aside(message, problem)

        unstored = await self._run([subject], (), aside, sealing=True)
        if unstored and isinstance(message, Settled):
            bare = replace(message, data={}, problem="")
            unstored = await self._run([subject], (), lambda draft: draft.set_aside(bare, problem), sealing=True)
        return unapplied(subject, problem, stored=subject not in unstored, unstorable=readable)

    async def _run(
        self,
        subjects: Iterable[str],
        messages: Sequence[Message],
        work: Callable[[Draft[S, C]], object],
        **how: bool,
    ) -> dict[str, str]:
        """As Rounds.run; the worker hears what items are due then."""
        refused, due = await self._rounds.run(subjects, messages, work, **how)
        if due:
            self.nudge(due)
        return refused

    async def _answer_repeated(self, messages: Sequence[Message | Held | Lease], outcomes: dict[int, Outcome]) -> None:
        """A repeated command is answered with the events it caused the first time."""
        for place, outcome in outcomes.items():
            message = messages[place]
            if (
                outcome.repeated
                and not outcome.events
                and (cause := getattr(message, "id", None))
                and not isinstance(message, Held)
            ):
                events = await self.store.caused(outcome.subject, [cause])
                outcomes[place] = Outcome(subject=outcome.subject, state=outcome.state, events=tuple(events), repeated=True)
