"""One running service: starts its background tasks in order, ends them in order and in time, and ends itself when it is lost.

Invariant: whatever hangs at the end, all its stages together stay below the grace time of whoever stops it (30 s in
docker-compose.yml): HTTP first (shared/http/server.py), then effects, desks, tasks and connections; threads that hang end with it.
"""

import asyncio
import gc
import signal
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
EFFECTS_SECONDS = 12.0
DESKS_SECONDS = 3.0
MARKS_SECONDS = 0.5
CLOSE_SECONDS = 2.0
WATCH_SECONDS = 2.0
GAUGE_SECONDS = 5.0
TRIM_SECONDS = 30.0
COLLECTOR = (20_000, 20, 50)
"""New objects before the youngest are looked through, and how many such looks before the next generation's (gc.set_threshold)."""
Prepare = Callable[[], Awaitable[None]]
Close = Callable[[], Awaitable[None]]
Loop = Callable[[], Coroutine[Any, Any, None]]


def end_process() -> None:
    """Ask this process to end in its ordinary way."""
    signal.raise_signal(signal.SIGTERM)


class Process:
    """The lifespan of a service. Its HTTP side answers while the broker is away; readiness says so.

    A process is disposable: one that is lost (a task ended, nothing is read although records wait) calls `end`, and
    whoever supervises it starts another.
    """

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
        end: Callable[[], None] = end_process,
        consumer: Consumer | None = None,
    ) -> None:
        self._parts = parts
        self._rooms = rooms
        self._workers = workers
        self._prepare = prepare
        self._loops = loops
        self._closing = closing
        self._end = end
        self._health = health
        self._tasks: list[asyncio.Task[None]] = []
        self._consumer = consumer or _consumer(parts, subscriptions)
        self._stopping = False
        health.ready("broker", self._broker_problem)
        health.ready("database", self._database_problem)
        health.live("tasks", self._lost)

    @asynccontextmanager
    async def lifespan(self, _app: object) -> AsyncIterator[None]:
        """Everything between start and stop."""
        await self._parts.open(self._rooms)
        for prepare in self._prepare:
            await prepare()
        keep_for_good()
        loops: list[Loop] = [room.desk.work for room in self._rooms]
        loops += [worker.work for worker in self._workers]
        loops += [
            self._consumer.run,
            self._consumer.watch,
            self._watch,
            self._watch_ledgers,
            self._trim,
            self._reconcile,
            *self._loops,
        ]
        self._tasks = [asyncio.create_task(loop(), name=getattr(loop, "__qualname__", "loop")) for loop in loops]
        log.info("service.started", port=self._parts.settings.port)
        try:
            yield
        finally:
            await self._stop()

    def stop_taking(self) -> None:
        """Take on nothing more: not ready, no more batches, no more leases. What is under way goes on. Safe in a signal handler."""
        self._stopping = True
        self._health.stop()
        self._consumer.stop_fetching()
        for worker in self._workers:
            worker.stop()

    async def _stop(self) -> None:
        """Readiness off, nothing new; effects and handlers drained together and committed; desks; connections."""
        self.stop_taking()
        draining = [self._consumer.drain(EFFECTS_SECONDS), *(worker.drain(EFFECTS_SECONDS) for worker in self._workers)]
        await _within(EFFECTS_SECONDS + 0.5, "effects", asyncio.gather(*draining))
        for room in self._rooms:
            room.desk.close()
        desks = [task for task in self._tasks if task.get_name() == "Desk.work"]
        await _within(DESKS_SECONDS, "desks", asyncio.gather(*desks))
        marks = (room.ledger.publishing.marks.flush() for room in self._rooms)
        await _within(MARKS_SECONDS, "marks", asyncio.gather(*marks))
        for task in self._tasks:
            task.cancel()
        groups = self._consumer.close(CLOSE_SECONDS)
        await _within(CLOSE_SECONDS, "tasks", asyncio.gather(groups, *self._tasks, return_exceptions=True))
        await _within(CLOSE_SECONDS, "connections", self._close())
        log.info("service.stopped")

    async def _close(self) -> None:
        for close in (*self._closing, self._parts.close):
            await close()

    async def _watch(self) -> None:
        """End this process when it is lost, until cancelled. Twice in a row, since a task may just be begun again."""
        before = None
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            problem = self._lost()
            if problem and before:
                log.critical("service.lost", problem=problem)
                self._health.stop()
                self._end()
                return
            before = problem

    async def _watch_ledgers(self) -> None:
        """Keep the gauges of what waits and what is set aside true, until cancelled."""
        service = self._parts.settings.service
        while True:
            await asyncio.sleep(GAUGE_SECONDS)
            try:
                figures = [await room.store.figures() for room in self._rooms]
            except Exception as error:  # noqa: BLE001  # the database may be away; the next look finds out
                log.warning("service.figures_unknown", problem=type(error).__name__)
                continue
            oldest = min((of_room.oldest_early for of_room in figures if of_room.oldest_early), default=None)
            metrics.PARKED.labels(service).set(sum(of_room.parked for of_room in figures))
            metrics.EARLY_EVENTS.labels(service).set(sum(of_room.early for of_room in figures))
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
        comparing = [room.reconciler.work(self._consumer.caught_up) for room in self._rooms]
        await asyncio.gather(self._parts.people_reconciler.work(self._may_compare_people), *comparing)

    def _may_compare_people(self) -> bool:
        """Also while the broker is away: a key that is revoked meanwhile must open nothing (docs/decisions/0020)."""
        return self._consumer.caught_up() or self._consumer.problem() is not None

    def _broker_problem(self) -> str | None:
        return "The service is stopping." if self._stopping else self._consumer.problem()

    async def _database_problem(self) -> str | None:
        try:
            async with asyncio.timeout(2):
                await self._parts.client.admin.command("ping")
        except Exception as error:  # noqa: BLE001  # any failure to answer is the answer
            return f"The database does not answer ({type(error).__name__})."
        return None

    def _lost(self) -> str | None:
        """Why this process cannot go on, or None."""
        if self._stopping:
            return None
        ended = [task.get_name() for task in self._tasks if task.done() and not _finished(task)]
        return f"These tasks have ended: {', '.join(ended)}." if ended else self._consumer.lost()


