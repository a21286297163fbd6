"""Wakes requests that fell due and performs their items, each under its own lease, outside the consume loop.

Invariant: an effect that passed its point of no return is never performed again by itself.
"""

import asyncio
import random
import uuid
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any, Protocol

import structlog

from shared.ledger.apply import Ledger
from shared.ledger.asking import Ask
from shared.ledger.effects import Done, Doubt, Ending, LeaseLost, Perform, Retry, Terminal
from shared.ledger.gaps import Gaps
from shared.ledger.items import MAX_TRIES
from shared.ledger.messages import Item, ItemEnd, Lease, Message, Outcome, Passing, Postponing, Settled, Woken
from shared.ledger.outcomes import passed
from shared.ledger.waking import STUCK
from shared.telemetry import metrics
from shared.telemetry.logging import bound

log = structlog.get_logger()
SWEEP_SECONDS = 1.0
SWEEP_LIMIT = 200
THOROUGH_EVERY = 5
LEASE = timedelta(seconds=60)
FIRST_RETRY_SECONDS = 2.0
LONGEST_RETRY_SECONDS = 300.0


class Tells(Protocol):
    """Where single messages are told, such as a Desk."""

    async def tell(self, message: Message | Lease) -> Outcome: ...


class Worker:
    """The background of one process: `work` runs until cancelled; `nudge` makes it look at subjects at once."""

    def __init__(
        self,
        ledger: Ledger[Any, Any],
        desk: Tells,
        *,
        effects: Mapping[str, Perform],
        ask: Ask,
        slots: int,
        max_attempts: int = MAX_TRIES,
        lease: timedelta = LEASE,
        sweep_seconds: float = SWEEP_SECONDS,
    ) -> None:
        self._ledger = ledger
        self._desk = desk
        self._effects = effects
        self._gaps = Gaps(ledger, ask)
        self._slots = slots
        self._max_attempts = max_attempts
        self._lease = lease
        self._sweep_seconds = sweep_seconds
        self._owner = uuid.uuid4().hex
        self._stopping = False
        self._waiting: dict[str, int] = {}
        self._bell = asyncio.Event()
        self._running: set[asyncio.Task[None]] = set()
        self._leasing = asyncio.Lock()
        self._worthwhile = max(1, slots // 4)
        self._next_sweep = 0.0
        self._sweeps = 0
        ledger.nudge = self.nudge

    def nudge(self, due: Mapping[str, int]) -> None:
        """Look at the subjects of `due`, each with so many items to lease, now rather than at the next sweep."""
        if self._effects and not self._stopping:
            self._waiting.update(due)
        self._ring()

    async def work(self) -> None:
        """Sweep and perform until stopped or cancelled; a failed sweep is logged and tried again."""
        try:
            while not self._stopping:
                try:
                    await self._turn()
                except Exception:  # the database may be away; the next sweep finds what this one missed
                    log.exception("ledger.sweep_failed")
                await self._rest()
        finally:
            self._gaps.stop()

    def stop(self) -> None:
        """Lease nothing more from now on; what is under way goes on."""
        self._stopping = True
        self._bell.set()

    async def drain(self, seconds: float) -> None:
        """Stop, and wait up to `seconds` for effects under way and for a lease that is just being written."""
        self.stop()
        try:
            async with asyncio.timeout(seconds):
                async with self._leasing:
                    pass
                while self._running:
                    await asyncio.wait(self._running)
        except TimeoutError:
            log.warning("ledger.effects_cut_off", effects=len(self._running))

    def _ring(self) -> None:
        """Have the next turn now if enough slots are free to be worth a read; else an effect that ends will ring."""
        if self._waiting and self._slots - len(self._running) >= self._worthwhile:
            self._bell.set()

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout_at(self._next_sweep):
                await self._bell.wait()
        except TimeoutError:
            return

    async def _turn(self) -> None:
        """What waits is performed; and from time to time, whatever has come due is looked for."""
        self._bell.clear()
        await self._perform_waiting()
        now = asyncio.get_running_loop().time()
        if now >= self._next_sweep:
            self._next_sweep = now + self._sweep_seconds * random.uniform(0.8, 1.2)  # noqa: S311  # jitter needs no secrecy
            await self._sweep()

    async def _sweep(self) -> None:
        """Wake whoever has come due; who waits for a slot of this worker already is woken for anything else in every fifth sweep."""
        now = self._ledger.clock.now()
        self._sweeps += 1
        waiting = self._waiting if self._sweeps % THOROUGH_EVERY else {}
        found = await self._ledger.store.due(now, SWEEP_LIMIT + len(waiting))
        due = [subject for subject in found if subject not in waiting][:SWEEP_LIMIT]
        if due:
            outcomes = await self._ledger.apply([Woken(subject=subject) for subject in due])
            if hopeless := [outcome.subject for outcome in outcomes if not outcome.stored]:
                # Not even set aside can they be: they must not fill every sweep from now on.
                await self._ledger.store.postpone(hopeless, now=now, until=now + STUCK)
            self._gaps.look({outcome.subject: outcome.missing for outcome in outcomes if outcome.missing})
            await self._perform_waiting()

    async def _perform_waiting(self) -> None:
        """Lease what is due of those who wait longest, as many as there are free slots, and perform it."""
        for _ in range(len(self._waiting)):
            free = self._slots - len(self._running)
            if free < self._worthwhile or not self._waiting or self._stopping:
                return
            async with self._leasing:
                for item in await self._ledger.lease(self._first(free), self._owner, free, self._lease, self._max_attempts):
                    self._begin(item)

    def _first(self, free: int) -> list[str]:
        """Take those who wait longest: the first, and after it whoever fits as a whole into `free` items.

        What is leased together is written together, so nobody but the first is cut, and that only if it has more items than are
        worthwhile; of whom something is left, the ledger nudges again.
        """
        first: list[str] = []
        for subject, due in self._waiting.items():
            if first and due > free:
                break
            first.append(subject)
            free -= due
        for subject in first:
            del self._waiting[subject]
        return first

    def _begin(self, item: Item) -> None:
        """Perform a leased item, or give it back at once when the stop came while the lease was written."""
        work = self._give_back(item, 0, "the process stops") if self._stopping else self._perform(item)
        task = asyncio.create_task(work)
        self._running.add(task)
        metrics.ITEMS_LEASED.labels(self._ledger.domain.source).inc()
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        metrics.ITEMS_LEASED.labels(self._ledger.domain.source).dec()
        self._ring()
        if not task.cancelled() and (error := task.exception()):
            log.error("ledger.item_lost_its_way", problem=type(error).__name__, exc_info=error)

    async def _perform(self, item: Item) -> None:
        with bound(request=item.subject, item=item.id, kind=item.kind, attempt=item.attempt):
            await self._conclude(item, await self._ending_of(item))

    async def _ending_of(self, item: Item) -> Ending | None:
        """Perform the effect; None when the lease was lost, so that whoever has it now concludes."""
        beyond = False

        async def point_of_no_return() -> None:
            nonlocal beyond
            if not passed(await self._desk.tell(Passing(subject=item.subject, item=item, owner=self._owner))):
                raise LeaseLost
            beyond = True

        with metrics.ITEM_SECONDS.labels(self._ledger.domain.source, item.kind).time():
            try:
                async with asyncio.timeout(self._lease.total_seconds() * 0.8):
                    return await self._effects[item.kind](item, point_of_no_return)
            except LeaseLost:
                return None
            except Exception as error:  # noqa: BLE001  # an effect's fault is an ending like any other, and is logged
                problem = f"{type(error).__name__}: {str(error)[:300]}"
                log.warning("ledger.effect_failed", problem=type(error).__name__)
                return Doubt(problem=problem) if beyond else Retry(problem=problem)

    async def _conclude(self, item: Item, ending: Ending | None) -> None:
        match ending:
            case None:
                return
            case Done(data=data):
                await self._settle(item, "done", "", data)
            case Doubt(problem=problem):
                await self._settle(item, "unknown", problem)
            case Terminal(problem=problem, data=data):
                await self._settle(item, "failed", problem, data)
            case Retry(problem=problem, seconds=seconds, counted=False):
                await self._give_back(item, seconds or FIRST_RETRY_SECONDS, problem, counted=False)
            case Retry(problem=problem, data=data) if item.tries >= self._max_attempts:
                await self._settle(item, "failed", f"given up after {item.tries} attempts: {problem}", data)
            case Retry(problem=problem, seconds=seconds):
                await self._give_back(item, seconds if seconds is not None else _back_off(item.tries), problem)

    async def _give_back(self, item: Item, seconds: float, problem: str, *, counted: bool = True) -> None:
        due = self._ledger.clock.now() + timedelta(seconds=seconds)
        given_back = Postponing(subject=item.subject, item=item, owner=self._owner, due=due, problem=problem, counted=counted)
        await self._until_written(lambda: self._desk.tell(given_back))

    async def _settle(self, item: Item, end: ItemEnd, problem: str, data: Mapping[str, Any] | None = None) -> None:
        metrics.ITEMS.labels(self._ledger.domain.source, item.kind, end).inc()
        settled = Settled(subject=item.subject, item=item, end=end, owner=self._owner, data=dict(data or {}), problem=problem)
        await self._until_written(lambda: self._desk.tell(settled))

    async def _until_written(self, write: Callable[[], Awaitable[object]]) -> None:
        """Try until the end of an effect is on record, or the lease has run out and another owner finds it."""
        async with asyncio.timeout(self._lease.total_seconds()):
            for attempt in range(1, 1000):
                try:
                    await write()
                except Exception as error:  # noqa: BLE001  # the database may be away for a while
                    log.warning("ledger.ending_not_written", problem=type(error).__name__)
                    await asyncio.sleep(_back_off(attempt) / 10)
                else:
                    return


def _back_off(attempt: int) -> float:
    """Seconds before the next attempt: doubling, bounded, with jitter."""
    return float(min(LONGEST_RETRY_SECONDS, FIRST_RETRY_SECONDS * 2 ** max(0, attempt - 1)) * random.uniform(0.8, 1.2))  # noqa: S311
