"""From Kafka records to applied events: what no request can take is kept as a dead letter, everything else reaches its ledger."""

from collections.abc import Sequence
from typing import Any

import structlog

from shared.ledger.apply import Ledger
from shared.ledger.document import Held
from shared.ledger.order import held_from
from shared.messaging.dead_letters import Dead, DeadLetters
from shared.messaging.wire import Record
from shared.telemetry import metrics

log = structlog.get_logger()


class Hearing:
    """The handler of a service's request topics."""

    def __init__(self, ledger: Ledger[Any, Any], dead_letters: DeadLetters) -> None:
        self._ledger = ledger
        self._dead_letters = dead_letters
        self._applied = {source: metrics.EVENTS_APPLIED.labels(ledger.domain.source, source) for source in ledger.domain.hears}

    async def handle(self, records: Sequence[Record]) -> None:
        """Apply a batch. Returning means that every record is applied, held, parked or kept."""
        domain, now = self._ledger.domain, self._ledger.clock.now()
        heard: list[Held] = []
        dead: list[Dead] = []
        for record in records:
            held = held_from(record, now)
            if not isinstance(held, Held):
                dead.append(Dead(record=record, problem=held))
            elif held.source not in domain.hears:
                dead.append(Dead(record=record, problem=f"{domain.source} does not hear {held.source}", reason="unheard"))
            else:
                heard.append(held)
        if heard:
            dead += await self._apply(heard)
        await self._dead_letters.bury(dead)

    async def _apply(self, heard: Sequence[Held]) -> list[Dead]:
        """Those that could not be kept with their requests."""
        dead: list[Dead] = []
        service = self._ledger.domain.source
        outcomes = await self._ledger.apply(heard)
        for held, outcome in zip(heard, outcomes, strict=True):
            self._applied[held.source].inc()
            if not outcome.stored:
                dead.append(Dead(record=held.record, problem=outcome.problem, reason="unstorable"))
            elif outcome.problem:
                metrics.PARKINGS.labels(service, "poison").inc()
                log.warning("ledger.parked", request=outcome.subject, source=held.source, problem=outcome.problem.split(":")[0])
        return dead
