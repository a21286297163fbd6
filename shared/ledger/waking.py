"""When a document must be looked at again. Pure.

Invariant: messages that come in between put no wake-up off; only the wake-up itself does, once it was acted on.
"""

from datetime import datetime, timedelta

from shared.ledger import items
from shared.ledger.document import Document

RESEND = timedelta(seconds=5)
GAP = timedelta(seconds=3)
LONGEST_GAP = timedelta(seconds=60)
STUCK = timedelta(seconds=30)
PAUSE = timedelta(seconds=1)
SEEN = timedelta(seconds=15)


def until_said_again(wake_at: datetime | None, now: datetime) -> datetime:
    """The wake-up of a document with something unpublished: whoever writes also publishes what is left, so each may put it off."""
    return min(wake_at, now + RESEND) if wake_at else now + RESEND


def next_wake_up(document: Document, timer: datetime | None, *, now: datetime, woken: bool, stuck: bool) -> datetime | None:
    """The earliest of: the domain's `timer`, gap question, an item that is due; of a document that has published all it says.

    `woken`: this is the answer to a wake-up, so what was due has been seen to and is not due again at once. `stuck`: the
    domain could not decide on it.
    """
    # An end that the domain could not take waits for the redrive once its request is set aside, and wakes nobody until then.
    # What a restore could not make whole has nothing performed until then either.
    waiting = [item for item in document.items if document.parked is None or not (document.unsure or item.status == "ended")]
    times = [_looked_for(item_due, now, woken=woken) for item in waiting if (item_due := items.due_at(item)) is not None]
    if timer is not None:
        times.append(max(timer, now + (STUCK if stuck else PAUSE)) if woken else timer)
    if document.early and document.parked is None:
        since = min(held.since for held in document.early)
        # Asked at once, then less and less often: each time it has been open twice as long.
        times.append(now + min(max(GAP, now - since), LONGEST_GAP) if woken else since + GAP)
    return min(times, default=None)


def _looked_for(due: datetime, now: datetime, *, woken: bool) -> datetime:
    """When a sweep looks for an item: when it comes due, or, of one that a worker hears of now, in case that worker is lost."""
    if due > now:
        return due
    return (now if woken else due) + SEEN
