"""Places for uploads: so many at a time, few of them one caller's, and nobody waits for one without end."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakValueDictionary

from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.model import Text

AT_ONCE = 8
"""Uploads at the same time; what more there are wait. Each lies on the disk of this process until it is whole."""
EACH = 2
"""Of these for one caller."""
WAIT_SECONDS = 30.0
"""How long an upload waits for a place: longer than one that brings nothing keeps it."""
RETRY_SECONDS = 5
BUSY = Refusal(
    code="uploads_busy",
    status=503,
    message=Text(
        zh=f"同时上传的文件过多（每个调用方最多 {EACH} 个），什么都没有保存；请稍后重试。",
        en=f"Too many uploads are under way ({EACH} at most for one caller) and nothing was kept; try again shortly.",
    ),
)


class Slots:
    """The places of one process. Callers who wait for their own uploads keep no place from others."""

    def __init__(self, *, at_once: int = AT_ONCE, each: int = EACH, wait: float = WAIT_SECONDS) -> None:
        self._all = asyncio.Semaphore(at_once)
        self._own: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()
        self._each = each
        self._wait = wait

    @asynccontextmanager
    async def one(self, caller: str) -> AsyncIterator[None]:
        """A place while the block lasts. Raises Refused (503) when there is none in time."""
        own = self._own.setdefault(caller, asyncio.Semaphore(self._each))
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(self._wait):
                    await held.enter_async_context(own)
                    await held.enter_async_context(self._all)
            except TimeoutError as error:
                raise Refused(BUSY, headers={"Retry-After": str(RETRY_SECONDS)}) from error
            yield
