"""Makes the states of a ledger again from the facts, beside those that are in use, compares the two, and swaps where told to.

Invariant: nothing is decided, planned, leased or said, since there is nothing here to do it with; a state in use is replaced only
if its document is still the one that the new state was made for.
"""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, Literal, Protocol

import structlog

from shared.ledger.asking import Ask, Sources, UnaskedError
from shared.ledger.document import Document
from shared.ledger.domain import S
from shared.ledger.folding import Fold, UnfoldableError, checksum, differing, folded, plain
from shared.schemas.envelope import Event
from shared.schemas.model import Json

log = structlog.get_logger()
ROUNDS = 5
"""So often a document is rebuilt that others keep writing; what is heard and said meanwhile is in the next one."""
UNREADABLE = "what stands cannot be read"

End = Literal["agrees", "differs", "swapped", "changed", "impossible", "unasked"]


class Facts(Protocol):
    """What a rebuild reads of a ledger's store."""

    async def load(self, subjects: Sequence[str]) -> dict[str, Document]: ...

    async def events(self, subject: str, after: int = 0) -> list[Event]: ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Rebuilt:
    """A state as the facts make it. `said` is what is compared of it; `state` is the whole, private part included.

    `live` is the checksum of the state in use, None where it cannot be read; `schema` is that of the domain.
    """

    subject: str
    revision: int
    schema: int
    state: Json
    said: Json
    checksum: str
    live: str | None


class Shadow(Protocol):
    """Where rebuilt states are kept beside those in use, and the one write by which one takes the other's place."""

    async def subjects(self, after: str, limit: int) -> list[str]:
        """The ledger's subjects behind `after`, in their order."""
        ...

    async def count(self) -> int:
        """How many subjects there are."""
        ...

    async def keep(self, rebuilt: Sequence[Rebuilt]) -> None:
        """Keep what was compared of each, in place of what an earlier rebuild kept."""
        ...

    async def swap(self, rebuilt: Rebuilt) -> bool:
        """Put the state in its place if the document is still at its revision; whether it was."""
        ...


@dataclass(frozen=True, kw_only=True)
class Found:
    """What became of one subject, and why it is not simply well; `checksum` is that of the rebuilt state."""

    subject: str
    end: End
    why: str = ""
    checksum: str = ""


@dataclass(frozen=True, kw_only=True)
class Page:
    """One page: what was found, in the order of the subjects, and the subject behind which there may be more; None: there is none."""

    found: tuple[Found, ...]
    last: str | None

    def count(self, end: End) -> int:
        """How many ended so."""
        return sum(found.end == end for found in self.found)

    def digest(self, before: str) -> str:
        """Of all rebuilt states up to here, `before` being that of the pages before."""
        lines = [f"{found.subject} {found.checksum}\n" for found in self.found]
        return hashlib.sha256("".join([before, *lines]).encode()).hexdigest()


class Rebuilder(Generic[S]):
    """The rebuilds of one ledger."""

    def __init__(self, fold: Fold[S], facts: Facts, shadow: Shadow, ask: Ask) -> None:
        self._fold = fold
        self._facts = facts
        self._shadow = shadow
        self._sources = Sources(ask, fold.hears)

    async def size(self) -> int:
        """How many subjects there are to rebuild."""
        return await self._shadow.count()

    async def page(self, after: str, limit: int, *, swap: bool) -> Page:
        """Rebuild the first `limit` subjects behind `after`; with `swap`, put those that differ in their places.

        Raises what the stores raise; then nothing is half done, and the page may be rebuilt again.
        """
        subjects = await self._shadow.subjects(after, limit)
        found = await self._rebuilt(subjects, swap=swap)
        last = subjects[-1] if len(subjects) == limit else None
        return Page(found=tuple(found[subject] for subject in subjects if subject in found), last=last)

    async def one(self, subject: str, *, swap: bool) -> Found | None:
        """Rebuild one subject; None when there is none of that name."""
        return (await self._rebuilt([subject], swap=swap)).get(subject)

    async def _rebuilt(self, subjects: Sequence[str], *, swap: bool) -> dict[str, Found]:
        found: dict[str, Found] = {}
        pending = list(subjects)
        for _ in range(ROUNDS):
            if not pending:
                break
            round_ = _Round(await self._facts.load(pending))
            await asyncio.gather(*(self._one(document, round_) for document in round_.documents.values()))
            await self._shadow.keep([rebuilt for rebuilt, _ in round_.made])
            found |= round_.found
            pending = []
            for rebuilt, why in round_.made:
                end = _compared(rebuilt) if not swap else await self._swapped(rebuilt)
                found[rebuilt.subject] = Found(subject=rebuilt.subject, end=end, why=why, checksum=rebuilt.checksum)
                pending += [rebuilt.subject] * (end == "changed")
        return found

    async def _one(self, document: Document, round_: "_Round") -> None:
        """Rebuild one document into `round_`."""
        subject = document.subject
        try:
            own = await self._facts.events(subject)
            heard = await self._sources.heard_by(document)
            state = folded(self._fold, document, own, heard)
        except UnaskedError as error:
            round_.found[subject] = Found(subject=subject, end="unasked", why=str(error))
        except UnfoldableError as error:
            round_.found[subject] = Found(subject=subject, end="impossible", why=str(error))
        else:
            round_.made.append(self._beside(document, state))

    def _beside(self, document: Document, state: S) -> tuple[Rebuilt, str]:
        """The rebuilt state beside the one that stands, and in what they differ."""
        try:
            live = self._fold.read(document.state, document.schema) if document.state is not None else None
        except Exception:  # noqa: BLE001  # a state in use that cannot be read is one that differs
            live = None
        rebuilt = Rebuilt(
            subject=document.subject,
            revision=document.revision,
            schema=self._fold.schema,
            state=state.model_dump(mode="json"),
            said=plain(self._fold, state),
            checksum=checksum(self._fold, state),
            live=checksum(self._fold, live) if live is not None else None,
        )
        names = differing(self._fold, state, live) if live is not None else []
        why = "" if _compared(rebuilt) == "agrees" else f"it differs in: {', '.join(names)}" if names else UNREADABLE
        return rebuilt, why

    async def _swapped(self, rebuilt: Rebuilt) -> End:
        if _compared(rebuilt) == "agrees":
            return "agrees"
        if not await self._shadow.swap(rebuilt):
            return "changed"
        log.info("ledger.state_swapped", request=rebuilt.subject, live=rebuilt.live, rebuilt=rebuilt.checksum)
        return "swapped"


@dataclass
class _Round:
    """The documents of one round, what was made of them, and what could not be."""

    documents: Mapping[str, Document]
    made: list[tuple[Rebuilt, str]] = field(default_factory=list)
    found: dict[str, Found] = field(default_factory=dict)


def _compared(rebuilt: Rebuilt) -> End:
    return "agrees" if rebuilt.live == rebuilt.checksum else "differs"
