"""The operators' addresses by which a service makes its states again from the facts and compares them, a page at a time.

Invariant: without `swap` nothing in use is changed; with it a page leaves each state whole, the old or the new. Repeating a page,
or beginning anew, is harmless. Each page is written down in the audit, and answers `next`: the cursor of the following page, null
after the last; the same page again where no source could be asked at all.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Depends

from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.ledger.rebuilding import Found, Page, Rebuilder
from shared.schemas.model import Frozen, Json, Text
from shared.service.audit import Audit
from shared.service.recovery import BAD_CURSOR, By, read

REBUILT_AT_ONCE = 100
NAMES = {
    "agrees": "agree",
    "differs": "differ",
    "swapped": "swapped",
    "changed": "changed",
    "impossible": "impossible",
    "unasked": "unasked",
}
NO_REQUEST = Refusal(
    code="no_such_request",
    status=404,
    message=Text(
        zh="本服务不认识这个申请（或人员、单位）；请核对编号。",
        en="This service knows no such request (or person or unit); check its id.",
    ),
)


class RebuildPlace(Frozen):
    """Behind which subject of which ledger the next page begins; `digest` is of all states that ledger's pages have rebuilt so far."""

    ledger: str
    after: str = ""
    digest: str = ""


def rebuild_routes(rebuilders: Mapping[str, Rebuilder[Any]], audit: Audit, authorised: Callable[..., Any]) -> APIRouter:
    """`rebuilders` by the names of their ledgers; pages go through them in that order."""
    router = APIRouter(prefix="/internal", dependencies=[Depends(authorised)], include_in_schema=False)

    @router.get("/rebuild")
    async def sized() -> dict[str, int]:
        return {name: await rebuilder.size() for name, rebuilder in rebuilders.items()}

    @router.post("/rebuild")
    async def rebuild(by: By, *, cursor: str = "", request: str = "", swap: bool = False) -> Json:
        if request:
            async with audit.deed("rebuild", by, {"request": request, "swap": swap}) as outcome:
                outcome.update(await _one(rebuilders, request, swap=swap))
            return {**outcome, "next": None}
        place = read(RebuildPlace, cursor) if cursor else RebuildPlace(ledger=next(iter(rebuilders)))
        if place.ledger not in rebuilders:
            raise Refused(BAD_CURSOR)
        async with audit.deed("rebuild", by, {"place": place.model_dump(), "swap": swap}) as outcome:
            page = await rebuilders[place.ledger].page(place.after, REBUILT_AT_ONCE, swap=swap)
            digest = page.digest(place.digest)
            outcome.update(_told(place.ledger, page.found), checksum=digest)
        following = _following(rebuilders, place, page, digest)
        return {**outcome, "next": following.model_dump_json() if following else None}

    return router


async def _one(rebuilders: Mapping[str, Rebuilder[Any]], subject: str, *, swap: bool) -> Json:
    """Rebuild one subject, in whichever ledger it is. Raises Refused when it is in none."""
    for ledger, rebuilder in rebuilders.items():
        if (found := await rebuilder.one(subject, swap=swap)) is not None:
            return {**_told(ledger, [found]), "checksum": found.checksum}
    raise Refused(NO_REQUEST)


def _told(ledger: str, found: Sequence[Found]) -> Json:
    """How many there are of each end, and whoever is not simply well, with why."""
    ends = {name: sum(one.end == end for one in found) for end, name in NAMES.items()}
    rows = [{"name": one.subject, "end": one.end, "why": one.why} for one in found if one.end != "agrees"]
    return {"ledger": ledger, "rebuilt": len(found), **ends, "rows": rows}


def _following(rebuilders: Mapping[str, Rebuilder[Any]], place: RebuildPlace, page: Page, digest: str) -> RebuildPlace | None:
    if page.found and page.count("unasked") == len(page.found):
        return place
    if page.last is not None:
        return place.model_copy(update={"after": page.last, "digest": digest})
    names = list(rebuilders)
    later = names[names.index(place.ledger) + 1 :]
    return RebuildPlace(ledger=later[0]) if later else None
