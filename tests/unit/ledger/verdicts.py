"""What must hold after any schedule, whatever happened on the way: each broken promise is named."""

from collections import Counter

from shared.ledger import order
from shared.ledger.document import Document
from shared.ledger.folding import Fold, UnfoldableError, folded
from shared.schemas.envelope import Event
from tests.unit.ledger.shuffle import World
from tests.unit.ledger.small_domain import Diary, SmallDomain


async def faults_of(world: World) -> list[str]:
    """The promises the ledger broke in `world`; none, if all is well."""
    found = await world.store.load(world.subjects)
    faults: list[str] = []
    for subject in world.subjects:
        if (document := found.get(subject)) is None:
            return [f"{subject}: lost altogether"]
        events = await world.store.events(subject)
        for check in CHECKS:
            faults += [f"{subject}: {fault}" for fault in check(world, document, events)]
    return faults


def _heard(world: World, document: Document, events: list[Event]) -> list[str]:
    """Every source's events once, in its own order, and none before what its sender had heard."""
    diary = Diary.model_validate(document.state)
    faults = []
    for source in ("intake", "documents"):
        wanted = [f"{source}:{event.sequence}" for event in world.histories[document.subject, source].events]
        if [entry for entry in diary.heard if entry.startswith(source)] != wanted:
            faults.append(f"heard of {source}: {diary.heard}")
    for event in world.histories[document.subject, "documents"].events:
        mine, theirs = f"documents:{event.sequence}", f"intake:{event.after['intake']}"
        if mine in diary.heard and theirs in diary.heard[diary.heard.index(mine) :]:
            faults.append(f"causal order: {mine} came before {theirs}")
    return faults


def _chained(_world: World, document: Document, events: list[Event]) -> list[str]:
    """Sequences 1..n without gap, each event naming the one before, each id the digest of its content."""
    faults = []
    if [event.sequence for event in events] != list(range(1, document.head + 1)):
        faults.append(f"sequences are not dense: {[event.sequence for event in events]} with head {document.head}")
    before: list[str | None] = [None, *(event.id for event in events[:-1])]
    if [event.previous for event in events] != before:
        faults.append("the chain is broken")
    if any(event.id != event.digest() for event in events):
        faults.append("an event's id is not its digest")
    return faults


def _caused(world: World, document: Document, events: list[Event]) -> list[str]:
    """One fact for each heard event."""
    causes = Counter(event.causationid for event in events)
    heard = [e for source in ("intake", "documents") for e in world.histories[document.subject, source].events]
    return [f"{e.source}:{e.sequence} caused {causes[e.id]} facts" for e in heard if causes[e.id] != 1]


def _commanded(world: World, document: Document, events: list[Event]) -> list[str]:
    """No command twice; every acknowledged one is there."""
    causes = Counter(event.causationid for event in events)
    mine = [wish.id for wish in world.wishes if wish.subject == document.subject]
    faults = [f"command {wish} applied {causes[wish]} times" for wish in mine if causes[wish] > 1]
    return faults + [f"acknowledged command {wish} is lost" for wish in mine if wish in world.acknowledged and not causes[wish]]


def _published(world: World, document: Document, events: list[Event]) -> list[str]:
    """What is in the ledger is on the topic, and nothing else is."""
    written = {event.id for event in events}
    topic = {event.id for event in world.publisher.topic if event.subject == document.subject}
    faults = []
    if unsaid := written & set(world.unsaid):
        faults.append(f"{len(unsaid)} events were not published by the sweep")
    if written - topic:
        faults.append(f"{len(written - topic)} events were written and never published")
    if topic - written:
        faults.append(f"{len(topic - written)} events were published and are not in the ledger")
    return faults


def _at_rest(world: World, document: Document, _events: list[Event]) -> list[str]:
    """Nothing waits, nothing is parked, every item has ended and none passed its point of no return twice."""
    faults = []
    waiting = (document.early, document.parked, document.wake_at, document.head - document.published)
    if any(waiting):
        faults.append(f"not at rest: {waiting}")
    open_items = [item.id for item in document.items if item.open]
    planned = 0 if world.surroundings.setting.without_items else len(world.histories[document.subject, "intake"].events)
    if open_items or len(document.items) != planned:
        faults.append(f"items still open: {open_items} of {len(document.items)}, {planned} planned")
    performed = Counter(item for subject, item in world.performed if subject == document.subject)
    faults += [f"effect of {item} happened {count} times" for item, count in performed.items() if count > 1]
    done = [item.id for item in document.items if item.status == "done" and not performed[item.id]]
    return faults + [f"item {item} is done but was never performed" for item in done]


def _kept(world: World, document: Document, _events: list[Event]) -> list[str]:
    """What forges a heard number is kept, byte for byte."""
    forged = [held for held in world.forged if order.subject_of(held) == document.subject]
    kept = [held for held in forged if any(order.same(held, other) for other in document.aside)]
    return [] if kept == forged else [f"{len(forged) - len(kept)} forgeries were dropped"]


def _remembered(_world: World, document: Document, events: list[Event]) -> list[str]:
    """The projection contains exactly the facts that were said, in their order."""
    diary = Diary.model_validate(document.state)
    return [] if list(diary.said) == [event.id for event in events] else ["the state does not hold exactly what was said"]


def _follows(world: World, document: Document, events: list[Event]) -> list[str]:
    """The projection follows from the facts alone, to the order of what both sources said: each of these caused a fact."""
    heard = {source: world.histories[document.subject, source].events for source in ("intake", "documents")}
    try:
        rebuilt = folded(Fold.of(SmallDomain()), document, events, heard)
    except UnfoldableError as error:
        return [f"it does not follow from the facts: {error}"]
    return [] if rebuilt == Diary.model_validate(document.state) else ["the state does not follow from the facts"]


CHECKS = (_heard, _chained, _caused, _commanded, _published, _at_rest, _kept, _remembered, _follows)
