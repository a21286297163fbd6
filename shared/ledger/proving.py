"""What became of a document's items since its database was backed up: what facts prove, and what nobody knows. Pure.

Invariant: an effect that may have been performed is not performed again by itself: it ends in doubt, which a person settles
(docs/decisions/0004). Only what may be repeated without harm is left to be done.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from shared.ledger import items
from shared.ledger.adopting import end_of
from shared.ledger.document import Document, StoredItem
from shared.ledger.messages import Decision, ItemEnd
from shared.schemas.envelope import Event

DOUBT = "the database was put back from a backup: whether it was performed since then is not known"


def _untold(_state: Any) -> None:
    """A state that does not tell."""


async def _kept(_event: Event) -> bool:
    """Nothing that was made lies in the database."""
    return True


@dataclass(frozen=True, kw_only=True)
class Outside:
    """What a service does to the outside world: the kinds of items that may be performed twice without harm; where the state tells,
    the items that it waits for, by id, with their kind; and whether what an own event says was made is still there.
    """

    repeatable: frozenset[str] = frozenset()
    awaited: Callable[[Any], Mapping[str, str] | None] = _untold
    kept: Callable[[Event], Awaitable[bool]] = _kept


@dataclass(kw_only=True)
class Planned:
    """What decisions planned that the backup does not know, and what they no longer wanted."""

    decisions: list[Decision] = field(default_factory=list)

    def whole(self) -> Decision:
        """All of them as one."""
        found = {item.id: item for decision in self.decisions for item in decision.items}
        return Decision(items=tuple(found.values()), cancel=tuple(one for decision in self.decisions for one in decision.cancel))


def concluded(
    document: Document,
    events: Iterable[Event],
    planned: Decision,
    awaited: Mapping[str, str] | None,
    outside: Outside,
    now: datetime,
) -> list[StoredItem]:
    """Bring the items of `document` to what is known of them; those that are in doubt, told or not yet told to the domain.

    `events` are the own events that were adopted, but for those whose makings are lost; `planned` is what their causes planned again,
    `awaited` what the state waits for.
    """
    known = {item.id for item in document.items}
    items.plan(document, planned, now)
    document.items += [
        StoredItem(id=identity, kind=kind, data={}, due=now)
        for identity, kind in (awaited or {}).items()
        if items.find(document, identity) is None and kind not in outside.repeatable
    ]
    ends = dict(end for event in events if (end := end_of(event)) is not None)
    for item in document.items:
        if item.id in ends or not (item.status == "ended" or _repeats(item, outside)):
            _conclude(item, ends.get(item.id), waits=None if awaited is None else item.id in awaited, now=now)
    if awaited is not None:  # planned by the rules of today, and by nobody then
        document.items = [
            item for item in document.items if item.id in known or item.id in awaited or not item.open or _repeats(item, outside)
        ]
    return doubts(document)


def doubts(document: Document) -> list[StoredItem]:
    """The items that a restore left in doubt and the domain has not been told of."""
    return [item for item in document.items if item.status == "ended" and item.problem == DOUBT]


def _repeats(item: StoredItem, outside: Outside) -> bool:
    return item.kind in outside.repeatable


def _conclude(item: StoredItem, end: ItemEnd | None, *, waits: bool | None, now: datetime) -> None:
    """Close an item whose end was said; doubt one that is open, or that the state waits for in spite of an end."""
    if end is not None and not waits:
        item.status, item.end, item.owner, item.until, item.due = end, end, None, None, None
        item.data = {} if end == "done" else item.data
    elif item.open or waits:
        item.status, item.end, item.result, item.problem = "ended", "unknown", {}, DOUBT
        item.owner, item.until, item.due = None, None, now
