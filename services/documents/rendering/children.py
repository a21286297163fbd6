"""Rendering in child processes with limits of memory and time: a child that dies or hangs costs one attempt, never the service.

Invariant: no child outlives the service, however that ends.
"""

import asyncio
import multiprocessing
import os
import resource
import threading
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from services.documents.rendering.given import Job, Rendered

MEMORY_BYTES = 2 * 1024**3
CPU_SECONDS = 60
JOBS_PER_CHILD = 50


class RenderingFailedError(Exception):
    """The child died or took too long; trying again may help."""


class Children:
    """A pool of rendering children, made anew whenever one of them breaks it."""

    def __init__(self, processes: int = 1, seconds: float = 30.0) -> None:
        self._processes = processes
        self._seconds = seconds
        self._pool: ProcessPoolExecutor | None = None

    async def render(self, job: Job) -> Rendered:
        """Render `job` in a child. Raises RenderingFailedError, or what the rendering itself raised."""
        pool = self._pool = self._pool or self._start()
        try:
            async with asyncio.timeout(self._seconds):
                return await asyncio.get_running_loop().run_in_executor(pool, _render, job)
        except TimeoutError as error:
            self._discard(pool)
            raise RenderingFailedError(f"the rendering took longer than {self._seconds:g} s") from error
        except BrokenProcessPool as error:
            self._discard(pool)
            raise RenderingFailedError("the rendering process ended before it was done") from error

    async def close(self) -> None:
        """End every child."""
        if self._pool is not None:
            self._discard(self._pool)

    def _start(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(
            self._processes,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_prepare,
            max_tasks_per_child=JOBS_PER_CHILD,
        )

    def _discard(self, pool: ProcessPoolExecutor) -> None:
        if self._pool is pool:
            self._pool = None
        for process in list((pool._processes or {}).values()):  # noqa: SLF001  # the pool has no way to end a child that hangs
            process.kill()
        pool.shutdown(wait=False, cancel_futures=True)


def _render(job: Job) -> Rendered:
    """In the child, which alone loads what renders: in the service it would take 17 MB that nobody uses."""
    from services.documents.rendering.job import render  # noqa: PLC0415

    return render(job)


def _prepare() -> None:
    """In the child, before its first job."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS * JOBS_PER_CHILD, CPU_SECONDS * JOBS_PER_CHILD))
    threading.Thread(target=_end_with_the_service, daemon=True).start()


def _end_with_the_service() -> None:
    """Of a service that was killed a child would never hear: it waits for its next job on a pipe that it holds open itself."""
    if (service := multiprocessing.parent_process()) is not None:
        service.join()
        os._exit(1)
