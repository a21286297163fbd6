"""Brings a ledger whose database was put back from a backup to what it has said since, while its service does not run.

Invariant: nothing is said, leased or performed, since there is nothing here to do it with. Each request is one guarded write, whole
or not at all; whoever is broken off and run again ends with the same.
"""

import asyncio
import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, Literal, Protocol

import structlog

from shared.ledger.adopting import Adoption, Said, adopted, adoption, knowing
from shared.ledger.asking import Ask, Sources, UnaskedError
from shared.ledger.document import BEGINNING, UNSURE, Change, Document, Refused, Written
from shared.ledger.domain import C, Domain, S, Surroundings
from shared.ledger.folding import PRIVATE, Fold, UnfoldableError, folded, with_private_doubted
from shared.ledger.messages import Decision, Heard
from shared.ledger.proving import Outside, Planned, concluded, doubts
from shared.messaging.wire import Poison, Unaddressed
from shared.schemas.envelope import Event

log = structlog.get_logger()
UNKEPT = "its personal values, and wordings sent since the backup, are in no event; let its unit send it again"
UNREAD = "read the topic from its beginning, without a moment to begin at"
End = Literal["as it was", "restored", "set aside", "not all read", "unasked", "written by others", "unstorable"]


class Store(Protocol):
    """What a restore needs of a ledger's store."""

    async def load(self, subjects: Sequence[str]) -> dict[str, Document]: ...

    async def events(self, subject: str, after: int = 0) -> list[Event]: ...

    async def write(self, changes: Sequence[Change]) -> list[Written]: ...


@dataclass(frozen=True, kw_only=True)
class Mended:
    """What became of one subject: how many events were taken up, the ids of the items in doubt, and why it is not simply well."""

    subject: str
    end: End
    events: int = 0
    doubts: tuple[str, ...] = ()
    why: str = ""


