"""How many connections may be open to a mail server: as many as were set, and fewer for a while once it has let no more in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

log = structlog.get_logger()
TURN_SECONDS = 15.0
"""How long a mail waits for a place: the rest of a worker's usual lease is for the mail server."""
BACK_SECONDS = 10.0
"""So often one place that the server refused is tried again."""


class NoTurn(Exception):  # noqa: N818  # what became of a wait
    """Others had all places for all of the time."""


class Place:
    """The right to have one connection open."""

    def __init__(self) -> None:
        self.connected = False
        self.left_out = False


class Places:
    """`most` places, handed out to whoever comes first."""

    def __init__(self, most: int) -> None:
        self._free = asyncio.Semaphore(most)
        self._held: set[Place] = set()
        self._left_out = 0

    @property
    def connected(self) -> int:
        """How many places are held by somebody whom the server has let in."""
        return sum(place.connected for place in self._held)

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Place]:
        """Hold a place; one that was `left_out` meanwhile comes back later. Raises NoTurn after TURN_SECONDS."""
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self._free.acquire()
        except TimeoutError as error:
            raise NoTurn from error
        place = Place()
        self._held.add(place)
        try:
            yield place
        finally:
            self._held.discard(place)
            if place.left_out:
                self._leave_out()
            else:
                self._free.release()

    def _leave_out(self) -> None:
        self._left_out += 1
        if self._left_out == 1:
            log.warning("mail.server_lets_no_more_in", connections=self.connected)
            asyncio.get_running_loop().call_later(BACK_SECONDS, self._one_back)

    def _one_back(self) -> None:
        self._left_out -= 1
        self._free.release()
        if self._left_out:
            asyncio.get_running_loop().call_later(BACK_SECONDS, self._one_back)
