"""In which order a request's events may be applied, and what is wrong with one that may not. Pure, on one document."""

from datetime import datetime

from shared.ledger.document import Document, Held
from shared.ledger.messages import Heard, Lease, Message, Passing, Postponing
from shared.messaging.wire import Poison, Record, Unaddressed, decode, record_of
from shared.schemas.envelope import Event, Source, dataschema
from shared.schemas.registry import MODELS

SHORT = 12
KEPT_IDS = 64


def hold(event: Event, now: datetime) -> Held:
    """`event` in the raw form that can always be stored."""
    held = Held(source=event.source, sequence=event.sequence, id=event.id, since=now, record=record_of(event))
    return held.known_as(event)


def as_held(message: Message | Held | Lease, now: datetime) -> Message | Held | Lease:
    """`message`, an event in its raw form."""
    return hold(message.event, now) if isinstance(message, Heard) else message


def subject_of(message: Message | Held | Lease) -> str:
    """The request `message` is about."""
    if not isinstance(message, Held):
        return message.subject
    read = message.read()
    return "" if isinstance(read, Unaddressed) else read.subject


def held_from(record: Record, now: datetime) -> Held | str:
    """`record` as something a draft can take, or the reason why it names no request."""
    match decode(record):
        case Event() | Poison() as read:
            held = Held(source=read.source, sequence=read.sequence, id=read.id, since=now, record=record)
            return held.known_as(read)
        case unaddressed:
            return unaddressed.problem


def readable(message: Message | Held | Lease) -> Message | None:
    """What a context may be prepared for: the message, or the event inside a raw record."""
    if isinstance(message, Passing | Postponing):
        return None
    if not isinstance(message, Held):
        return message
    event = message.read()
    return Heard(event=event) if isinstance(event, Event) else None


def heard(document: Document, event: Event) -> None:
    """Note that `event` was heard in its turn."""
    document.heard[event.source] = event.sequence
    before = document.heard_ids.get(event.source, [])[1 - KEPT_IDS :]
    document.heard_ids[event.source] = [*before, f"{event.sequence}:{event.id[:SHORT]}"]
    document.unit = document.unit or event.businessunit


def has_its_turn(document: Document, held: Held, hears: frozenset[Source]) -> bool:
    """Whether everything that must come before `held` was heard: its source's last number, and what its sender had heard."""
    if held.sequence != document.heard.get(held.source, 0) + 1:
        return False
    event = held.read()
    if not isinstance(event, Event):
        return True
    return all(document.heard.get(source, 0) >= sequence for source, sequence in event.after.items() if source in hears)


def next_in_turn(document: Document, hears: frozenset[Source]) -> Held | None:
    """Which early event is applied next: of several for one place one that can be read and follows what was heard comes first.

    A record that cannot be read does not say what it waits for; it has no turn while another for its place can be read.
    """
    ready = [held for held in document.early if has_its_turn(document, held, hears)]
    for held in ready:
        if isinstance(event := held.read(), Event) and not breaks_chain(document, event):
            return held
    readable = {(held.source, held.sequence) for held in document.early if isinstance(held.read(), Event)}
    unsound = (held for held in ready if isinstance(held.read(), Event) or (held.source, held.sequence) not in readable)
    return next(unsound, None)


def missing(document: Document, hears: frozenset[Source]) -> dict[str, int]:
    """Per source, the last sequence heard, where something later waits or is named by what waits."""
    if document.parked is not None:
        return {}
    asked: dict[str, int] = {}
    for held in document.early:
        last = document.heard.get(held.source, 0)
        if held.sequence > last + 1:
            asked[held.source] = last
        event = held.read()
        if isinstance(event, Event):
            late = {source for source, sequence in event.after.items() if document.heard.get(source, 0) < sequence}
            asked |= {source: document.heard.get(source, 0) for source in late if source in hears}
    return asked


def is_fork(document: Document, held: Held) -> bool:
    """Whether another event was heard in the place of `held`, as far back as ids are kept."""
    return isinstance(held.read(), Event) and _differs(document, held)


def is_damaged(document: Document, held: Held) -> bool:
    """Whether `held` cannot be read and names another id than the event that was heard in its place."""
    return not isinstance(held.read(), Event) and _differs(document, held)


def _differs(document: Document, held: Held) -> bool:
    known = dict(entry.split(":", 1) for entry in document.heard_ids.get(held.source, []))
    return known.get(str(held.sequence), held.id[:SHORT]) != held.id[:SHORT]


def breaks_chain(document: Document, event: Event) -> bool:
    """Whether `event` names another predecessor than the one heard."""
    ids = document.heard_ids.get(event.source)
    last = ids[-1].split(":", 1)[1] if ids else ""
    return (event.previous or "")[:SHORT] != last


def same(one: Held, other: Held) -> bool:
    """Whether two records are the same in place and bytes."""
    place = (one.source, one.sequence) == (other.source, other.sequence)
    return place and (one.record.headers, one.record.value) == (other.record.headers, other.record.value)


def unknown_version(event: Event) -> str | None:
    """Why an event of a known type cannot be read, if its major version is not ours."""
    known = event.type not in MODELS or event.dataschema == dataschema(event.type)
    return None if known else f"unknown version: {event.dataschema}"
