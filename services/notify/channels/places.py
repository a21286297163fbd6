"""How many connections may be open to a mail server: as many as were set, and fewer for a while once it has let no more in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

log = structlog.get_logger()
CROWDED_SECONDS = 60.0
"""How long a place that the server refused is left out before it is tried again."""


class Place:
    """The right to have one connection open."""

    def __init__(self, places: "Places") -> None:
        self._places = places
        self.left_out = False

    def leave_out(self) -> bool:
        """Do without this place for a while, because the server lets no more in; False for the only one that is held, which stays."""
        self.left_out = self.left_out or self._places.held > 1
        return self.left_out


class Places:
    """`most` places, handed out to whoever comes first."""

    def __init__(self, most: int) -> None:
        self._free = asyncio.Semaphore(most)
        self.held = 0

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Place]:
        """Hold a place. One that was left out meanwhile is free again only after CROWDED_SECONDS."""
        await self._free.acquire()
        self.held += 1
        place = Place(self)
        try:
            yield place
        finally:
            self.held -= 1
            if place.left_out:
                log.warning("mail.server_lets_no_more_in", connections=self.held)
                asyncio.get_running_loop().call_later(CROWDED_SECONDS, self._free.release)
            else:
                self._free.release()
