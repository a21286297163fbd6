"""Reads a mailbox every so often and hands each mail over; a mail is marked when it was dealt with, and not before.

Invariant: between the mail room's word and the mark anything may end: the mail is taken once more and is the same command, so
nothing happens twice. What cannot be taken now stays where it is.
"""

import asyncio
import time
from collections.abc import Callable
from typing import ParamSpec, Protocol, TypeVar

import structlog

from services.intake.mail.delivered import envelope_of
from services.intake.mail.handing import Takes, handed_over
from services.intake.mail.mailbox import Key, MailboxError, Waiting
from services.intake.mail.replies import Reply, too_large
from shared.telemetry import metrics

log = structlog.get_logger()
P = ParamSpec("P")
T = TypeVar("T")
BATCH = 20
LONGEST_CALL = 600.0
"""However slowly a server answers."""
LONGEST_PAUSE = 300.0
IN_TURN = 3
"""So often a mail is tried in its turn; one that still cannot be taken lets the others go first."""
LONGEST_WAIT = 3600.0
MOST_WAITING = 10_000


class Reads(Protocol):
    """A mailbox; each call blocks, and raises MailboxError."""

    def waiting(self, most: int, not_now: Callable[[Key], bool]) -> list[Waiting]: ...

    def fetch(self, mail: Waiting) -> bytes | None: ...

    def mark(self, mail: Waiting, *, taken: bool) -> None: ...

    def abort(self) -> None: ...

    def close(self) -> None: ...


class Poller:
    """`serve` reads until cancelled; `close` lets go of the mailbox. `seconds` is the pause after a mailbox was found empty."""

    def __init__(
        self, room: Takes, mailbox: Reads, *, seconds: float, max_bytes: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._room = room
        self._mailbox = mailbox
        self._seconds = seconds
        self._max_bytes = max_bytes
        self._clock = clock
        self._waits: dict[Key, tuple[int, float]] = {}
        self._failures = 0
        self._read_at = clock()

    async def open(self) -> None:
        """Nothing to do: a mailbox that is away keeps no service from starting."""

    async def serve(self) -> None:
        """Read until cancelled."""
        while True:
            more = await self.once()
            await asyncio.sleep(0 if more else self._pause())

    async def once(self) -> bool:
        """Deal with one batch. Whether more may wait that can be dealt with at once."""
        try:
            more = await self._batch()
        except MailboxError as error:
            self._failed(error)
            return False
        if self._failures:
            log.info("mail.mailbox_back", failures=self._failures)
        self._failures, self._read_at = 0, self._clock()
        metrics.MAILBOX_SILENT.set(0)
        return more

    async def close(self) -> None:
        """Let go: whoever still waits for an answer is cut off."""
        self._mailbox.abort()
        await asyncio.to_thread(self._mailbox.close)

    async def _batch(self) -> bool:
        mails = await self._asked(self._mailbox.waiting, BATCH, self._not_now)
        for mail in mails:
            try:
                if not await self._dealt(mail):
                    return False
            except MailboxError:
                self._put_off(mail.key)  # it may be this one that the server stumbles over, each time
                raise
        return len(mails) == BATCH

    async def _dealt(self, mail: Waiting) -> bool:
        """Take `mail` and mark it; False when it cannot be taken now."""
        reply = await self._taken(mail)
        if reply is None:
            self._put_off(mail.key)  # gone; or the server says what it does not have
            return True
        if 400 <= reply.code < 500:
            self._count("later")
            self._put_off(mail.key)
            return False
        await self._asked(self._mailbox.mark, mail, taken=reply.code < 400)
        self._waits.pop(mail.key, None)
        self._count("taken" if reply.code < 400 else "refused")
        return True

    async def _asked(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What the mailbox says, in a thread; it is cut off when that takes too long."""
        end = asyncio.get_running_loop().call_later(LONGEST_CALL, self._mailbox.abort)
        try:
            return await asyncio.to_thread(call, *args, **kwargs)
        finally:
            end.cancel()

    async def _taken(self, mail: Waiting) -> Reply | None:
        """What became of `mail`; None when it is gone."""
        if mail.size > self._max_bytes:
            log.info("mail.too_large", size=mail.size)
            return too_large(self._max_bytes)
        raw = await self._asked(self._mailbox.fetch, mail)
        if raw is None:
            return None
        if len(raw) > self._max_bytes:
            log.info("mail.too_large", size=len(raw))
            return too_large(self._max_bytes)
        sender, recipients = envelope_of(raw)
        return await handed_over(self._room, raw, sender, recipients)

    def _not_now(self, key: Key) -> bool:
        return key in self._waits and self._waits[key][1] > self._clock()

    def _put_off(self, key: Key) -> None:
        """Try `key` again in its turn, and later only when others had theirs: longer each time, up to an hour."""
        if len(self._waits) >= MOST_WAITING:
            self._waits.clear()
        tries = self._waits.get(key, (0, 0.0))[0] + 1
        pause = min(self._seconds * 2.0 ** min(tries - IN_TURN, 20), LONGEST_WAIT) if tries >= IN_TURN else 0.0
        self._waits[key] = (tries, self._clock() + pause)

    def _failed(self, error: MailboxError) -> None:
        """The first failure is logged, the others are counted."""
        if not self._failures:
            log.warning("mail.mailbox_away", problem=str(error))
        self._failures += 1
        metrics.MAILBOX_SILENT.set(self._clock() - self._read_at)

    def _pause(self) -> float:
        """Longer each time while the mailbox cannot be read."""
        return min(self._seconds * 2.0 ** min(self._failures, 10), max(LONGEST_PAUSE, self._seconds))

    def _count(self, outcome: str) -> None:
        metrics.MAILBOX_MAILS.labels(outcome).inc()
