"""Group commit: messages told at the same time share one write, and each teller gets its own outcome."""

import asyncio
from collections.abc import Sequence
from typing import Protocol

from shared.ledger.messages import Lease, Message, Outcome

GATHER_SECONDS = 0.01
MAX_BATCH = 300


class Applies(Protocol):
    async def apply(self, messages: Sequence[Message | Lease]) -> list[Outcome]: ...


class DeskClosedError(Exception):
    """The service is stopping and takes no more messages."""


class Desk:
    """Where single messages become batches. Run `work` as one task; `tell` returns once the message is durable.

    Messages are applied in the order in which they were told, so tellers who care about order need not wait for each other.
    """

    def __init__(self, ledger: Applies) -> None:
        self._ledger = ledger
        self._waiting: list[tuple[Message | Lease, asyncio.Future[Outcome]]] = []
        self._arrived = asyncio.Event()
        self._closed = False

    async def tell(self, message: Message | Lease) -> Outcome:
        """Apply `message` together with whatever else is waiting. Raises what the store raised for the batch."""
        if self._closed:
            raise DeskClosedError("The service is stopping; try again at another of its processes.")
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        self._waiting.append((message, future))
        self._arrived.set()
        return await future

    async def work(self) -> None:
        """Apply batches until `close`, then what is left."""
        while not (self._closed and not self._waiting):
            await self._arrived.wait()
            if len(self._waiting) < MAX_BATCH:
                await asyncio.sleep(GATHER_SECONDS)
            batch, self._waiting = self._waiting[:MAX_BATCH], self._waiting[MAX_BATCH:]
            if not self._waiting and not self._closed:
                self._arrived.clear()
            if batch:
                await self._apply(batch)

    def close(self) -> None:
        """Take no more messages; `work` ends when those waiting are applied."""
        self._closed = True
        self._arrived.set()

    async def _apply(self, batch: list[tuple[Message | Lease, asyncio.Future[Outcome]]]) -> None:
        try:
            outcomes = await self._ledger.apply([message for message, _ in batch])
        except Exception as error:  # noqa: BLE001  # every teller must hear of it, whatever it is
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            if not future.done():
                future.set_result(outcome)
