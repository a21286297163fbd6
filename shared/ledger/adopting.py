"""What a service has said since its database was backed up, taken up again from its own topic. Pure, on one document.

Invariant: a number that was said once is never said again; what does not follow is named, and nothing is guessed in its place.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from shared.ledger import order
from shared.ledger.document import Document
from shared.ledger.messages import ItemEnd
from shared.ledger.order import KEPT_IDS, SHORT
from shared.messaging.wire import Poison
from shared.schemas.envelope import Event

ENDS: tuple[ItemEnd, ...] = ("done", "failed", "unknown")


Said = Event | Poison
"""An own record: what it says, or at least under which number something was said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Adoption:
    """`taken` is said and not known to the document, by its numbers. With a `problem` it is no whole that follows from it; with a
    `hole` numbers are missing in it that may stand in a part of the topic that was not read.
    """

    taken: tuple[Said, ...] = ()
    problem: str = ""
    hole: str = ""

    @property
    def events(self) -> tuple[Event, ...]:
        """What can be read of it."""
        return tuple(one for one in self.taken if isinstance(one, Event))


def adoption(document: Document, said: Iterable[Said], *, compacted: bool = False) -> Adoption:
    """What to adopt of `said`, all that was read of the subject. Of a `compacted` topic earlier numbers are gone rightly."""
    by_number: dict[int, dict[str, Said]] = defaultdict(dict)
    for one in said:
        if isinstance(one, Event) or one.id not in by_number[one.sequence]:
            by_number[one.sequence][one.id] = one
    problems: list[str] = []
    holes: list[str] = []
    if set(by_number.get(document.head, ())) - {document.head_id}:
        problems.append(f"fork: its number {document.head} was said otherwise than the database has it")
    number, identity = document.head, document.head_id
    taken: list[Said] = []
    for sequence in sorted(one for one in by_number if one > document.head):
        event, *others = by_number[sequence].values()
        if others:
            problems.append(f"fork: its number {sequence} was said in {1 + len(others)} ways")
        elif sequence > number + 1:
            holes += [] if compacted else [f"history lost: of its numbers {number + 1} to {sequence - 1} nothing is left"]
            problems += holes[-1:]
        elif isinstance(event, Poison):
            problems.append(f"history lost: its number {sequence} cannot be read")
        elif event.previous != identity:
            problems.append(f"fork: its number {sequence} does not follow the number before it")
        taken.append(event)
        number, identity = sequence, event.id
    return Adoption(taken=tuple(taken), problem=problems[0] if problems else "", hole=holes[0] if holes else "")


def adopted(document: Document, found: Adoption) -> Document:
    """`document` as far as what was `found` proves it: its numbers are taken, and what it rests on was heard."""
    made = document.copy()
    if not found.taken:
        return made
    last = found.taken[-1]
    for event in found.events:
        for source, number in event.after.items():
            made.heard[source] = max(number, made.heard.get(source, 0))
        made.unit = made.unit or event.businessunit
    # Nothing of a record that cannot be read can be said again, so that with one all is taken for published.
    whole = len(found.events) == len(found.taken)
    made.published = document.published if whole and document.published < document.head else last.sequence
    made.head, made.head_id = last.sequence, last.id
    made.events = [*document.events, *found.events]
    return made


def knowing(document: Document, events: Sequence[Event], heard: Mapping[str, Sequence[Event]]) -> Document:
    """`document` with the ids of all it has heard, as its sources say them, and those of the commands that `events` obeyed.

    Of what it held before its turn, what was heard since is dropped; another record in its place is put aside.
    """
    made = replace(document.copy(), early=[])
    for source, said in heard.items():
        passed = [event for event in said if event.sequence <= document.heard.get(source, 0)]
        made.heard_ids[source] = [f"{event.sequence}:{event.id[:SHORT]}" for event in passed][-KEPT_IDS:]
    for held in document.early:
        if held.sequence > document.heard.get(held.source, 0):
            made.early.append(held)
        elif order.is_fork(made, held) or order.is_damaged(made, held):
            made.aside.append(held)
    others = {event.id for said in heard.values() for event in said} | set(made.applied)
    causes = [event.causationid for event in events if event.causationid and end_of(event) is None]
    made.applied = [*made.applied, *dict.fromkeys(cause for cause in causes if cause not in others)]
    return made


def end_of(event: Event) -> tuple[str, ItemEnd] | None:
    """The item whose end an own event says, and how it ended: its cause names both. (Commands may have colons; items have none.)"""
    identity, _, said = (event.causationid or "").rpartition(":")
    return next(((identity, end) for end in ENDS if identity and ":" not in identity and said == end), None)
