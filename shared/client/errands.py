"""What takes several calls: finding a request by its number, watching one, and sending an entry of the desk again."""

from typing import Literal

from shared.client.call import Call, Now, Pause, Steps, Stream, Tell, Told
from shared.client.commands import resent
from shared.client.models import FINAL, Seen, WholeRequest
from shared.client.problems import NotFound
from shared.client.reading import desk_entry, get, listing
from shared.schemas.model import Json
from shared.schemas.requests import NUMBER_PREFIX, Answer

WAIT_SECONDS = 20
EARLY_SECONDS = 5.0
"""So long an answer that nothing changed should take at least, where it was asked to wait longer."""
MESSAGE = "d-"
"""What the entry of a refused message begins with; every other is a request's id."""


def id_of(name: str) -> Told[str]:
    """The id that an id or a number names. Raises NotFound for a number that no request of the caller's has."""
    return Told(_id_of(name))


def find(name: str) -> Told[WholeRequest]:
    """The request of an id or a number such as BL-28492763. Raises NotFound."""
    return Told(_find(name))


def watch(request_id: str, *, wait: int = WAIT_SECONDS) -> Stream[WholeRequest]:
    """The request now, and again whenever it changed, until it has ended.

    A service where too many wait already answers at once that nothing changed: then the next question waits a while.
    """
    return Stream(_watch(request_id, wait))


def resend(
    entry: str,
    *,
    body: Json | None = None,
    patch: Json | None = None,
    action: Literal["submit", "amend", "withdraw"] | None = None,
    seen: int | None = None,
) -> Told[Answer]:
    """Send an entry of the desk again: a whole `body`, a `patch` (JSON Merge Patch) to what was sent, or the same once more.

    `seen` is the entry's own, as it was read: a correction that rests on what is no longer so is refused. No key: what is sent
    again is named by entry, `seen` and content. Without `seen` a request is read first, so that an answer that was lost is not a
    second correction; a refused message is named by its content alone.
    """
    return Told(_resend(entry, {"body": body, "patch": patch, "action": action, "seen": seen}))


def _resend(entry: str, correction: Json) -> Steps:
    if correction["seen"] is None and not entry.startswith(MESSAGE):
        correction = {**correction, "seen": (yield desk_entry(entry)).seen}
    return (yield resent(entry, correction))


def _id_of(name: str) -> Steps:
    if not name.strip().upper().startswith(NUMBER_PREFIX):
        return name.strip()
    found = (yield listing(number=name.strip())).requests
    if not found:
        text = {"zh": f"没有编号为 {name} 的申请。", "en": f"There is no request {name}."}
        raise NotFound(status=404, code="not_found", detail=text["en"], body={"message": text})
    return found[0].id


def _find(name: str) -> Steps:
    identifier = yield from _id_of(name)
    whole = (yield get(identifier)).whole
    assert whole is not None, "nothing was seen before"
    return whole


def _watch(request_id: str, wait: int) -> Steps:
    call: Call[Seen] = get(request_id)
    last: WholeRequest | None = None
    while True:
        asked = yield Now()
        seen: Seen = yield call
        if seen.whole is not None and seen.whole != last:  # the same again where something between took the tag away
            yield Tell(value=seen.whole)
            if seen.whole.status in FINAL:
                return
            last = seen.whole
        elif (early := min(max(wait, 1), EARLY_SECONDS) - ((yield Now()) - asked)) > 0:
            yield Pause(seconds=early)
        call = get(request_id, seen=seen.tag, wait=wait)
