"""Finds other units' requests for the same tender, or the same customer and need, and tells both sides.

It works beside the ledger: a request is assigned whether it clashes or not. What a crash leaves undone the sweep finds.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from services.routing.clash_keys import ClashKeys, Mark
from services.routing.clash_store import Pursuit
from services.routing.clash_tidings import OVER_STATUSES, Batch, Sides, decided, found, known, left, once, over
from services.routing.domain import State
from services.routing.ports import Clock
from shared.ledger.messages import Told
from shared.schemas.clashes import ClashResolved
from shared.schemas.envelope import Event
from shared.schemas.intake import RequestSubmitted
from shared.schemas.registry import TYPE_OF
from shared.schemas.routing import (
    POLICY,
    AssignmentWaiting,
    CoordinatorAssigned,
    DeliveryConfirmed,
    RequestAmended,
    RequestWithdrawn,
)

log = structlog.get_logger()
MOVING = frozenset(
    TYPE_OF[one]
    for one in (
        RequestSubmitted,
        CoordinatorAssigned,
        AssignmentWaiting,
        RequestAmended,
        RequestWithdrawn,
        DeliveryConfirmed,
        ClashResolved,
    )
)
AT_ONCE = 200
"""So many requests are compared, and so many messages told, at a time."""
SWEEP_SECONDS = 600.0
OLD = timedelta(seconds=60)
Tell = Callable[[Sequence[Told]], Awaitable[object]]


class Standing(Protocol):
    """What the guard asks routing's ledger; of states only request, clashes, status and revision are there."""

    async def pursuing(self, after: str, limit: int) -> Sequence[tuple[str, State]]:
        """Requests that are neither confirmed nor withdrawn, by id, those after `after`."""
        ...

    async def states(self, requests: Sequence[str]) -> Mapping[str, State]:
        """The states of those that there are."""
        ...


class Claims(Protocol):
    """Who pursues what, as it is kept (`clash_store.py`)."""

    async def of(self, requests: Sequence[str], digests: Sequence[str] = ()) -> Sequence[Pursuit]: ...
    async def claim(self, wanted: Sequence[tuple[str, str, Mark]], at: datetime) -> None: ...
    async def release(self, claims: Sequence[tuple[str, str]]) -> None: ...
    async def claimants(self, before: datetime, after: str) -> tuple[str, Sequence[str]] | None: ...


