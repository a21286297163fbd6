"""Wakes waiting requests when people or seats change: one run at a time, and what changes meanwhile makes the next run.

Invariant: after a change of people every waiting request is woken, and each in which somebody who is away has a part, however many
there are.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from services.routing.domain.seasons.ageing import Queued
from services.routing.ports import Pursuit, Requests, Wake

log = structlog.get_logger()
AT_ONCE = 100
FOR_A_SEAT = 20
MOST_ORDERED = 5000
"""So many of those that wait, the longest, are put in another order in season."""
Order = Callable[[Sequence[Queued]], Awaitable[Sequence[str] | None]]
"""Puts those that wait in the order in which they are tried; None: they are in it."""


class Waker:
    """Told of changes without waiting; `quiet` waits until all that was told is done."""

    def __init__(self, requests: Requests, order: Order | None = None) -> None:
        self._order = order
        self._requests = requests
        self._reason: str | None = None
        self._roles: set[str] = set()
        self._progressed: set[Pursuit] = set()
        self._away: frozenset[str] = frozenset()
        self._named: frozenset[str] = frozenset()
        self._looking: frozenset[str] = frozenset()
        self._running: asyncio.Task[None] | None = None
        self.wake: Wake | None = None

    def everybody(self, reason: str) -> None:
        """Wake every waiting request."""
        self._reason = reason
        self._start()

    def seats_freed(self, roles: frozenset[str]) -> None:
        """Wake the requests that wait longest for somebody in `roles` who was full."""
        self._roles |= roles
        self._start()

    def progressed(self, pursuits: frozenset[Pursuit]) -> None:
        """Wake the bids of which a part has come on, or has fallen back."""
        self._progressed |= pursuits
        self._start()

    def named(self, requests: frozenset[str], looking: frozenset[str]) -> None:
        """Wake whoever names one of `requests`, which have come on; and those of `looking`, which may have looked before that."""
        if requests or looking:
            self._named |= requests
            self._looking |= looking
            self._start()

    async def published(self, almanac: str) -> None:
        """Wake whoever has a clock that was reckoned with days that were not published then, by another calendar than `almanac`."""
        last = ""
        while self.wake is not None and (page := await self._requests.provisional(almanac, last, AT_ONCE)):
            last = page[-1]
            await self.wake(page, "almanac")

    def away(self, people: frozenset[str]) -> None:
        """Wake the open requests in which somebody of `people`, who are away, has a part."""
        if people:
            self._away |= people
            self._start()

    async def quiet(self) -> None:
        """Wait until nothing is being woken."""
        while self._running is not None and not self._running.done():
            await asyncio.wait({self._running})

    def _start(self) -> None:
        if self.wake is not None and (self._running is None or self._running.done()):
            self._running = asyncio.create_task(self._run(self.wake))

    async def _run(self, wake: Wake) -> None:
        try:
            while self._reason or self._roles or self._progressed or self._away or self._named or self._looking:
                # Each is taken when its turn comes: what one of them raises leaves the others to the next run.
                await self._wake_linked(wake)
                progressed, self._progressed = self._progressed, set()
                if progressed and (bids := await self._requests.open_bids(sorted(progressed))):
                    await wake(bids, "part_progressed")
                away, self._away = self._away, frozenset()
                if away:
                    await self._wake_their(wake, sorted(away))
                reason, self._reason = self._reason, None
                roles, self._roles = self._roles, set()
                if reason:
                    await self._wake_all(wake, reason)
                elif roles and (requests := await self._for_a_seat(sorted(roles))):
                    await wake(requests, "seat_freed")
        except Exception:  # whoever waits is woken again by the next change, and by the sweep
            log.exception("routing.wake_failed")

    async def _wake_linked(self, wake: Wake) -> None:
        """However many name one request, a page at a time."""
        named, self._named = self._named, frozenset()
        looking, self._looking = self._looking, frozenset()
        subjects = sorted({*looking, *(await self._requests.naming(sorted(named)) if named else ())})
        for start in range(0, len(subjects), AT_ONCE):
            await wake(subjects[start : start + AT_ONCE], "linked")

    async def _wake_all(self, wake: Wake, reason: str) -> None:
        last: tuple[str, str] | None = None
        if ordered := await self._in_order(queue := await self._requests.queue(MOST_ORDERED) if self._order else ()):
            for start in range(0, len(ordered), AT_ONCE):
                await wake(ordered[start : start + AT_ONCE], reason)
            if len(queue) < MOST_ORDERED:
                return
            last = (queue[-1].since.isoformat(), queue[-1].request)
        while page := await self._requests.waiting(AT_ONCE, last):
            last = page[-1]
            await wake([request for _, request in page], reason)

    async def _for_a_seat(self, roles: Sequence[str]) -> Sequence[str]:
        """Who is tried first for a place that somebody in `roles` has again."""
        if self._order and (ordered := await self._in_order(await self._requests.queue(MOST_ORDERED, roles))):
            return ordered[:FOR_A_SEAT]
        return await self._requests.waiting_for(roles, FOR_A_SEAT)

    async def _in_order(self, queue: Sequence[Queued]) -> Sequence[str] | None:
        return await self._order(queue) if self._order and queue else None

    async def _wake_their(self, wake: Wake, people: Sequence[str]) -> None:
        last = ""
        while page := await self._requests.held_by(people, AT_ONCE, last):
            last = page[-1]
            await wake(page, "away")
