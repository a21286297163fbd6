"""An HTTP client whose calls end in time, all in all.

httpx bounds each step of a call and each read; an answer that trickles in byte by byte has no end for it.
"""

import asyncio
from typing import Any

import httpx


class BoundedClient(httpx.AsyncClient):
    """Each call ends within the sum of its time-outs (connect, read, write, pool), so that whichever of them is met says so first.

    Raises httpx.ReadTimeout beyond that. Of a call whose answer is streamed only the head is bounded. One without any of the
    time-outs is not bounded.
    """

    async def send(self, request: httpx.Request, **how: Any) -> httpx.Response:
        """Send `request` and read the answer whole, in time."""
        limits = request.extensions.get("timeout", {}).values()
        seconds = None if not limits or None in limits else sum(limits)
        try:
            async with asyncio.timeout(seconds):
                return await super().send(request, **how)
        except TimeoutError as error:
            raise httpx.ReadTimeout("the answer was not whole in time", request=request) from error
