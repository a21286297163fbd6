"""Looks after the desks in the background: settles what was corrected over another channel, and counts what is open."""

import asyncio
import random
from collections.abc import Callable

import structlog

from services.intake.desk.shelf import Shelf
from shared.schemas.people import Directory
from shared.telemetry import metrics

EVERY_SECONDS = 60.0
OTHER = "other"
log = structlog.get_logger()


class DeskKeeper:
    """Run `work` as one of the service's loops."""

    def __init__(self, shelf: Shelf, directory: Callable[[], Directory], every_seconds: float = EVERY_SECONDS) -> None:
        self._shelf = shelf
        self._directory = directory
        self._every_seconds = every_seconds

    async def work(self) -> None:
        """Until cancelled; what fails is tried again in the next round."""
        while True:
            await asyncio.sleep(self._every_seconds * random.uniform(0.8, 1.2))  # noqa: S311  # jitter needs no secrecy
            try:
                await self.round()
            except Exception as error:  # noqa: BLE001  # the database may be away
                log.warning("desk.not_swept", problem=type(error).__name__)

    async def round(self) -> None:
        """Settle, then count. Units that the directory does not know count as one."""
        await self._shelf.sweep()
        counts = dict.fromkeys([*self._directory().units, OTHER], 0)
        for unit, number in (await self._shelf.open_by_unit()).items():
            name = unit if unit in counts else OTHER
            counts[name] += number
        for unit, number in counts.items():
            metrics.DESK_OPEN.labels(unit).set(number)
