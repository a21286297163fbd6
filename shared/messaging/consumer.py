"""The only way to consume: all subscriptions of one process, started, watched and ended together.

Invariant: a process that reads no more although there is something to read says so (`lost`) within a minute or two; while a
handler is at work nothing can be read, and only one that takes unreasonably long means the same.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence

import structlog

from shared.messaging.security import PLAIN, Security
from shared.messaging.stream import Handle, Membership, Stream, Subscription

__all__ = ["Consumer", "Handle", "Membership", "Subscription"]
log = structlog.get_logger()
WATCH_SECONDS = 5.0
STUCK_SECONDS = 60.0
HANDLER_SECONDS = 600.0
"""No batch takes so long, however slow the database and however much in it goes wrong: its handler hangs."""
DRAIN_SECONDS = 12.0
CLOSE_SECONDS = 2.0


class Consumer:
    """All subscriptions of one process on one cluster, kept trying to start for as long as it is away.

    `address` is host:port, or several with commas between. After `stuck_seconds` without a batch, while records wait, or
    of batches that fail, something is wrong; likewise when one batch is handled for longer than `handler_seconds`.
    """

    def __init__(
        self,
        address: str,
        service: str,
        subscriptions: Sequence[Subscription],
        membership: Membership | None = None,
        *,
        stuck_seconds: float = STUCK_SECONDS,
        handler_seconds: float = HANDLER_SECONDS,
        security: Security = PLAIN,
    ) -> None:
        self._streams = [Stream(address, service, one, membership or Membership(), security) for one in subscriptions]
        self._stuck_seconds = stuck_seconds
        self._handler_seconds = handler_seconds
        self._lagging: dict[Stream, float] = {}
        self._lags_known = True
        self._caught_up = False

    @property
    def started(self) -> bool:
        """Whether every subscription reads."""
        return all(stream.started for stream in self._streams)

    def caught_up(self) -> bool:
        """Whether everything was read to the end when last looked; False while that is not known."""
        return self.started and self._caught_up

    def problem(self) -> str | None:
        """Why nothing should be sent to this process just now: the broker is away, or what is read cannot be handled."""
        if not self.started:
            return "The broker has not answered yet."
        if not self._lags_known:
            return "The broker does not answer any more."
        for stream in self._streams:
            since = stream.failing_since
            if since is not None and time.monotonic() - since > self._stuck_seconds:
                return f"What is read from {stream.topics} cannot be handled for {time.monotonic() - since:.0f} s."
        return None

    def lost(self) -> str | None:
        """Why this process will read no more by itself; only another process helps."""
        now = time.monotonic()
        for stream in self._streams:
            if stream.dead():
                return f"A task that reads {stream.topics} has ended."
            if stream.handling_since is not None:
                if now - stream.handling_since > self._handler_seconds:
                    return (
                        f"What was read from {stream.topics} is handled for {now - stream.handling_since:.0f} s and not done yet."
                    )
            elif (stuck := now - max(self._lagging.get(stream, now), stream.last_batch)) > self._stuck_seconds:
                return f"Records wait in {stream.topics}, and none was read for {stuck:.0f} s."
        return None

    async def run(self) -> None:
        """Start every subscription as soon as the broker answers; returns when all are. Cancel it to give up."""
        await asyncio.gather(*(stream.start() for stream in self._streams))

    async def watch(self, every_seconds: float = WATCH_SECONDS) -> None:
        """Look at the lag of everything until cancelled, for the gauges, `caught_up`, `problem` and `lost`."""
        while True:
            await asyncio.sleep(every_seconds)
            await self.look()

    async def look(self) -> None:
        """Look once."""
        started = [stream for stream in self._streams if stream.started]
        lags = {stream: await stream.lag() for stream in started}
        self._lags_known = all(lag is not None for lag in lags.values())
        self._caught_up = self._lags_known and not any(sum((lag or {}).values()) for lag in lags.values())
        waiting = {stream for stream, lag in lags.items() if lag and any(lag.values())}
        self._lagging = {stream: self._lagging.get(stream, time.monotonic()) for stream in waiting}

    def stop_fetching(self) -> None:
        """No batch is begun from now on; those under way go on."""
        for stream in self._streams:
            stream.stop_fetching()

    async def drain(self, seconds: float) -> None:
        """Stop fetching and wait up to `seconds` until the handlers under way have returned and committed."""
        await self._within(seconds, [stream.drain for stream in self._streams], "messaging.drain_cut_short")

    async def close(self, seconds: float = CLOSE_SECONDS) -> None:
        """Leave the groups and close the connections, within `seconds`."""
        await self._within(seconds, [stream.close for stream in self._streams], "messaging.close_cut_short")

    async def stop(self) -> None:
        """Everything at the end: no more fetching, handlers under way drained, groups left."""
        await self.drain(DRAIN_SECONDS)
        await self.close()

    async def _within(self, seconds: float, steps: Sequence[Callable[[], Awaitable[None]]], event: str) -> None:
        try:
            async with asyncio.timeout(seconds):
                ends = await asyncio.gather(*(step() for step in steps), return_exceptions=True)
        except TimeoutError:
            log.warning(event, seconds=seconds)
            return
        for end in ends:
            if isinstance(end, Exception):
                log.warning(event, problem=type(end).__name__)