class ClashGuard:
    """Told of changes without waiting; `quiet` waits until all that was told is done. Nobody is told before `tell` is set."""

    def __init__(self, *, keys: ClashKeys, store: Claims, requests: Standing, clock: Clock) -> None:
        self._keys = keys
        self._store = store
        self._requests = requests
        self._clock = clock
        self._waiting: dict[str, tuple[State, list[ClashResolved]]] = {}
        self._running: asyncio.Task[None] | None = None
        self.tell: Tell | None = None

    def applied(self, subjects: Sequence[tuple[str, object, tuple[Event, ...]]]) -> None:
        """After a write: (subject, new state, new own events). What is lost of it the sweep finds."""
        for subject, state, events in subjects:
            if isinstance(state, State) and any(event.type in MOVING for event in events):
                decided = [event.read_as(ClashResolved) for event in events if event.type == TYPE_OF[ClashResolved]]
                before = self._waiting.get(subject, (state, []))
                latest = max(before[0], state, key=lambda one: one.revision)
                self._waiting[subject] = (latest, [*before[1], *decided])
        if self._waiting and self.tell is not None and (self._running is None or self._running.done()):
            self._running = asyncio.create_task(self._run(self.tell))

    async def quiet(self) -> None:
        """Wait until nothing is being compared."""
        while self._running is not None and not self._running.done():
            await asyncio.wait({self._running})

    async def sweep(self) -> None:
        """Reconcile claims and requests, until cancelled."""
        while True:
            try:
                await self.reconcile()
            except Exception:  # the database may be away; the next sweep finds the same
                log.exception("routing.clash_sweep_failed")
            await asyncio.sleep(SWEEP_SECONDS)

    async def reconcile(self, older_than: timedelta = OLD) -> None:
        """Every request that pursues something claims it, and nobody else does; both sides of every clash know of it."""
        if self.tell is None:
            return
        last = ""
        while page := await self._requests.pursuing(last, AT_ONCE):
            last = page[-1][0]
            batch = {subject: (state, _settled(state)) for subject, state in page}
            await self._page(self._compare(batch, self.tell))
        before, place = self._clock.now() - older_than, ""
        while claims := await self._store.claimants(before, place):
            place, claimants = claims
            for start in range(0, len(claimants), AT_ONCE):
                await self._page(self._let_go(claimants[start : start + AT_ONCE], self.tell))

    async def _page(self, work: Awaitable[None]) -> None:
        """One page of a sweep: what fails keeps no other page from its turn, and the next sweep finds it again."""
        try:
            await work
        except Exception:
            log.exception("routing.clash_page_failed")

    async def _let_go(self, claimants: Sequence[str], tell: Tell) -> None:
        """Take back what those of `claimants` claim that pursue nothing any more."""
        states = await self._requests.states(claimants)
        ended: Batch = {subject: (state, []) for subject, state in states.items() if state.status in OVER_STATUSES}
        if ended:
            await self._compare(ended, tell)

    async def _run(self, tell: Tell) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, {}
                await self._compare(batch, tell)
        except Exception:  # what is left is found by the sweep
            log.exception("routing.clash_guard_failed")

    async def _compare(self, batch: Batch, tell: Tell) -> None:
        """Let what is pursued be claimed, then see who else claims it, and tell everybody what they do not know."""
        wanted = {subject: {mark.digest: mark for mark in self._marks(state)} for subject, (state, _) in batch.items()}
        before = await self._store.of(list(batch))
        claimed = {(subject, one.digest) for one in before for subject in batch.keys() & one.claims.keys()}
        lacking = [
            (subject, _unit(batch[subject][0]), mark)
            for subject, marks in wanted.items()
            for digest, mark in sorted(marks.items())
            if (subject, digest) not in claimed
        ]
        lost = sorted((subject, digest) for subject, digest in claimed if digest not in wanted[subject])
        await self._store.claim(lacking, self._clock.now())
        await self._store.release(lost)
        moved = sorted({digest for _, digest in lost})
        now = await self._store.of(list(batch), moved) if lacking or lost else before
        told = once(await self._tidings(batch, before, now))
        for start in range(0, len(told), AT_ONCE):
            await tell(told[start : start + AT_ONCE])

    async def _tidings(self, batch: Batch, before: Sequence[Pursuit], now: Sequence[Pursuit]) -> list[Told]:
        """What is to be told of each pursuit; between two of them everything else has its turn."""
        at, still, knows = self._clock.now(), {one.digest: one.claims for one in now}, known(batch)
        ended: list[Told] = []
        begun: list[Told] = []
        live: set[tuple[str, str]] = set()
        for pursuit in before:
            ended += left(batch, Sides(pursuit, self._keys), still.get(pursuit.digest, {}), at)
            await asyncio.sleep(0)
        for pursuit in now:
            sides = Sides(pursuit, self._keys)
            live |= sides.live(batch)
            begun += found(batch, sides, knows, at) + decided(batch, sides, at)
            await asyncio.sleep(0)
        return [*over(batch, live, at), *ended, *begun]

    def _marks(self, state: State) -> frozenset[Mark]:
        closed = state.request is None or state.status in OVER_STATUSES
        return frozenset() if closed or state.request is None else self._keys.marks(state.request)


def _unit(state: State) -> str:
    return state.request.business_unit if state.request else ""


def _settled(state: State) -> list[ClashResolved]:
    """What people decided, as it was said, in case the other side was not told."""
    return [
        ClashResolved(clash=one.clash, kind=one.kind, other_unit=one.other_unit, resolution=one.resolution, by=one.by or POLICY)
        for one in state.clashes
        if one.resolution not in {None, "ended"}
    ]
