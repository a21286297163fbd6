"""The items of one document: planned by decisions, leased one by one, ended once. Pure, on one document."""

from datetime import datetime, timedelta

from shared.ledger.document import Document, StoredItem
from shared.ledger.messages import Decision, Item, Settled

KEPT_ITEMS = 200
"""From here on, what is over is forgotten, oldest first: its cause was heard and cannot plan it a second time."""
LEASABLE = frozenset({"planned", "leased", "data"})
MAX_TRIES = 12
TELL_AGAIN = timedelta(seconds=30)


def plan(document: Document, decision: Decision, now: datetime) -> None:
    """Add what `decision` plans, cancel what it no longer wants, and plan anew what a person wants again."""
    known = {item.id for item in document.items}
    for item in decision.items:
        if item.id not in known:
            known.add(item.id)
            document.items.append(StoredItem(id=item.id, kind=item.kind, data=item.data, due=item.due or now))
    _forget(document)
    for stored in document.items:
        if stored.id in decision.cancel:
            _cancel(stored)
        elif stored.id in decision.again and stored.status in {"failed", "unknown"}:
            # The attempts go on counting: whoever held an earlier lease must not be taken for the owner of a later one.
            stored.status, stored.due, stored.problem, stored.spent = "planned", now, "", stored.attempt


def _cancel(item: StoredItem) -> None:
    if item.status == "planned":
        item.status, item.data, item.due = "cancelled", {}, None
    elif item.status == "leased":
        item.unwanted = True


def _forget(document: Document) -> None:
    over = [item.id for item in document.items if item.status in {"done", "cancelled"}]
    surplus = frozenset(over[: max(0, len(document.items) - KEPT_ITEMS)])
    document.items = [item for item in document.items if item.id not in surplus]


def due_at(item: StoredItem) -> datetime | None:
    """When somebody must look at the item: it may be leased, its lease has run out, or the domain is to be told its end again."""
    match item.status:
        case "planned" | "ended":
            return item.due
        case "leased" | "data":
            return item.until
        case _:
            return None


def is_due(item: StoredItem, now: datetime) -> bool:
    """Whether that moment has come."""
    moment = due_at(item)
    return moment is not None and moment <= now


def take_lease(document: Document, item: StoredItem, owner: str, until: datetime) -> Item:
    """Lease `item` for one more attempt."""
    item.status, item.owner, item.until, item.attempt = "leased", owner, until, item.attempt + 1
    return as_item(document, item)


def as_item(document: Document, item: StoredItem) -> Item:
    """The item as effects and domains see it."""
    tries = item.attempt - item.spent
    return Item(id=item.id, kind=item.kind, data=item.data, subject=document.subject, attempt=item.attempt, tries=tries)


def over_without_owner(document: Document, item: StoredItem, max_tries: int) -> Settled | None:
    """The end of an item whose lease ran out for good: in doubt past the point of no return, given up after too many tries."""
    tries = item.attempt - item.spent
    match item.status:
        case "data":
            problem = "the process stopped after the point of no return"
            return Settled(
                subject=document.subject, item=as_item(document, item), end="unknown", problem=problem, owner=item.owner
            )
        case "leased" if tries >= max_tries or item.unwanted:
            problem = f"given up after {tries} attempts, the last of which nobody came back from"
            return Settled(
                subject=document.subject, item=as_item(document, item), end="failed", problem=problem, owner=item.owner
            )
        case _:
            return None


def pass_point(document: Document, item: Item, owner: str, now: datetime) -> bool:
    """Record that `item`'s effect cannot be taken back from here on; False when it may not happen any more."""
    stored = leased(document, item, owner)
    if stored is None or stored.status != "leased" or stored.unwanted or (stored.until or now) <= now:
        return False
    stored.status = "data"
    return True


def postpone(document: Document, item: Item, owner: str, due: datetime, problem: str, *, counted: bool = True) -> bool:
    """Give a leased item back to be tried again at `due`; False when it is not the owner's any more. See Postponing."""
    stored = leased(document, item, owner)
    if stored is None:
        return False
    stored.status, stored.owner, stored.until, stored.due, stored.problem = "planned", None, None, due, problem[:500]
    stored.spent += not counted
    if stored.unwanted:
        _cancel(stored)
    return True


def takes_end(document: Document, item: StoredItem, settled: Settled) -> bool:
    """Whether `settled` is how `item` ended: that it is done is taken from whoever held it once, anything else from its owner."""
    if settled.end == "done":
        mistaken = item.status in {"failed", "unknown"} or (item.status == "ended" and item.end != "done")
        return (mistaken or item.status in {"planned", "leased", "data"}) and settled.item.attempt <= item.attempt
    return leased(document, settled.item, settled.owner) is item


def end(item: StoredItem, settled: Settled, now: datetime) -> None:
    """Record how the effect ended; the domain is told next, and again after a while if it cannot take it."""
    item.status, item.end, item.result, item.problem = "ended", settled.end, settled.data, settled.problem
    item.owner, item.until, item.due = None, None, now + TELL_AGAIN
    if item.unwanted and settled.end == "failed":
        item.status, item.data = "cancelled", {}


def ended(document: Document, now: datetime) -> list[StoredItem]:
    """The items whose end the domain is to be told now; each is due again later, should it not take it."""
    waiting = [item for item in document.items if item.status == "ended" and is_due(item, now)]
    for item in waiting:
        item.due = now + TELL_AGAIN
    return waiting


def settled(document: Document, item: StoredItem) -> Settled:
    """The end of an item that has ended, as the domain is told it."""
    assert item.end in {"done", "failed", "unknown"}, "only an item that ended is told"
    return Settled(
        subject=document.subject,
        item=as_item(document, item),
        end=item.end,  # type: ignore[arg-type]  # one of the three, as asserted
        data=item.result,
        problem=item.problem,
    )


def close(item: StoredItem) -> None:
    """The domain knows; what is done needs its data no longer, what is not may be wanted again."""
    assert item.end in {"done", "failed", "unknown"}, "only an item that ended is closed"
    item.status, item.result, item.due = item.end, {}, None  # type: ignore[assignment]  # one of the three, as asserted
    if item.end == "done":
        item.data = {}


def find(document: Document, identity: str) -> StoredItem | None:
    """The item of that id."""
    return next((item for item in document.items if item.id == identity), None)


def leased(document: Document, item: Item, owner: str | None) -> StoredItem | None:
    """The stored item if that very lease of `owner` still stands."""
    stored = find(document, item.id)
    stands = stored is not None and stored.owner is not None and (stored.owner, stored.attempt) == (owner, item.attempt)
    return stored if stands else None
