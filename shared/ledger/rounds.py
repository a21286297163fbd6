"""One round after the other until a batch's work is written: load, work, reserve, write, publish, mark.

Invariant: nothing is published whose write was not acknowledged or re-read under majority.
"""

import asyncio
import random
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Generic

import structlog

from shared.ledger import order
from shared.ledger.document import Change, Document, LedgerStore, Refused
from shared.ledger.domain import C, Domain, S, Surroundings
from shared.ledger.draft import Draft
from shared.ledger.messages import Decision, Message
from shared.ledger.publishing import Publishing
from shared.ledger.recent import Recent
from shared.telemetry import metrics

MAX_ROUNDS = 40
log = structlog.get_logger()


class ContendedError(Exception):
    """A document was written by others in every one of many rounds; try again later."""


class Rounds(Generic[S, C]):
    """The rounds of one ledger."""

    def __init__(
        self,
        domain: Domain[S, C],
        surroundings: Surroundings[C],
        store: LedgerStore,
        publishing: Publishing,
        now: Callable[[], datetime],
    ) -> None:
        self._domain = domain
        self._surroundings = surroundings
        self._store = store
        self._publishing = publishing
        self._now = now
        self._recent: Recent[S] = Recent()

    async def run(
        self,
        subjects: Iterable[str],
        messages: Sequence[Message],
        work: Callable[[Draft[S, C]], object],
        *,
        sealing: bool = False,
        guessing: bool = False,
    ) -> tuple[dict[str, str], dict[str, int]]:
        """Run `work` on each subject until its result is written: who cannot be stored, with why, and how many items are due of whom.

        A state that cannot be read refuses its subject, unless `sealing`: then the draft is sealed. `guessing`: where nothing is to
        be written, what was lent is trusted; else it must be what the database holds.
        """
        pending = list(subjects)
        refused: dict[str, str] = {}
        due: dict[str, int] = {}
        for attempt in range(MAX_ROUNDS):
            drafts, context = await self._drafts(pending, messages, refused, sealing=sealing)
            if attempt == 0 and len(drafts) > 1:  # those refused by others' writes are decided one by one
                context = self._together(drafts, context, messages)
            for draft in drafts:
                draft.context = context
                work(draft)
                # Each decision sees what those before it in the batch take, or all would choose the same person.
                context = self._surroundings.after(context, draft.reserved)
            unsure = [] if guessing else await self._passed_by([draft for draft in drafts if draft.unsure])
            stale = await self._write([draft for draft in drafts if draft.document.subject not in unsure], refused, due)
            # What cannot be stored on a guess may well be on what is stored.
            doubtful = [draft.document.subject for draft in drafts if draft.lent and draft.document.subject in refused]
            for subject in doubtful:
                del refused[subject]
            pending = [*unsure, *doubtful, *stale]
            if not pending:
                return refused, due
            if stale:
                metrics.STALE_WRITES.labels(self._domain.source).inc(len(stale))
                await asyncio.sleep(random.uniform(0, 0.002 * 2 ** min(attempt, 7)))  # noqa: S311  # jitter needs no secrecy
        raise ContendedError(f"{len(pending)} documents were written by others in each of {MAX_ROUNDS} rounds")

    def _together(self, drafts: Sequence[Draft[S, C]], context: C, messages: Sequence[Message]) -> C:
        """The context with what the batch agrees on; whoever is set aside has no say in it."""
        states = {one.document.subject: one.state for one in drafts if not one.sealed and one.document.parked is None}
        return self._surroundings.together(context, states, messages)

    async def _drafts(
        self, subjects: Sequence[str], messages: Sequence[Message], refused: dict[str, str], *, sealing: bool
    ) -> tuple[list[Draft[S, C]], C]:
        """A draft for each of `subjects`, and the context of the whole batch; those whose state cannot be read are refused."""
        lent = self._recent.lend(subjects)
        unknown = [subject for subject in subjects if subject not in lent]
        read = await self._store.load(unknown) if unknown else {}
        documents = [document for document, _ in lent.values()] + list(read.values())
        for document in documents:
            self._publishing.catch_up(document)
        waiting = [message for document in documents for held in document.early if (message := order.readable(held))]
        context = await self._surroundings.context([*messages, *waiting])
        now = self._now()
        drafts: list[Draft[S, C]] = []
        for subject in subjects:
            if subject in lent:
                drafts.append(Draft.on_lent(*lent[subject], self._domain, context, now))
            elif draft := self._draft_of(read.get(subject) or Document(subject=subject), context, now, refused, sealing=sealing):
                drafts.append(draft)
        return drafts, context

    async def _passed_by(self, drafts: Sequence[Draft[S, C]]) -> list[str]:
        """Of drafts that would write nothing, the subjects whose documents others have written since they were lent.

        The other documents learn what was marked since: a wake-up that a remembered one does not know would come for ever.
        """
        known = await self._store.standing([draft.document.subject for draft in drafts]) if drafts else {}
        passed_by: list[str] = []
        for draft in drafts:
            stands = known.get(draft.document.subject)
            if stands is None or stands.revision != draft.document.revision:
                passed_by.append(draft.document.subject)
            else:
                draft.document.marked(stands.published, stands.wake_at)
        return passed_by

    def _draft_of(
        self, document: Document, context: C, now: datetime, refused: dict[str, str], *, sealing: bool
    ) -> Draft[S, C] | None:
        try:
            return Draft.of(document, self._domain, context, now)
        except Exception as error:  # whatever upcast or validation raises concerns this request alone
            log.exception("ledger.state_unreadable", request=document.subject, problem=type(error).__name__)
            if sealing:
                return Draft.sealed_of(document, self._domain, context, now)
            refused[document.subject] = f"its state cannot be read: {type(error).__name__}"
            return None

    async def _write(self, drafts: Sequence[Draft[S, C]], refused: dict[str, str], due: dict[str, int]) -> list[str]:
        """Secure, write, publish and mark; returns the subjects whose work must be done again."""
        again = await self._reserve([draft for draft in drafts if draft.reserved], refused)
        secured = [draft for draft in drafts if draft.document.subject not in again | refused.keys()]
        changes = self._changes([draft for draft in secured if draft.changed], refused)
        results = await self._store.write([change for _, change in changes]) if changes else []
        failed = set(again)
        for (draft, _), result in zip(changes, results, strict=True):
            if draft.forks:
                metrics.FORKS.labels(self._domain.source).inc(draft.forks)
            match result:
                case "stale":
                    failed.add(draft.document.subject)
                case Refused(problem=problem):
                    refused[draft.document.subject] = problem
                case _:
                    draft.document.revision += 1
        standing = [draft for draft in drafts if draft.document.subject not in failed | refused.keys()]
        await self._surroundings.applied([(d.document.subject, d.state, tuple(d.said)) for d in standing if d.said])
        due |= {draft.document.subject: many for draft in standing if (many := draft.due_items)}
        sayings = [draft.saying for draft in standing]
        self._leave(standing)
        await self._publishing.publish(sayings)
        return sorted(failed)

    def _leave(self, standing: Sequence[Draft[S, C]]) -> None:
        """The drafts are done with: the next round may have their documents."""
        self._publishing.marks.overtaken(draft.document.subject for draft in standing if draft.changed)
        for draft in standing:
            if draft.stands:
                self._recent.keep(draft.document, draft.state)

    async def _reserve(self, drafts: Sequence[Draft[S, C]], refused: dict[str, str]) -> frozenset[str]:
        """The subjects that must decide again. What can never be asked for refuses its subject alone: each is tried by itself."""
        wanted: list[tuple[str, Decision]] = [
            (draft.document.subject, decision) for draft in drafts for decision in draft.reserved
        ]
        try:
            return await self._surroundings.reserve(wanted) if wanted else frozenset()
        except OverflowError as error:
            if len(drafts) > 1:
                return frozenset().union(*[await self._reserve([draft], refused) for draft in drafts])
            subject = drafts[0].document.subject
            log.exception("ledger.unreservable", request=subject, problem=type(error).__name__)
            refused[subject] = f"what it reserves cannot be asked for: {type(error).__name__}"
            return frozenset()

    def _changes(self, drafts: Sequence[Draft[S, C]], refused: dict[str, str]) -> list[tuple[Draft[S, C], Change]]:
        """The write of each draft; one whose state cannot be written down is refused by itself."""
        changes: list[tuple[Draft[S, C], Change]] = []
        for draft in drafts:
            try:
                changes.append((draft, draft.change()))
            except Exception as error:  # whatever serialisation raises concerns this request alone
                log.exception("ledger.state_unwritable", request=draft.document.subject, problem=type(error).__name__)
                refused[draft.document.subject] = f"its new state cannot be written: {type(error).__name__}"
        return changes
