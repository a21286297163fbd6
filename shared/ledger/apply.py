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

import structlog

from shared.ledger import order
from shared.ledger.document import Change, Document, Held, LedgerStore, Mark, Refused
from shared.ledger.domain import C, Domain, S, Surroundings
from shared.ledger.draft import Draft
from shared.ledger.messages import Decision, Heard, Item, Lease, Message, Outcome, Passing, Postponing, Told
from shared.ledger.outcomes import label_of, passed, unapplied
from shared.schemas.envelope import Event, Source
from shared.telemetry import metrics
from shared.telemetry.logging import bound

R = TypeVar("R")
MAX_ROUNDS = 40
log = structlog.get_logger()


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
        publish_patience: float | None = None,
    ) -> None:
        """`publish_patience` in seconds: whoever applies waits no longer for the broker; None waits for as long as it takes."""
        self.domain = domain
        self.store = store
        self.clock = clock
        self.nudge = nudge
        self._surroundings = surroundings
        self._publisher = publisher
        self._publish_patience = publish_patience
        self._publishing: set[asyncio.Task[None]] = set()

    async def apply(self, messages: Sequence[Message | Held | Lease]) -> list[Outcome]:
        """Apply `messages`, each in its subject's order; the outcomes in the order of the messages.

        Raises what the store raises; then any of the messages may or may not be applied, and all may be applied again.
        """
        started = time.perf_counter()
        by_subject: dict[str, list[int]] = defaultdict(list)
        for place, message in enumerate(messages):
            by_subject[order.subject_of(message) if isinstance(message, Held) else message.subject].append(place)
        outcomes: dict[int, Outcome] = {}

        def take(draft: Draft[S, C]) -> None:
            for place in by_subject[draft.document.subject]:
                message = messages[place]
                with bound(request=draft.document.subject, message=getattr(message, "id", None)):
                    outcomes[place] = draft.take(message)

        refused = await self._rounds(by_subject, [read for message in messages if (read := order.readable(message))], take)
        unstored = await self._set_aside(messages, refused)
        refused |= unstored
        await self._answer_repeated(messages, outcomes)
        metrics.LEDGER_BATCH_RECORDS.labels(self.domain.source).observe(len(messages))
        metrics.LEDGER_APPLY_SECONDS.labels(self.domain.source).observe(time.perf_counter() - started)
        places = {place: subject for subject, belonging in by_subject.items() for place in belonging}
        final = [
            unapplied(subject, refused[subject], stored=subject not in unstored)
            if (subject := places[place]) in refused
            else outcomes[place]
            for place in range(len(messages))
        ]
        for message, outcome in zip(messages, final, strict=True):
            if isinstance(message, Told):
                metrics.COMMANDS.labels(self.domain.source, message.name, label_of(outcome)).inc()
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
        (outcome,) = await self.apply([Passing(subject=item.subject, item=item, owner=owner)])
        return passed(outcome)

    async def postpone(self, item: Item, owner: str, due: datetime, problem: str) -> None:
        """Give a leased item back to be tried again at `due`."""
        await self.apply([Postponing(subject=item.subject, item=item, owner=owner, due=due, problem=problem)])

    async def missing(self, subjects: Sequence[str]) -> dict[str, dict[str, int]]:
        """Per subject, the sources with a gap and the last number heard of each."""
        documents = await self.store.load(subjects)
        hears = self.domain.hears
        return {subject: missing for subject, document in documents.items() if (missing := order.missing(document, hears))}

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
            waiting = [read for document in documents.values() for held in document.early if (read := order.readable(held))]
            context = await self._surroundings.context([*messages, *waiting])
            drafts = self._drafts([documents.get(subject) or Document(subject=subject) for subject in pending], context, refused)
            for draft in drafts:
                draft.context = context
                work(draft)
                # Each decision sees what those before it in the batch take, or all would choose the same person.
                context = self._surroundings.after(context, draft.reserved)
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
        await self._publish_soon(standing)
        return sorted(failed)

    async def _reserve(self, drafts: list[Draft[S, C]]) -> frozenset[str]:
        wanted: list[tuple[str, Decision]] = [
            (draft.document.subject, decision) for draft in drafts for decision in draft.reserved
        ]
        return await self._surroundings.reserve(wanted) if wanted else frozenset()

    async def _publish_soon(self, drafts: list[Draft[S, C]]) -> None:
        """Publish, but do not let whoever waits for the write wait for a broker that hangs; it goes on in the background."""
        if self._publish_patience is None:
            await self._publish(drafts)
            return
        task = asyncio.create_task(self._publish(drafts))
        self._publishing.add(task)
        done, _ = await asyncio.wait([task], timeout=self._publish_patience)
        if done:
            self._publishing.discard(task)
            task.result()
        else:
            task.add_done_callback(self._published_late)

    def _published_late(self, task: asyncio.Task[None]) -> None:
        self._publishing.discard(task)
        if not task.cancelled() and (error := task.exception()):
            # What was written and not marked wakes its document within seconds, and is said again then.
            log.warning("ledger.publishing_unfinished", problem=type(error).__name__)

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
            prefix = document.published_prefix(acknowledged)
            wake_at = draft.finish(published=prefix == document.head)
            if prefix > document.published or wake_at != document.wake_at:
                marks.append(Mark(subject=document.subject, revision=document.revision, published=prefix, wake_at=wake_at))
            if wake_at is not None and wake_at <= now:
                nudged.append(document.subject)
        await self.store.mark(marks)
        if nudged:
            self.nudge(nudged)

    async def _set_aside(self, messages: Sequence[Message | Held | Lease], refused: dict[str, str]) -> dict[str, str]:
        """Park requests whose new state cannot be stored, with what they heard kept raw."""
        heard: dict[str, list[Held]] = defaultdict(list)
        now = self.clock.now()
        for message in messages:
            held = order.hold(message.event, now) if isinstance(message, Heard) else message
            if isinstance(held, Held) and order.subject_of(held) in refused:
                heard[order.subject_of(held)].append(held)
        if not heard:
            return {}
        return await self._rounds(
            heard, (), lambda draft: draft.set_aside(heard[draft.document.subject], refused[draft.document.subject])
        )

    def _drafts(self, documents: Iterable[Document], context: C, refused: dict[str, str]) -> list[Draft[S, C]]:
        """A draft of each document; one whose state cannot be read is refused by itself."""
        drafts: list[Draft[S, C]] = []
        for document in documents:
            try:
                drafts.append(Draft(domain=self.domain, document=document, context=context, now=self.clock.now()))
            except Exception as error:  # whatever upcast or validation raises concerns this request alone
                refused[document.subject] = f"its state cannot be read: {type(error).__name__}"
                log.exception("ledger.state_unreadable", request=document.subject, problem=type(error).__name__)
        return drafts

    def _change(self, draft: Draft[S, C]) -> Change:
        document = draft.document
        document.state = draft.state.model_dump(mode="json")
        document.wake_at = draft.finish(published=not document.events)
        return Change(document=document, said=draft.said)

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
