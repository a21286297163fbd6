"""Asks sources to say again what is missing, beside the worker's turns: a source that is slow holds nothing up but its own gaps."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import structlog

from shared.ledger.apply import Ledger
from shared.ledger.asking import Ask
from shared.telemetry import metrics

log = structlog.get_logger()
ROUND_SECONDS = 30.0


class Gaps:
    """The open questions of one worker. One round of questions at a time; what a round does not come to is due again by itself."""

    def __init__(self, ledger: Ledger[Any, Any], ask: Ask) -> None:
        self._ledger = ledger
        self._ask = ask
        self._round: asyncio.Task[None] | None = None

    def look(self, missing: Mapping[str, Mapping[str, int]]) -> None:
        """Ask for what is missing, by subject and source with the last number heard, unless a round is under way; returns at once."""
        if missing and (self._round is None or self._round.done()):
            self._round = asyncio.create_task(self._ask_all(missing))

    async def finish(self) -> None:
        """Wait for the round under way."""
        if self._round is not None:
            await asyncio.wait([self._round])

    def stop(self) -> None:
        """Break off the round under way; what was asked and not heard is asked again."""
        if self._round is not None:
            self._round.cancel()

    async def _ask_all(self, missing: Mapping[str, Mapping[str, int]]) -> None:
        by_source: dict[str, list[tuple[str, int]]] = {}
        for subject, sources in missing.items():
            for source, heard in sources.items():
                by_source.setdefault(source, []).append((subject, heard))
        await asyncio.gather(*(self._ask_one(source, questions) for source, questions in by_source.items()))

    async def _ask_one(self, source: str, questions: Sequence[tuple[str, int]]) -> None:
        """One source's questions, one after the other, until it does not answer or the round has taken long enough."""
        try:
            async with asyncio.timeout(ROUND_SECONDS):
                for subject, heard in questions:
                    metrics.GAPS_ASKED.labels(self._ledger.domain.source, source).inc()
                    await self._ledger.hear(await self._ask(source, subject, heard))
        except Exception as error:  # noqa: BLE001  # the source may be away; its gaps stay open and are asked again
            log.warning("ledger.gap_not_answered", source=source, problem=type(error).__name__)