class Restorer(Generic[S, C]):
    """The restore of one ledger. First `look` at all that its topic holds, then `mend` whoever lacks something, then everybody."""

    def __init__(
        self,
        domain: Domain[S, C],
        surroundings: Surroundings[C],
        store: Store,
        ask: Ask,
        now: Callable[[], datetime],
        *,
        outside: Outside | None = None,
        compacted: bool = False,
    ) -> None:
        """`outside` is None for a service that performs nothing; of a `compacted` topic each event says all there is to say."""
        self._domain = domain
        self._fold = Fold.of(domain)
        self._surroundings = surroundings
        self._store = store
        self._sources = Sources(ask, self._fold.hears)
        self._now = now
        self._outside = outside
        self._compacted = compacted
        self._lacking: dict[str, list[Said]] = defaultdict(list)

    async def look(self, records: Sequence[Said | Unaddressed]) -> int:
        """Keep of what stands in the topic the own records that the database does not know; how many are nobody's to tell.

        A record that cannot be read takes its number all the same.
        """
        own = [one for one in records if not isinstance(one, Unaddressed) and one.source == self._domain.source]
        documents = await self._store.load(sorted({one.subject for one in own}))
        for one in own:
            document = documents.get(one.subject) or Document(subject=one.subject)
            said_otherwise = isinstance(one, Event) and one.sequence == document.head and one.id != document.head_id
            if one.sequence > document.head or said_otherwise:
                self._lacking[one.subject].append(one)
        return sum(not isinstance(one, Event) for one in records) - sum(isinstance(one, Poison) for one in own)

    @property
    def lacking(self) -> list[str]:
        """Whoever the database lacks something of, the first that said something first."""
        return sorted(self._lacking, key=lambda subject: (_first_said(self._lacking[subject]), subject))

    async def mend(self, subjects: Sequence[str], *, in_part: bool = False) -> list[Mended]:
        """Bring `subjects` to what is known of them; in doubt ends what may have been performed. Raises what the store raises.

        `in_part`: the topic was not read from its beginning; whoever lacks something before that is left as it is.
        """
        documents = await self._store.load(subjects)
        mending = (self._mend(documents.get(subject) or Document(subject=subject), in_part=in_part) for subject in subjects)
        return list(await asyncio.gather(*mending))

    async def _mend(self, document: Document, *, in_part: bool) -> Mended:
        found = adoption(document, self._lacking.get(document.subject, ()), compacted=self._compacted)
        if in_part and found.hole:
            return Mended(subject=document.subject, end="not all read", why=f"{found.hole}: {UNREAD}")
        before = document.parked, len(doubts(document)), [item.status for item in document.items]
        try:
            made = await self._made(document, found)
        except UnaskedError as error:
            return Mended(subject=document.subject, end="unasked", why=str(error))
        after = made.parked, len(doubts(made)), [item.status for item in made.items]
        end: End = "as it was"
        if found.taken or before != after:
            made.wake_at = self._now()
            end, problem = _end_of(await self._store.write([Change(document=made, said=found.events)]))
            if problem or end != "restored":
                return Mended(subject=document.subject, end=end, why=problem)
            log.debug("ledger.restored", request=document.subject, events=len(found.events), doubts=len(doubts(made)))
        in_doubt = tuple(item.id for item in doubts(made))
        told = Mended(subject=document.subject, end=end, events=len(found.events), doubts=in_doubt)
        return replace(told, end="set aside", why=(made.parked or "").removeprefix(UNSURE)) if made.unsure else told

    async def _made(self, document: Document, found: Adoption) -> Document:
        """The document as facts alone make it; where they do not, set aside as it stood, with its numbers taken."""
        made, heard = adopted(document, found), dict[str, Sequence[Event]]()
        problem, planned, outside = found.problem, Planned(), self._outside or Outside()
        if found.events:
            heard = await self._sources.heard_by(made)
        if found.events and not problem:
            try:
                made.state, planned = await self._state(document, made, found.events, heard)
                made.schema = self._fold.schema
                problem = UNKEPT if PRIVATE in self._fold.state.model_fields else ""
            except UnfoldableError as error:
                problem = str(error)
        made = knowing(made, found.events, heard)
        if found.taken:
            made = with_private_doubted(self._fold, made)
        if problem:
            made.parked = made.parked if made.unsure else f"{UNSURE}{problem}"[:1000]
        standing = [event for event in found.events if await outside.kept(event)]
        concluded(made, standing, planned.whole(), self._awaited(made, problem), outside, self._now())
        return made

    def _awaited(self, made: Document, problem: str) -> Mapping[str, str] | None:
        """What the state waits for; None where it does not tell, or cannot be read."""
        if self._outside is None or problem or made.state is None:
            return None
        try:
            return self._outside.awaited(self._fold.read(made.state, made.schema))
        except Exception:  # a state that cannot be read concerns its own request, and a rebuild makes it again
            log.exception("ledger.state_unreadable", request=made.subject)
            return None

    async def _state(
        self, document: Document, made: Document, events: Sequence[Event], heard: Mapping[str, Sequence[Event]]
    ) -> tuple[Any, Planned]:
        """The state, and what the causes that the backup had not heard planned at the time. Raises UnfoldableError."""
        if self._compacted:
            return _as_last_said(self._fold, document, events).model_dump(mode="json"), Planned()
        new = [event for source, said in heard.items() for event in said if _is_new(event, document, made)]
        planned = Planned()
        fold = self._fold
        if self._outside is not None and new:
            context = await self._surroundings.context([Heard(event=event) for event in new])
            fold = replace(fold, evolve=self._evolving(document, context, planned.decisions))
        own = [*await self._store.events(document.subject), *events]
        whole = made if made.state is not None else replace(made, state=fold.state().model_dump(mode="json"), schema=fold.schema)
        return folded(fold, whole, own, heard).model_dump(mode="json"), planned

    def _evolving(self, document: Document, context: C, decisions: list[Decision]) -> Callable[[S, Event], S]:
        """To evolve as the domain does; what is decided on causes that `document` had not heard is noted, and their facts left out."""

        def evolve(state: S, event: Event) -> S:
            state = self._domain.evolve(state, event)
            if event.source != self._domain.source and event.sequence > document.heard.get(event.source, 0):
                decisions.append(self._domain.decide(state, Heard(event=event), context))
            return state

        return evolve


def _first_said(said: Sequence[Said]) -> tuple[bool, datetime]:
    """When the first of it was said; what cannot be read tells no time, and goes last."""
    times = [one.time for one in said if isinstance(one, Event)]
    return not times, min(times, default=BEGINNING)


def _as_last_said(fold: Fold[S], document: Document, events: Sequence[Event]) -> S:
    """The state after `events`, each of which says all there is to say."""
    try:
        return functools.reduce(fold.evolve, events, fold.read(document.state, document.schema))
    except Exception as error:  # whatever a domain raises on a fact, it concerns this subject alone
        raise UnfoldableError(f"what was said last cannot be evolved: {type(error).__name__}") from error


def _is_new(event: Event, document: Document, made: Document) -> bool:
    return document.heard.get(event.source, 0) < event.sequence <= made.heard.get(event.source, 0)


def _end_of(written: Iterable[Written]) -> tuple[End, str]:
    (result,) = written
    match result:
        case Refused(problem=problem):
            return "unstorable", problem
        case "stale":
            return "written by others", "somebody else writes it: the service must not run meanwhile"
        case _:
            return "restored", ""