def keep_for_good() -> None:
    """What is loaded by now (code, policies, people) is not looked through again; the rest is, after so many new objects.

    Python's own thresholds, made for small programs, cost a fifth of the CPU time here.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*COLLECTOR)


def _finished(task: asyncio.Task[None]) -> bool:
    """Whether the task is one that ends when its work is done, and did."""
    return task.get_name() in {"Consumer.run", "Process._watch"} and not task.cancelled() and task.exception() is None


async def _within(seconds: float, stage: str, work: Awaitable[object]) -> None:
    """One stage of the end: it may fail or hang, the next comes all the same."""
    try:
        async with asyncio.timeout(seconds):
            await work
    except TimeoutError:
        log.warning("service.drain_cut_short", stage=stage, seconds=seconds)
    except Exception as error:  # noqa: BLE001  # whatever one stage meets, the connections behind it are closed
        log.warning("service.stage_failed", stage=stage, problem=type(error).__name__)


def _consumer(parts: Parts, subscriptions: Sequence[Subscription]) -> Consumer:
    """What the service hears, and the directory of people, which every process reads for itself."""
    following = Subscription(topics=(PEOPLE,), handle=parts.people.handle, group=None)
    membership = Membership(
        session_timeout_ms=parts.settings.session_timeout_ms, rebalance_timeout_ms=parts.settings.rebalance_timeout_ms
    )
    return Consumer(
        parts.settings.broker, parts.settings.service, (*subscriptions, following), membership, security=parts.settings.kafka
    )
