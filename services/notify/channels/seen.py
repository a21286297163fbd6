"""Tells what was seen of a callback's address: intake, which keeps the subscription, and a unit's contact.

Invariant: repeating any of it is harmless, and whatever fails is only logged: the next attempt at the delivery tells it again.
"""

from datetime import datetime
from typing import Literal, Protocol
from urllib.parse import quote, urlsplit

import httpx
import structlog

from shared.ledger.messages import Item, Outcome, Told
from shared.schemas.callbacks import Callback

log = structlog.get_logger()


class Desk(Protocol):
    async def tell(self, message: Told) -> Outcome: ...


class Clock(Protocol):
    def now(self) -> datetime: ...


class Seen:
    """Over intake's internal address; `client` carries the service token."""

    def __init__(self, client: httpx.AsyncClient, intake: str, desk: Desk, clock: Clock) -> None:
        self._client = client
        self._intake = intake
        self._desk = desk
        self._clock = clock

    async def gone(self, callback: Callback, delivery: str) -> bool:
        """The address wants nothing any more; whether that is on record."""
        return await self._tell("gone", callback, delivery) is not None

    async def works(self, callback: Callback, delivery: str) -> bool:
        """The address takes callbacks again; whether that is on record."""
        return await self._tell("works", callback, delivery) is not None

    async def failing(self, callback: Callback, item: Item) -> bool:
        """The address fails for long: its contact is told, if `item` is the delivery that is on record as having found it."""
        first = await self._tell("failing", callback, item.id)
        if not first or not callback.contact:
            return first is not None
        data = {
            "delivery": item.id,
            "callback": callback.id,
            "contact": callback.contact,
            "host": urlsplit(callback.url).hostname or "",
        }
        told = Told(id=f"failing:{item.id}", subject=item.subject, name="callback_failing", data=data, at=self._clock.now())
        outcome = await self._desk.tell(told)
        return not outcome.problem

    async def _tell(self, what: Literal["gone", "works", "failing"], callback: Callback, delivery: str) -> bool | None:
        """Whether `delivery` is the one that found it failing; None when it is not on record."""
        try:
            answer = await self._client.post(
                f"{self._intake}/internal/callbacks/{quote(callback.id, safe='')}",
                params={"unit": callback.unit},
                json={"what": what, "url": callback.url, "delivery": delivery},
            )
            answer.raise_for_status()
            return bool(answer.json()["first"])
        except (httpx.HTTPError, ValueError, KeyError) as error:
            log.warning("callbacks.not_on_record", what=what, callback=callback.id, problem=type(error).__name__)
            return None
