"""Reads the requests that others name, and finds those that wait for one that has come on.

Invariant: whoever notes how a request stands is looked at again after that is written. So of two that are written at once, what
names and what is named, one sees the other; what a crash leaves undone the sweep finds.
"""

from collections.abc import Sequence

from services.routing.domain import State
from services.routing.domain.linking.looking import LONGEST_ROW, linked_of, standing
from services.routing.domain.linking.state import Found, Link, Linked, Namer, named_in
from services.routing.ports import Requests, Wake
from shared.ledger.messages import Heard, Message, Woken
from shared.schemas.envelope import Event
from shared.schemas.intake import AmendmentRequested, RequestSubmitted
from shared.schemas.links import (
    PRICE,
    PRICE_REQUEST,
    LinkedRequest,
    LinkedRequestAwaited,
    LinkedRequestDecided,
    LinkedRequestFailed,
)
from shared.schemas.registry import TYPE_OF
from shared.schemas.requests import Request
from shared.schemas.routing import RequestAmended, RequestReopened, RequestWithdrawn, WorkCompleted

ASKED = frozenset({TYPE_OF[RequestSubmitted], TYPE_OF[AmendmentRequested]})
COMES_ON = frozenset({TYPE_OF[WorkCompleted], TYPE_OF[RequestReopened], TYPE_OF[RequestWithdrawn]})
"""After these whoever names the request finds it otherwise."""
NOTED = frozenset(
    TYPE_OF[fact] for fact in (LinkedRequestAwaited, LinkedRequestFailed, LinkedRequestDecided, RequestAmended, RequestReopened)
)
"""After these it is looked at again what is named."""
AT_ONCE = 200
Subjects = Sequence[tuple[str, object, tuple[Event, ...]]]
"""What was written: (subject, new state, new own events)."""


async def found(requests: Requests, messages: Sequence[Message]) -> Found:
    """What the requests of a batch name, and what that names in turn; nothing is asked where nothing is named."""
    ids = {link.request for message in messages if (link := _asked(message))}
    woken = sorted({message.subject for message in messages if isinstance(message, Woken)})
    if woken:
        ids |= {link.request for link in (await requests.links(woken)).values()}
    return await _rows(requests, ids)


async def _rows(requests: Requests, ids: set[str]) -> Found:
    """The requests of `ids`, and those they name in turn, as far as anybody follows. Those that cannot be read are left out."""
    result: dict[str, Linked | None] = {}
    unread: set[str] = set()
    for _ in range(LONGEST_ROW + 1):
        wanted = sorted(ids - result.keys() - unread)
        if not wanted:
            break
        states = await requests.named(wanted)
        unread |= {one for one, state in states.items() if state is None}
        result |= {one: linked_of(one, state) if (state := states.get(one)) else None for one in wanted if one not in unread}
        ids = {one.awaits for one in result.values() if one is not None and one.awaits}
    return result


def moved(subjects: Subjects) -> tuple[frozenset[str], frozenset[str]]:
    """After a write: the requests of which whoever names them is to look again, and those that are to look again themselves."""
    named, looking = set[str](), set[str]()
    for subject, state, events in subjects:
        if isinstance(state, State) and state.request is not None:
            if state.request.type == PRICE and any(event.type in COMES_ON for event in events):
                named.add(subject)
            if state.link is not None and state.link.live and any(event.type in NOTED for event in events):
                looking.add(subject)
    return frozenset(named), frozenset(looking)


async def sweep(requests: Requests, wake: Wake) -> None:
    """Wake every open request that knows otherwise of what it names than it stands."""
    last = ""
    while page := await requests.all_naming(last, AT_ONCE):
        last = page[-1][0]
        states = await _rows(requests, {link.request for _, _, link in page})
        if late := [subject for subject, by, link in page if _otherwise(subject, by, link, states)]:
            await wake(late, "linked")


def _otherwise(subject: str, by: Namer, link: Link, states: Found) -> bool:
    if link.request not in states:
        return False
    now, one = standing(subject, by, link, states), states[link.request]
    return now != link.standing or (not link.holds and one is not None and one.round != link.round)


def _asked(message: Message) -> LinkedRequest | None:
    request = message.event.data.get("request") if isinstance(message, Heard) and message.event.type in ASKED else None
    details = request.get("details") if isinstance(request, dict) else None
    if not isinstance(details, dict) or PRICE_REQUEST not in details:
        return None
    try:
        return named_in(Request.model_validate(request))
    except ValueError:  # whatever is wrong with one message is found when it is decided, and concerns its own request
        return None
