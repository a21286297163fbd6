"""One running service: starts its background tasks in order, and on the way out drains them within a bounded time."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Any

import structlog

from shared.ledger.worker import Worker
from shared.messaging.consumer import Consumer, Membership, Subscription
from shared.schemas.topics import PEOPLE
from shared.service.parts import LedgerRoom, Parts
from shared.telemetry import metrics
from shared.telemetry.health import Health

log = structlog.get_logger()
DRAIN_SECONDS = 20.0
GAUGE_SECONDS = 5.0
TRIM_SECONDS = 30.0
Prepare = Callable[[], Awaitable[None]]
Close = Callable[[], Awaitable[None]]
Loop = Callable[[], Coroutine[Any, Any, None]]


class Process:
    """The lifespan of a service. Its HTTP side answers while the broker is away; readiness says so."""

    def __init__(
        self,
        parts: Parts,
        *,
        rooms: Sequence[LedgerRoom],
        workers: Sequence[Worker],
        subscriptions: Sequence[Subscription],
        health: Health,
        prepare: Sequence[Prepare] = (),
        loops: Sequence[Loop] = (),
        closing: Sequence[Close] = (),
    ) -> None:
        self._parts = parts
        self._rooms = rooms
        self._workers = workers
        self._prepare = prepare
        self._loops = loops
        self._closing = closing
        self._tasks: list[asyncio.Task[None]] = []
        following = Subscription(topics=(PEOPLE,), handle=parts.people.handle, group=None)
        membership = Membership(
            session_timeout_ms=parts.settings.session_timeout_ms, rebalance_timeout_ms=parts.settings.rebalance_timeout_ms
        )
        self._consumer = Consumer(parts.settings.broker, parts.settings.service, (*subscriptions, following), membership)
        self._stopping = False
        health.ready("broker", self._broker_problem)
        health.ready("database", self._database_problem)
        health.live("tasks", self._task_problem)

    @asynccontextmanager
    async def lifespan(self, _app: object) -> AsyncIterator[None]:
        """Everything between start and stop."""
        await self._parts.open(self._rooms)
        for prepare in self._prepare:
            await prepare()
        loops: list[Loop] = [room.desk.work for room in self._rooms]
        loops += [worker.work for worker in self._workers]
        loops += [self._consumer.run, self._consumer.watch_lag, self._watch_ledgers, self._trim, self._reconcile, *self._loops]
        self._tasks = [asyncio.create_task(loop(), name=getattr(loop, "__qualname__", "loop")) for loop in loops]
        log.info("service.started", port=self._parts.settings.port)
        try:
            yield
        finally:
            await self._stop()

    async def _stop(self) -> None:
        """Readiness off, stop fetching, drain effects and desks together, commit, close."""
        self._stopping = True
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                await self._consumer.stop()
                await asyncio.gather(*(worker.drain(DRAIN_SECONDS / 2) for worker in self._workers))
                for room in self._rooms:
                    room.desk.close()
                desks = [task for task in self._tasks if task.get_name() == "Desk.work"]
                await asyncio.gather(*desks)
        except TimeoutError:
            log.warning("service.drain_cut_short", seconds=DRAIN_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for close in self._closing:
            await close()
        await self._parts.close()
        log.info("service.stopped")

    async def _watch_ledgers(self) -> None:
        """Keep the gauges of what waits and what is set aside true, until cancelled."""
        service = self._parts.settings.service
        while True:
            await asyncio.sleep(GAUGE_SECONDS)
            try:
                figures = await self._rooms[0].store.figures()
            except Exception as error:  # noqa: BLE001  # the database may be away; the next look finds out
                log.warning("service.figures_unknown", problem=type(error).__name__)
                continue
            oldest = figures.oldest_early
            metrics.PARKED.labels(service).set(figures.parked)
            metrics.EARLY_EVENTS.labels(service).set(figures.early)
            metrics.OLDEST_UNPROCESSED.labels(service).set((self._parts.clock.now() - oldest).total_seconds() if oldest else 0)

    async def _trim(self) -> None:
        """Keep long histories out of the documents, until cancelled."""
        while True:
            await asyncio.sleep(TRIM_SECONDS)
            for room in self._rooms:
                try:
                    await room.store.trim()
                except Exception as error:  # noqa: BLE001  # the database may be away; nothing is lost by trimming later
                    log.warning("service.history_not_trimmed", problem=type(error).__name__)

    async def _reconcile(self) -> None:
        """Compare what was heard with what was said, until cancelled."""
        reconcilers = [self._parts.people_reconciler, *(room.reconciler for room in self._rooms)]
        await asyncio.gather(*(reconciler.work(self._consumer.caught_up) for reconciler in reconcilers))

    def _broker_problem(self) -> str | None:
        if self._stopping:
            return "The service is stopping."
        return None if self._consumer.started else "The broker has not answered yet."

    async def _database_problem(self) -> str | None:
        try:
            async with asyncio.timeout(2):
                await self._parts.client.admin.command("ping")
        except Exception as error:  # noqa: BLE001  # any failure to answer is the answer
            return f"The database does not answer ({type(error).__name__})."
        return None

    def _task_problem(self) -> str | None:
        ended = [task.get_name() for task in self._tasks if task.done() and task.get_name() != "Consumer.run"]
        return f"These tasks have ended: {', '.join(ended)}." if ended and not self._stopping else None
