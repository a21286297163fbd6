"""What an assignment reads, and how seats are secured before it is written and given back after it has ended.

Invariant: nobody's open seats ever exceed the capacity they were reserved under, in any number of processes.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

import structlog

from services.routing.domain import Context, OpenLoad, State
from shared.catalogue import Pack
from shared.ledger.messages import Decision, Message, Reservation
from shared.people.copy import DirectoryCopy
from shared.schemas.envelope import Event
from shared.schemas.registry import TYPE_OF
from shared.schemas.routing import AssignmentWaiting, CoordinatorAssigned, SupportersAssigned
from shared.telemetry import metrics

log = structlog.get_logger()
SWEEP_SECONDS = 30.0
WOKEN_AT_ONCE = 20


class Clock(Protocol):
    def now(self) -> datetime: ...


class Seats(Protocol):
    """The open work of each person, one small guarded document each."""

    async def loads(self) -> Mapping[str, OpenLoad]:
        """Everybody's open work."""
        ...

    async def reserve(self, wanted: Sequence[tuple[str, Reservation]], at: datetime) -> frozenset[str]:
        """Secure (request, reservation)s in one conditional bulk; the requests of which any was refused, none of them held."""
        ...

    async def release(self, given_back: Sequence[tuple[str, str]]) -> int:
        """Give back (request, person) seats; how many were held."""
        ...

    async def held(self) -> Sequence[tuple[str, str, datetime]]:
        """(request, person, since) of every seat."""
        ...


class Requests(Protocol):
    """What routing asks its own ledger about other requests."""

    async def holders(self, requests: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Per request, who holds a seat by its state."""
        ...

    async def waiting(self, limit: int) -> Sequence[str]:
        """The requests that wait longest."""
        ...

    async def familiar(self, opportunities: Sequence[str]) -> Mapping[str, frozenset[str]]:
        """Per opportunity, everybody who has had a seat in one of its requests."""
        ...


Wake = Callable[[Sequence[str], str], Awaitable[None]]
"""Wake requests for a reason: wake(subjects, reason)."""


class RoutingSurroundings:
    """The Surroundings of routing's ledger."""

    def __init__(
        self, *, clock: Clock, people: DirectoryCopy, packs: Mapping[tuple[str, str], Pack], seats: Seats, requests: Requests
    ) -> None:
        self._clock = clock
        self._people = people
        self._packs = packs
        self._seats = seats
        self._requests = requests
        self.wake: Wake | None = None
        self._waking: set[asyncio.Task[None]] = set()

    async def context(self, messages: Sequence[Message]) -> Context:
        """Loads and familiarity in one query each."""
        opportunities = {found for message in messages if (found := _opportunity(message))}
        familiar = await self._requests.familiar(sorted(opportunities)) if opportunities else {}
        loads = await self._seats.loads()
        return Context(now=self._clock.now(), directory=self._people.directory, loads=loads, familiar=familiar, packs=self._packs)

    async def reserve(self, wanted: Sequence[tuple[str, Decision]]) -> frozenset[str]:
        """One conditional bulk for the whole batch."""
        pairs = [(subject, reservation) for subject, decision in wanted for reservation in decision.reservations]
        refused = await self._seats.reserve(pairs, self._clock.now())
        metrics.SEATS_REFUSED.inc(len(refused))
        return refused

    async def applied(self, subjects: Sequence[tuple[str, object, tuple[Event, ...]]]) -> None:
        """Give back the seats of those who left; a freed seat wakes the requests that wait longest."""
        _count([event for _, _, events in subjects for event in events])
        states = {subject: state for subject, state, _ in subjects if isinstance(state, State)}
        left = [
            (subject, person)
            for subject, _, events in subjects
            for event in events
            for person in _leaving(event, states[subject])
        ]
        if left and await self._seats.release(left):
            self._wake_later("seat_freed")

    async def people_changed(self) -> None:
        """Whoever waits may now be helped."""
        self._wake_later("people_changed")

    async def sweep(self) -> None:
        """Give back seats whose request does not know their holder, until cancelled; a crash may leave such a seat behind."""
        while True:
            await asyncio.sleep(SWEEP_SECONDS)
            try:
                await self.reconcile(SWEEP_SECONDS * 2)
            except Exception:  # the database may be away; the next sweep finds the same
                log.exception("routing.sweep_failed")

    async def reconcile(self, older_than: float) -> int:
        """Release seats held for longer than `older_than` seconds that no request's state knows; how many."""
        now = self._clock.now()
        old = [
            (request, person) for request, person, since in await self._seats.held() if (now - since).total_seconds() > older_than
        ]
        holders = await self._requests.holders(sorted({request for request, _ in old}))
        orphans = [(request, person) for request, person in old if person not in holders.get(request, frozenset())]
        released = await self._seats.release(orphans) if orphans else 0
        if released:
            log.warning("routing.orphan_seats_released", seats=released)
            self._wake_later("seat_freed")
        return released

    def _wake_later(self, reason: str) -> None:
        task = asyncio.create_task(self._wake(reason))
        self._waking.add(task)
        task.add_done_callback(self._waking.discard)

    async def _wake(self, reason: str) -> None:
        if self.wake is None:
            return
        try:
            waiting = await self._requests.waiting(WOKEN_AT_ONCE)
            if waiting:
                await self.wake(waiting, reason)
        except Exception:  # whoever waits is woken again by the next change
            log.exception("routing.wake_failed")


def _opportunity(message: Message) -> str | None:
    event = getattr(message, "event", None)
    request = event.data.get("request") if event is not None else None
    opportunity = request.get("opportunity") if isinstance(request, dict) else None
    return opportunity.get("id") if isinstance(opportunity, dict) else None


def _leaving(event: Event, state: State) -> frozenset[str]:
    """Whose seats an event frees."""
    match event.type:
        case "backline.routing.work_declined":
            return frozenset({event.data["by"]}) - state.holders()
        case "backline.routing.work_completed" | "backline.routing.request_withdrawn":
            seats = [state.coordinator] if state.coordinator else []
            return frozenset(seat.person for seat in (*seats, *state.supporters))
        case _:
            return frozenset()


def _count(events: Sequence[Event]) -> None:
    for event in events:
        if event.type == TYPE_OF[CoordinatorAssigned]:
            metrics.ASSIGNMENTS.labels("coordinator", "assigned").inc()
        elif event.type == TYPE_OF[SupportersAssigned]:
            metrics.ASSIGNMENTS.labels("supporter", "assigned").inc()
        elif event.type == TYPE_OF[AssignmentWaiting]:
            metrics.ASSIGNMENTS.labels(event.data["step"], "waiting").inc()
