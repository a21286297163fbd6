"""How the items of a document are leased, kept and ended, and how the domain is told: what a worker asks of one draft."""

from datetime import timedelta

from shared.ledger import items
from shared.ledger.deciding import Deciding
from shared.ledger.document import StoredItem
from shared.ledger.domain import C, S
from shared.ledger.messages import Decision, Item, Lease, Outcome, Passing, Postponing, Settled


def lease(draft: Deciding[S, C], owner: str, limit: int, term: timedelta, max_tries: int) -> list[Item]:
    """Lease up to `limit` items that are due; one whose lease ran out for good ends instead, in doubt or given up."""
    leased: list[Item] = []
    if draft.document.unsure:
        return leased
    for item in [item for item in draft.document.items if item.status in items.LEASABLE]:
        if not items.is_due(item, draft.now) or items.find(draft.document, item.id) is not item:
            continue  # the second: forgotten, or cancelled and forgotten, by the end of one before it
        if (over := items.over_without_owner(draft.document, item, max_tries)) is not None:
            settle(draft, over)
        elif len(leased) < limit:
            leased.append(items.take_lease(draft.document, item, owner, draft.now + term))
            draft.changed = True
    return leased


def keep(draft: Deciding[S, C], message: Lease) -> Outcome:
    """Note what an owner says of its lease; the answer tells whether the lease still stood."""
    match message:
        case Passing(item=item, owner=owner):
            kept = items.pass_point(draft.document, item, owner, draft.now)
        case Postponing(item=item, owner=owner, due=due, problem=problem, counted=counted):
            kept = items.postpone(draft.document, item, owner, due, problem, counted=counted)
    draft.changed = draft.changed or kept
    return draft.outcome(Decision(answer={"passed": kept}))


def settle(draft: Deciding[S, C], message: Settled) -> Outcome:
    """End an item and tell the domain; an end that comes twice, or from whoever lost the lease, changes nothing."""
    item = items.find(draft.document, message.item.id)
    if item is None or not items.takes_end(draft.document, item, message):
        return draft.outcome(repeated=True)
    items.end(item, message, draft.now)
    draft.changed = True
    return _tell(draft, item) if item.status == "ended" else draft.outcome()


def note(draft: Deciding[S, C], message: Settled) -> None:
    """End an item without telling the domain, because what would come of it cannot be stored."""
    item = items.find(draft.document, message.item.id)
    if item is not None and items.takes_end(draft.document, item, message):
        items.end(item, message, draft.now)
        draft.changed = True


def tell_ended(draft: Deciding[S, C], *, at_once: bool = False) -> None:
    """Tell the domain the ends it could not take before, those that are due again or, `at_once`, all of them."""
    when = draft.now + items.TELL_AGAIN if at_once else draft.now
    for waiting in items.ended(draft.document, when):
        draft.changed = True
        _tell(draft, waiting)


def _tell(draft: Deciding[S, C], item: StoredItem) -> Outcome:
    """Tell the domain how an item ended; if it cannot take it, the item stays `ended` and is told again later."""
    outcome = draft.attempt(items.settled(draft.document, item), cause=f"{item.id}:{item.end}")
    if not outcome.problem and item.status == "ended":
        items.close(item)
    return outcome
