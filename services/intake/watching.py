"""Callers who wait for a request to change: one query for all of them together, however many there are.

Invariant: nobody waits longer than was asked for, nobody keeps the process from ending, and no caller takes the others' places. All of
it counts in one process.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

log = structlog.get_logger()
LOOK_SECONDS = 0.5
MOST_WAITING = 2000
MOST_OF_CALLER = 50
Revisions = Callable[[Sequence[str]], Awaitable[Mapping[str, int]]]


class Watcher:
    """`revisions` tells the present revision of each request that is named; a request that does not exist is left out."""

    def __init__(self, revisions: Revisions, *, every: float = LOOK_SECONDS) -> None:
        self._revisions = revisions
        self._every = every
        self._waiting: dict[asyncio.Event, tuple[str, int]] = {}
        self._of_caller: Counter[str] = Counter()
        self._looking: asyncio.Task[None] | None = None
        self._stopped = False

    async def changed(self, request: str, seen: int, seconds: float, *, caller: str) -> None:
        """Return once the revision of `request` is another than `seen`, or after `seconds`; at once when too many wait already, of
        all or of this caller.
        """
        if self._stopped or len(self._waiting) >= MOST_WAITING or self._of_caller[caller] >= MOST_OF_CALLER:
            return
        self._of_caller[caller] += 1
        try:
            await self._until_changed(request, seen, seconds)
        finally:
            self._of_caller[caller] -= 1
            if not self._of_caller[caller]:
                del self._of_caller[caller]

    async def _until_changed(self, request: str, seen: int, seconds: float) -> None:
        woken = asyncio.Event()
        self._waiting[woken] = (request, seen)
        if self._looking is None or self._looking.done():
            self._looking = asyncio.create_task(self._look())
        try:
            async with asyncio.timeout(seconds):
                await woken.wait()
        except TimeoutError:
            return
        finally:
            self._waiting.pop(woken, None)

    def stop(self) -> None:
        """Let everybody go, and nobody wait any more."""
        self._stopped = True
        self._wake_all()

    def _wake_all(self) -> None:
        for woken in self._waiting:
            woken.set()

    async def _look(self) -> None:
        while self._waiting:
            await asyncio.sleep(self._every)
            asked = dict(self._waiting)
            try:
                now = await self._revisions(sorted({request for request, _ in asked.values()}))
            except Exception as error:  # noqa: BLE001  # whatever keeps us from looking: they look themselves, and are told what it is
                log.warning("watching.failed", problem=type(error).__name__)
                self._wake_all()
                return
            for woken, (request, seen) in asked.items():
                if now.get(request) != seen:
                    woken.set()
