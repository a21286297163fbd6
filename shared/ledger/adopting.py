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
from shared.schemas.envelope import Event

ENDS: tuple[ItemEnd, ...] = ("done", "failed", "unknown")


@dataclass(frozen=True, kw_only=True, slots=True)
class Adoption:
    """`events` are said and not known to the document, by their numbers. With a `problem` they are no whole that follows from it."""

    events: tuple[Event, ...] = ()
    problem: str = ""


def adoption(document: Document, said: Iterable[Event], *, compacted: bool = False) -> Adoption:
    """What to adopt of `said`, all that the topic has of the subject. Of a `compacted` topic earlier numbers are gone rightly."""
    by_number: dict[int, dict[str, Event]] = defaultdict(dict)
    for event in said:
        by_number[event.sequence].setdefault(event.id, event)
    problems: list[str] = []
    if set(by_number.get(document.head, ())) - {document.head_id}:
        problems.append(f"fork: its number {document.head} was said otherwise than the database has it")
    number, identity = document.head, document.head_id
    events: list[Event] = []
    for sequence in sorted(one for one in by_number if one > document.head):
        event, *others = by_number[sequence].values()
        if others:
            problems.append(f"fork: its number {sequence} was said in {1 + len(others)} ways")
        elif sequence > number + 1:
            problems += [] if compacted else [f"history lost: of its numbers {number + 1} to {sequence - 1} nothing is left"]
        elif event.previous != identity:
            problems.append(f"fork: its number {sequence} does not follow the number before it")
        events.append(event)
        number, identity = sequence, event.id
    return Adoption(events=tuple(events), problem=problems[0] if problems else "")


def adopted(document: Document, events: Sequence[Event]) -> Document:
    """`document` as far as `events` alone prove it: their numbers are taken, and what they rest on was heard."""
    made = document.copy()
    if not events:
        return made
    last = events[-1]
    for event in events:
        for source, number in event.after.items():
            made.heard[source] = max(number, made.heard.get(source, 0))
    made.published = last.sequence if document.published == document.head else document.published
    made.head, made.head_id = last.sequence, last.id
    made.unit = made.unit or last.businessunit
    made.events = [*document.events, *events]
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
