"""Finds other units' requests for the same tender, or the same customer and need, and tells both sides.

It works beside the ledger: a request is assigned whether it clashes or not. What a crash leaves undone the sweep finds.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

import structlog

from services.routing.clash_keys import ClashKeys, Mark
from services.routing.clash_store import MongoClashes, Pursuit
from services.routing.domain import State
from services.routing.domain.settling import FOUND, OVER, SETTLED
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
OVER_STATUSES = frozenset({"confirmed", "withdrawn"})
"""What a request in one of these pursued is free."""
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
SWEEP_SECONDS = 600.0
OLD = timedelta(seconds=60)
Batch = Mapping[str, tuple[State, list[ClashResolved]]]
"""The state of each request, and what was decided of its clashes."""
Tell = Callable[[Sequence[Told]], Awaitable[object]]


class Standing(Protocol):
    """What the guard asks routing's ledger."""

    async def pursuing(self, after: str, limit: int) -> Sequence[tuple[str, State]]:
        """Requests that are neither confirmed nor withdrawn, by id, those after `after`."""
        ...

    async def states(self, requests: Sequence[str]) -> Mapping[str, State]:
        """The states of those that there are."""
        ...


class ClashGuard:
    """Told of changes without waiting; `quiet` waits until all that was told is done. Nobody is told before `tell` is set."""

    def __init__(self, *, keys: ClashKeys, store: MongoClashes, requests: Standing, clock: Clock) -> None:
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
            await self._compare({subject: (state, _settled(state)) for subject, state in page}, self.tell)
        before, last = self._clock.now() - older_than, ""
        while claimants := await self._store.claimants(before, last, AT_ONCE):
            last = claimants[-1]
            states = await self._requests.states(claimants)
            ended: Batch = {subject: (state, []) for subject, state in states.items() if state.status in OVER_STATUSES}
            await self._compare(ended, self.tell)

    async def _run(self, tell: Tell) -> None:
        try:
            while self._waiting:
                batch, self._waiting = self._waiting, {}
                await self._compare(batch, tell)
        except Exception:  # what is left is found by the sweep
            log.exception("routing.clash_guard_failed")

    async def _compare(self, batch: Batch, tell: Tell) -> None:
        """Let what is pursued be claimed, then see who else claims it, and tell everybody what they do not know."""
        wanted = {subject: self._marks(state) for subject, (state, _) in batch.items()}
        before = await self._store.of(list(batch))
        claimed = {(subject, one.digest) for one in before for subject in one.claims}
        lacking = [
            (subject, _unit(batch[subject][0]), mark)
            for subject, marks in wanted.items()
            for mark in sorted(marks)
            if (subject, mark.digest) not in claimed
        ]
        lost = [
            (subject, one.digest)
            for one in before
            for subject in one.claims
            if subject in batch and one.digest not in {mark.digest for mark in wanted[subject]}
        ]
        await self._store.claim(lacking, self._clock.now())
        await self._store.release(lost)
        moved = sorted({digest for _, digest in lost})
        now = await self._store.of(list(batch), moved) if lacking or lost else before
        told = self._ended(batch, before, now)
        for pursuit in now:
            told += self._found(batch, pursuit) + self._decided(batch, pursuit)
        if told:
            await tell(list({(one.subject, one.name, one.data["clash"]): one for one in told}.values()))

    def _marks(self, state: State) -> frozenset[Mark]:
        over = state.request is None or state.status in OVER_STATUSES
        return frozenset() if over or state.request is None else self._keys.marks(state.request)

    def _found(self, batch: Batch, pursuit: Pursuit) -> list[Told]:
        """Whoever does not know it yet is told of each other unit; the first of a unit that claims it tells all the others.

        Whoever claims later reads that claim, so that everybody else need tell nobody but itself.
        """
        told, first = [], {unit: request for request, unit in reversed(list(pursuit.claims.items()))}
        for subject in sorted(batch.keys() & pursuit.claims.keys()):
            unit, state = pursuit.claims[subject], batch[subject][0]
            knows = {one.clash for one in state.clashes if one.resolution != "ended"}
            for other, theirs in sorted(pursuit.claims.items()):
                name = self._keys.name(pursuit.digest, unit, theirs)
                if theirs == unit or name in knows:
                    continue
                told.append(self._message(FOUND, subject, clash=name, kind=pursuit.kind, other_unit=theirs))
                if first[unit] == subject:
                    told.append(self._message(FOUND, other, clash=name, kind=pursuit.kind, other_unit=unit))
        return told

    def _decided(self, batch: Batch, pursuit: Pursuit) -> list[Told]:
        """What people of one side decided is told to the other, and to their own unit's other requests; not why."""
        told = []
        for subject in sorted(batch.keys() & pursuit.claims.keys()):
            for said in batch[subject][1]:
                pair = {pursuit.claims[subject], said.other_unit}
                if said.by == POLICY or self._keys.name(pursuit.digest, *sorted(pair)) != said.clash:
                    continue
                data = {"clash": said.clash, "resolution": said.resolution, "by": said.by}
                others = [one for one, unit in sorted(pursuit.claims.items()) if one != subject and unit in pair]
                told += [self._message(SETTLED, other, **data) for other in others]
        return told

    def _ended(self, batch: Batch, before: Sequence[Pursuit], now: Sequence[Pursuit]) -> list[Told]:
        """What is open with nobody on the other side any more is over, on both sides."""
        still = {one.digest: one.claims for one in now}
        live = {
            (subject, self._keys.name(one.digest, one.claims[subject], unit))
            for one in now
            for subject in batch.keys() & one.claims.keys()
            for unit in set(one.claims.values()) - {one.claims[subject]}
        }
        told = [
            self._message(OVER, subject, clash=clash.clash)
            for subject, (state, _) in batch.items()
            for clash in state.clashes
            if clash.resolution is None and state.status not in OVER_STATUSES and (subject, clash.clash) not in live
        ]
        for pursuit in before:
            for subject in sorted(batch.keys() & pursuit.claims.keys()):
                unit, left = pursuit.claims[subject], still.get(pursuit.digest, {})
                if subject in left or unit in left.values():
                    continue
                others = {one: theirs for one, theirs in pursuit.claims.items() if theirs != unit and one != subject}
                told += [
                    self._message(OVER, other, clash=self._keys.name(pursuit.digest, unit, theirs))
                    for other, theirs in sorted(others.items())
                ]
        return told

    def _message(self, name: str, subject: str, **data: str) -> Told:
        """Its id says nothing: the fact names it as its cause."""
        return Told(id=uuid.uuid4().hex, subject=subject, name=name, data=data, at=self._clock.now())


def _unit(state: State) -> str:
    return state.request.business_unit if state.request else ""


def _settled(state: State) -> list[ClashResolved]:
    """What people decided, as it was said, in case the other side was not told."""
    return [
        ClashResolved(clash=one.clash, kind=one.kind, other_unit=one.other_unit, resolution=one.resolution, by=one.by or POLICY)
        for one in state.clashes
        if one.resolution not in {None, "ended"}
    ]
