"""Hands dead letters again to the handlers that buried them.

Invariant: a letter is marked as redriven only after its handler has taken the record: applied it, or kept it with its request,
which is parked then, or was, and is listed and redriven as such. Whatever cuts this off, handing it again is harmless, since
every handler may be given a record twice.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog

from shared.messaging.wire import Record
from shared.schemas.model import Json
from shared.storage import BuriedAgainError, MongoDeadLetters, handed_again
from shared.telemetry.clock import Clock

log = structlog.get_logger()
Handle = Callable[[Sequence[Record]], Awaitable[None]]


class Redriver:
    """`handlers` are the service's own, by the name of the topic they read."""

    def __init__(self, letters: MongoDeadLetters, handlers: Mapping[str, Handle], clock: Clock) -> None:
        self._letters = letters
        self._handlers = handlers
        self._clock = clock

    async def redrive(self, names: Sequence[str], by: str) -> Json:
        """Try each letter once: which are taken (`done`, now or before), why others are `left`, which are `unknown`."""
        done, left, unknown = [], [], []
        for name in names:
            letter = await self._letters.found(name)
            if letter is None:
                unknown.append(name)
            elif letter.get("redriven_at") is None and (why := await self._handed(name, Record.from_json(letter["record"]))):
                left.append({"name": name, "why": why})
            else:
                await self._letters.mark_redriven(name, by, self._clock.now())
                done.append(name)
        return {"done": done, "left": left, "unknown": unknown}

    async def _handed(self, name: str, record: Record) -> str | None:
        """Why the handler did not take `record`, or None when it has."""
        handle = self._handlers.get(record.topic)
        if handle is None:
            return f"This service reads no topic {record.topic!r}."
        try:
            with handed_again():
                await handle([record])
        except BuriedAgainError as error:
            return str(error)
        except Exception as error:  # one letter's fault must not keep the others from being tried
            log.exception("service.dead_letter_not_taken", letter=name)
            return f"The handler failed ({type(error).__name__}); the log says where. Try again when that is mended."
        return None
