"""Who runs next is the schedule's choice, and nobody waits for real time."""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from contextlib import suppress
from itertools import chain, repeat
from typing import Any

PATIENCE = 200


class SkippingLoop(asyncio.SelectorEventLoop):
    """An event loop whose time is its own: it stands still while anything can happen, and then jumps to the next sleeper.

    So a schedule is the same however busy the machine is.
    """

    def __init__(self) -> None:
        self._skipped = 0.0
        super().__init__(_Skipping(self.skip))

    def time(self) -> float:
        return self._skipped

    def skip(self, seconds: float) -> None:
        """So much later, all at once."""
        self._skipped += seconds


class _Skipping(selectors.DefaultSelector):
    def __init__(self, skip: Callable[[float], None]) -> None:
        super().__init__()
        self._skip = skip

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0 if timeout else timeout)
        if not ready and timeout:
            self._skip(timeout)
        return ready


class Turns:
    """Decides who runs: an actor that pauses waits until it is picked."""

    def __init__(self) -> None:
        self.waiting: dict[asyncio.Task[Any], asyncio.Future[None]] = {}

    async def pause(self) -> None:
        task = asyncio.current_task()
        assert task is not None
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting[task] = future
        try:
            await future
        finally:
            self.waiting.pop(task, None)

    async def let_run(self, task: asyncio.Task[Any]) -> None:
        """Let `task` go on until it pauses again or ends."""
        if not (future := self.waiting.pop(task)).done():  # else its time ran out while it waited, and it goes on to say so
            future.set_result(None)
        await self._until_paused(task)

    async def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[Any]:
        """Start an actor; returns at its first pause."""
        task = asyncio.ensure_future(work)
        await self._until_paused(task)
        return task

    async def kill(self, task: asyncio.Task[Any]) -> None:
        """Abandon an actor where it stands."""
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task

    async def _until_paused(self, task: asyncio.Task[Any]) -> None:
        """Until `task` pauses or ends, or has waited so long that it can only be for another, who must run first."""
        for nap in chain((0, 0, 0), repeat(0.001, PATIENCE)):
            if task in self.waiting or task.done():
                return
            await asyncio.sleep(nap)
