"""The one way anything happens to a request: a batch of messages becomes guarded writes, then published events.

Invariant: nothing is published whose write was not acknowledged or re-read under majority; a message whose
outcome was returned is written; one that was not may be applied again without harm.
"""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Generic, Protocol, TypeVar

from shared.ledger.document import Change, Document, Held, LedgerStore, Mark, Refused
from shared.ledger.domain import C, Domain, S, Surroundings
from shared.ledger.draft import Draft, subject_of
from shared.ledger.messages import Decision, Heard, Item, Message, Outcome, Told
from shared.messaging.wire import decode
from shared.schemas.envelope import Event
from shared.telemetry import metrics

R = TypeVar("R")
MAX_ROUNDS = 40


class Publisher(Protocol):
    """Says events on the service's topic."""

    async def publish(self, events: Sequence[Event]) -> list[bool]:
        """Whether each event was acknowledged by the broker; never raises for a broker that is away."""
        ...


class Clock(Protocol):
    def now(self) -> datetime: ...


class ContendedError(Exception):
    """A document was written by others in every one of many rounds; try again later."""


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
        nudge: Callable[[Iterable[str]], None] = lambda _subjects: None,
    ) -> None:
        self.domain = domain
        self.store = store
        self.clock = clock
        self.nudge = nudge
        self._surroundings = surroundings
        self._publisher = publisher

    async def apply(self, messages: Sequence[Message | Held]) -> list[Outcome]:
        """Apply `messages`, each in its subject's order; the outcomes in the order of the messages.

        Raises what the store raises; then any of the messages may or may not be applied, and all may be applied again.
        """
        started = time.perf_counter()
        by_subject: dict[str, list[int]] = defaultdict(list)
        for place, message in enumerate(messages):
            by_subject[subject_of(message) if isinstance(message, Held) else message.subject].append(place)
        outcomes: dict[int, Outcome] = {}

        def take(draft: Draft[S, C]) -> None:
            for place in by_subject[draft.document.subject]:
                outcomes[place] = draft.take(messages[place])

        refused = await self._rounds(by_subject, [read for message in messages if (read := _readable(message))], take)
        refused |= await self._set_aside(messages, refused)
        await self._answer_repeated(messages, outcomes)
        metrics.LEDGER_BATCH_RECORDS.labels(self.domain.source).observe(len(messages))
        metrics.LEDGER_APPLY_SECONDS.labels(self.domain.source).observe(time.perf_counter() - started)
        final = [self._final(outcomes[place], refused) for place in range(len(messages))]
        for message, outcome in zip(messages, final, strict=True):
            if isinstance(message, Told):
                metrics.COMMANDS.labels(self.domain.source, message.name, _outcome_label(outcome)).inc()
        return final

    async def redrive(self, subjects: Sequence[str]) -> dict[str, str | None]:
        """Try parked requests again; per subject why it is parked still, or None. Repeating it is harmless."""
        still: dict[str, str | None] = {}

        def retry(draft: Draft[S, C]) -> None:
            draft.redrive()
            still[draft.document.subject] = draft.document.parked

        refused = await self._rounds(dict.fromkeys(subjects, ()), (), retry)
        return {**still, **refused}

    async def lease(self, subjects: Sequence[str], owner: str, limit: int, term: timedelta) -> list[Item]:
        """Lease up to `limit` due items of `subjects` for `owner`, whose lease lasts `term`."""
        leased: dict[str, list[Item]] = {}

        def take(draft: Draft[S, C]) -> None:
            others = sum(len(items) for subject, items in leased.items() if subject != draft.document.subject)
            leased[draft.document.subject] = draft.lease(owner, limit - others, term)

        refused = await self._rounds(dict.fromkeys(subjects, ()), (), take)
        return [item for subject, items in leased.items() if subject not in refused for item in items]

    async def pass_point(self, item: Item, owner: str) -> bool:
        """Write, before the effect goes on, that it cannot be taken back from here; False when the lease is lost."""
        passed: list[bool] = []
        refused = await self._rounds({item.subject: ()}, (), lambda draft: passed.append(draft.pass_point(item, owner)))
        return passed[-1] and not refused

    async def postpone(self, item: Item, owner: str, due: datetime, problem: str) -> None:
        """Give a leased item back to be tried again at `due`."""
        await self._rounds({item.subject: ()}, (), lambda draft: draft.postpone(item, owner, due, problem))

    async def missing(self, subjects: Sequence[str]) -> dict[str, dict[str, int]]:
        """Per subject, the sources with a gap and the last number heard of each."""
        documents = await self.store.load(subjects)
        context = await self._surroundings.context(())
        drafts = [self._draft(document, context) for document in documents.values() if document.early]
        return {draft.document.subject: missing for draft in drafts if (missing := draft.missing())}

    async def replay(self, subjects: Sequence[str]) -> int:
        """Say every event of `subjects` again; whoever heard them drops them. Returns how many were said."""
        events = [event for subject in subjects for event in await self.store.events(subject)]
        said = await self._publisher.publish(events)
        return sum(said)

    # -- one round after the other

    async def _rounds(
        self,
        subjects: Iterable[str],
        messages: Sequence[Message],
        work: Callable[[Draft[S, C]], object],
    ) -> dict[str, str]:
        """Run `work` on each subject until its result is written; returns the subjects that cannot be stored, and why."""
        pending = list(subjects)
        refused: dict[str, str] = {}
        for attempt in range(MAX_ROUNDS):
            documents = await self.store.load(pending)
            waiting = [read for document in documents.values() for held in document.early if (read := _readable(held))]
            context = await self._surroundings.context([*messages, *waiting])
            drafts = [self._draft(documents.get(subject) or Document(subject=subject), context) for subject in pending]
            for draft in drafts:
                work(draft)
            pending = await self._write(drafts, refused)
            if not pending:
                return refused
            metrics.STALE_WRITES.labels(self.domain.source).inc(len(pending))
            await asyncio.sleep(random.uniform(0, 0.002 * 2 ** min(attempt, 7)))  # noqa: S311  # jitter needs no secrecy
        raise ContendedError(f"{len(pending)} documents were written by others in each of {MAX_ROUNDS} rounds")

    async def _write(self, drafts: list[Draft[S, C]], refused: dict[str, str]) -> list[str]:
        """Secure, write, publish and mark; returns the subjects whose work must be done again."""
        again = await self._reserve([draft for draft in drafts if draft.reserved])
        changed = [draft for draft in drafts if draft.changed and draft.document.subject not in again]
        results = await self.store.write([self._change(draft) for draft in changed]) if changed else []
        failed = set(again)
        for draft, result in zip(changed, results, strict=True):
            metrics.FORKS.labels(self.domain.source).inc(draft.forks)
            match result:
                case "stale":
                    failed.add(draft.document.subject)
                case Refused(problem=problem):
                    refused[draft.document.subject] = problem
                case _:
                    draft.document.revision += 1
        standing = [draft for draft in drafts if draft.document.subject not in failed | refused.keys()]
        await self._surroundings.applied([(d.document.subject, d.state, tuple(d.said)) for d in standing if d.said])
        await self._publish(standing)
        return sorted(failed)

    async def _reserve(self, drafts: list[Draft[S, C]]) -> frozenset[str]:
        wanted: list[tuple[str, Decision]] = [
            (draft.document.subject, decision) for draft in drafts for decision in draft.reserved
        ]
        return await self._surroundings.reserve(wanted) if wanted else frozenset()

    async def _publish(self, drafts: list[Draft[S, C]]) -> None:
        """Publish what is unpublished, mark the longest acknowledged prefix, and set the next wake-up."""
        events = [event for draft in drafts for event in draft.document.events]
        acknowledged = dict(
            zip((event.id for event in events), await self._publisher.publish(events) if events else [], strict=True)
        )
        marks: list[Mark] = []
        nudged: list[str] = []
        now = self.clock.now()
        for draft in drafts:
            document = draft.document
            prefix = _prefix(document, acknowledged)
            wake_at = draft.finish(published=prefix == document.head)
            if prefix > document.published or wake_at != document.wake_at:
                marks.append(Mark(subject=document.subject, revision=document.revision, published=prefix, wake_at=wake_at))
            if wake_at is not None and wake_at <= now:
                nudged.append(document.subject)
        await self.store.mark(marks)
        if nudged:
            self.nudge(nudged)

    async def _set_aside(self, messages: Sequence[Message | Held], refused: dict[str, str]) -> dict[str, str]:
        """Park requests whose new state cannot be stored, with what they heard kept raw."""
        heard: dict[str, list[Held]] = defaultdict(list)
        now = self.clock.now()
        for message in messages:
            held = Draft.held(message.event, now) if isinstance(message, Heard) else message
            if isinstance(held, Held) and subject_of(held) in refused:
                heard[subject_of(held)].append(held)
        if not heard:
            return {}
        return await self._rounds(
            heard, (), lambda draft: draft.set_aside(heard[draft.document.subject], refused[draft.document.subject])
        )

    def _draft(self, document: Document, context: C) -> Draft[S, C]:
        return Draft(domain=self.domain, document=document, context=context, now=self.clock.now())

    def _change(self, draft: Draft[S, C]) -> Change:
        document = draft.document
        document.state = draft.state.model_dump(mode="json")
        document.wake_at = draft.finish(published=not document.events)
        return Change(document=document, said=draft.said)

    async def _answer_repeated(self, messages: Sequence[Message | Held], outcomes: dict[int, Outcome]) -> None:
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

    def _final(self, outcome: Outcome, refused: dict[str, str]) -> Outcome:
        problem = refused.get(outcome.subject)
        return Outcome(subject=outcome.subject, state=None, problem=problem) if problem else outcome


def _readable(message: Message | Held) -> Message | None:
    """What a context may be prepared for: the message, or the event inside a raw record."""
    if not isinstance(message, Held):
        return message
    event = decode(message.record)
    return Heard(event=event) if isinstance(event, Event) else None


def _outcome_label(outcome: Outcome) -> str:
    if outcome.problem:
        return "failed"
    return "refused" if outcome.refusal else "repeated" if outcome.repeated else "applied"


def _prefix(document: Document, acknowledged: dict[str, bool]) -> int:
    """The length of the longest prefix of the document's events that is known to be published."""
    published = document.published
    for event in document.events:
        if event.sequence == published + 1 and acknowledged.get(event.id, False):
            published = event.sequence
    return published
