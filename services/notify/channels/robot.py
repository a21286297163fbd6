"""One chat room's robot: what waits while it may not speak is merged into one message, nothing is dropped.

Invariant: in no `minute` are more than `per_minute` messages sent by this process, and every text is in exactly one of them.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from shared.ledger.effects import Doubt, Ending, PointOfNoReturn, Retry

SEPARATOR = "\n\n"
FULL = "The chat room takes no more messages for now."
Post = Callable[[str], Awaitable[Ending]]
"""Send one message of at most `longest` bytes; must answer for what happened and let no exception out but cancellation."""


@dataclass(frozen=True, kw_only=True)
class Allowance:
    """How often a robot may speak: `per_minute` in any `minute` seconds, at most `burst` of them at once.

    `gather` seconds are waited before speaking, so that what comes together goes together. `longest` is in bytes of UTF-8.
    Whoever would wait longer than `patience` seconds is told to come again, because their lease runs.
    """

    per_minute: int = 20
    burst: int = 4
    minute: float = 60.0
    gather: float = 0.2
    longest: int = 4096
    patience: float = 30.0

    @property
    def interval(self) -> float:
        """Seconds after which one more message is allowed; a full burst and a minute of these make `per_minute`."""
        return self.minute / max(1, self.per_minute - self.burst)


@dataclass(eq=False, kw_only=True)
class Waiting:
    """One text, whose sender waits for the ending of the message it went into."""

    text: str
    point_of_no_return: PointOfNoReturn
    ending: asyncio.Future[Ending] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Robot:
    """The queue in front of one room."""

    def __init__(self, post: Post, allowance: Allowance, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._post = post
        self._allowance = allowance
        self._monotonic = monotonic
        self._waiting: list[Waiting] = []
        self._speaking: asyncio.Task[None] | None = None
        self._tokens = float(allowance.burst)
        self._counted = monotonic()
        self._silent_until = 0.0

    async def say(self, text: str, point_of_no_return: PointOfNoReturn) -> Ending:
        """Say `text`, alone or with others. While the room refuses to be spoken to, Retry tells when to come again."""
        silence, queue = self._silent_until - self._monotonic(), self._queue()
        if silence > 0 or queue > self._allowance.patience:
            return Retry(problem=FULL, seconds=max(silence, queue))
        waiting = Waiting(text=fitting(text, self._allowance.longest), point_of_no_return=point_of_no_return)
        self._waiting.append(waiting)
        if self._speaking is None or self._speaking.done():
            self._speaking = asyncio.create_task(self._speak())
        return await waiting.ending

    async def _speak(self) -> None:
        """Send merged messages, each in its turn, until nobody waits."""
        batch: list[Waiting] = []
        try:
            while self._waiting:
                await asyncio.sleep(max(self._allowance.gather, self._pause()))
                batch = self._next_batch()
                await self._send(batch)
        finally:
            for waiting in (*batch, *self._waiting):
                _settle(waiting, Retry(problem="The chat robot stopped before it could speak."))
            self._waiting.clear()

    async def _send(self, batch: Sequence[Waiting]) -> None:
        """Only texts whose sender still waits and holds the lease are sent; nothing is awaited between the check and the post."""
        passed = await asyncio.gather(*(_pass_point(waiting) for waiting in batch))
        going = [waiting for waiting, may_go in zip(batch, passed, strict=True) if may_go and not waiting.ending.done()]
        if not going:
            return
        self._tokens -= 1
        try:
            ending = await self._post(SEPARATOR.join(waiting.text for waiting in going))
        except BaseException:
            for waiting in going:
                _settle(waiting, Doubt(problem="The chat robot was stopped while it spoke; the message may have been taken."))
            raise
        if isinstance(ending, Retry) and ending.seconds:
            self._hush(ending.seconds)
        for waiting in going:
            _settle(waiting, ending)

    def _next_batch(self) -> list[Waiting]:
        """As many of those who wait longest as fit into one message."""
        self._waiting = [waiting for waiting in self._waiting if not waiting.ending.done()]
        batch: list[Waiting] = []
        size = -len(SEPARATOR)
        while self._waiting:
            size += len(SEPARATOR) + len(self._waiting[0].text.encode())
            if batch and size > self._allowance.longest:
                break
            batch.append(self._waiting.pop(0))
        return batch

    def _queue(self) -> float:
        """Seconds until those who wait already have been heard, about."""
        size = sum(len(waiting.text.encode()) + len(SEPARATOR) for waiting in self._waiting)
        return size // self._allowance.longest * self._allowance.interval

    def _pause(self) -> float:
        """Seconds until one more message is allowed."""
        now = self._monotonic()
        self._tokens = min(float(self._allowance.burst), self._tokens + (now - self._counted) / self._allowance.interval)
        self._counted = now
        return max(0.0, (1 - self._tokens) * self._allowance.interval)

    def _hush(self, seconds: float) -> None:
        """Be silent for as long as the room asked, and tell those who wait."""
        self._silent_until = self._monotonic() + seconds
        for waiting in self._waiting:
            _settle(waiting, Retry(problem=FULL, seconds=seconds))
        self._waiting.clear()


async def _pass_point(waiting: Waiting) -> bool:
    """Whether this text may go; a lost lease is its sender's to hear of."""
    try:
        await waiting.point_of_no_return()
    except Exception as error:  # noqa: BLE001  # LeaseLost or a database that is away: told to the sender, not to the others
        if not waiting.ending.done():
            waiting.ending.set_exception(error)
        return False
    return True


def _settle(waiting: Waiting, ending: Ending) -> None:
    if not waiting.ending.done():
        waiting.ending.set_result(ending)


def fitting(text: str, longest: int, mark: str = "…") -> str:
    """`text` cut at a line or character so that it fits into `longest` bytes of UTF-8; a cut is marked."""
    raw = text.encode("utf-8", "replace")
    if len(raw) <= longest:
        return raw.decode()
    kept = raw[: longest - len(mark.encode()) - 1].decode("utf-8", "ignore")
    head, newline, _ = kept.rpartition("\n")
    return f"{head if newline and len(head) > len(kept) // 2 else kept}\n{mark}"
