"""The items of one document: planned by decisions, leased one by one, ended once. Pure, on one document."""

from datetime import datetime

from shared.ledger.document import Document, StoredItem
from shared.ledger.messages import Decision, Item, Settled

KEPT_ITEMS = 200
"""From here on, what is over is forgotten, oldest first: its cause was heard and cannot plan it a second time."""


def plan(document: Document, decision: Decision, now: datetime) -> None:
    """Add what `decision` plans, cancel what it no longer wants, and plan anew what a person wants again."""
    known = {item.id for item in document.items}
    for item in decision.items:
        if item.id not in known:
            known.add(item.id)
            document.items.append(StoredItem(id=item.id, kind=item.kind, data=item.data, due=item.due or now))
    _forget(document)
    for stored in document.items:
        if stored.id in decision.cancel and stored.status == "planned":
            stored.status, stored.data = "cancelled", {}
        elif stored.id in decision.again and stored.status in {"failed", "unknown"}:
            stored.status, stored.due, stored.problem, stored.attempt = "planned", now, "", 0


def _forget(document: Document) -> None:
    over = [item.id for item in document.items if item.status in {"done", "cancelled"}]
    surplus = frozenset(over[: max(0, len(document.items) - KEPT_ITEMS)])
    document.items = [item for item in document.items if item.id not in surplus]


def due_at(item: StoredItem) -> datetime | None:
    """When somebody must look at the item: it may be leased, or its lease has run out."""
    match item.status:
        case "planned":
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
    return Item(id=item.id, kind=item.kind, data=item.data, subject=document.subject, attempt=item.attempt)


def in_doubt(document: Document, item: StoredItem) -> Settled:
    """The end of an item whose owner vanished beyond the point of no return."""
    problem = "the process stopped after the point of no return"
    return Settled(subject=document.subject, item=as_item(document, item), end="unknown", problem=problem)


def pass_point(document: Document, item: Item, owner: str, now: datetime) -> bool:
    """Record that `item`'s effect cannot be taken back from here on; False when the lease is no longer the owner's."""
    stored = _leased(document, item, owner)
    if stored is None or stored.status != "leased" or (stored.until or now) <= now:
        return False
    stored.status = "data"
    return True


def postpone(document: Document, item: Item, owner: str, due: datetime, problem: str) -> bool:
    """Give a leased item back to be tried again at `due`; False when it is not the owner's any more."""
    stored = _leased(document, item, owner)
    if stored is None:
        return False
    stored.status, stored.owner, stored.until, stored.due, stored.problem = "planned", None, None, due, problem[:500]
    return True


def end(item: StoredItem, settled: Settled) -> None:
    """Record how the effect ended; the domain is told next."""
    item.status, item.end, item.result, item.problem = "ended", settled.end, settled.data, settled.problem
    item.owner = item.until = None


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
    item.status, item.result = item.end, {}  # type: ignore[assignment]  # one of the three, as asserted
    if item.end == "done":
        item.data = {}


def find(document: Document, identity: str) -> StoredItem | None:
    """The item of that id."""
    return next((item for item in document.items if item.id == identity), None)


def _leased(document: Document, item: Item, owner: str) -> StoredItem | None:
    stored = find(document, item.id)
    return stored if stored is not None and (stored.owner, stored.attempt) == (owner, item.attempt) else None
