"""What happens before partitions go to another member: the batch under way is waited for, within what a rebalance allows.

Invariant: whoever gets the partitions next reads behind what was handled here, unless a handler takes longer than the wait; then
two may work on one record, and the ledger's revision refuses whoever writes second.
"""

import asyncio
from collections.abc import Collection

import structlog
from aiokafka import ConsumerRebalanceListener, TopicPartition

log = structlog.get_logger()
SHARE_OF_REBALANCE = 0.8
"""So much of the time in which members must join again is spent on waiting; the rest is for hearing of it and for joining."""
HEARTBEATS_IN_REBALANCE = 10
LONGEST_HEARTBEAT_MS = 3_000


def heartbeat_ms(rebalance_timeout_ms: int) -> int:
    """How often a member asks whether there is a rebalance: often enough that asking, waiting and joining fit into it."""
    return min(LONGEST_HEARTBEAT_MS, rebalance_timeout_ms // HEARTBEATS_IN_REBALANCE)


class Handover(ConsumerRebalanceListener):  # type: ignore[misc]  # the client is untyped
    """The listener of one subscription. The client hands out no records from before the revocation until after the assignment."""

    def __init__(self, idle: asyncio.Event, rebalance_timeout_ms: int, topics: str) -> None:
        self._idle = idle
        self._seconds = SHARE_OF_REBALANCE * rebalance_timeout_ms / 1000
        self._topics = topics
        self.waiting = False

    async def on_partitions_revoked(self, revoked: Collection[TopicPartition]) -> None:
        """Let the rebalance go on once the batch under way is handled and committed, or after the wait."""
        self.waiting = True
        try:
            async with asyncio.timeout(self._seconds):
                await self._idle.wait()
        except TimeoutError:
            log.warning(
                "messaging.handler_outlasts_rebalance", topics=self._topics, partitions=len(revoked), seconds=self._seconds
            )
        finally:
            self.waiting = False

    async def on_partitions_assigned(self, assigned: Collection[TopicPartition]) -> None:
        """Nothing: the client begins behind what was committed."""
