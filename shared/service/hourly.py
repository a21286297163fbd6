"""Once an hour, for as long as a service runs: looking through its store for what is nobody's any more."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

log = structlog.get_logger()
OLD = timedelta(days=1)
EVERY_SECONDS = 3600.0


async def discarding(discard: Callable[[datetime], Awaitable[Any]], failed: str) -> None:
    """Call `discard` with the moment a day ago, every hour, until cancelled; `failed` names the event when it raised."""
    while True:
        await asyncio.sleep(EVERY_SECONDS)
        try:
            await discard(datetime.now(UTC) - OLD)
        except Exception as error:  # noqa: BLE001  # the database may be away; the next hour finds the same
            log.warning(failed, problem=type(error).__name__)
