"""Sends callbacks, signed by Standard Webhooks 1.0; a doubtful attempt is made again, since the receiver drops repetitions.

Invariant: `webhook-id` is the item's id on every attempt; the address, its state and its secret are those of the moment.
"""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import orjson

from services.notify.channels.dialling import Answer, NotReachedError
from services.notify.channels.endpoints import Endpoints
from services.notify.channels.retry_after import seconds_of
from shared.callbacks.addresses import UnsafeAddressError
from shared.callbacks.guard import SilentNameServerError
from shared.callbacks.secrets import keys_at, signatures
from shared.ledger.effects import Done, Ending, PointOfNoReturn, Retry, Terminal
from shared.ledger.messages import Item
from shared.schemas.callbacks import Callback
from shared.schemas.model import Json
from shared.schemas.people import Directory

SCHEDULE = (5.0, 300.0, 1800.0, 7200.0, 18000.0, 36000.0, 50400.0, 72000.0, 86400.0)
"""Seconds from one attempt to the next, as the standard proposes: ten attempts over three days."""
LONGEST_ASKED = 86400.0
FIRST_UNMADE, LONGEST_UNMADE = 5.0, 1800.0
"""Seconds after an attempt that could not be made."""
FAILING_AFTER = 5
"""Attempts, over some two and a half hours, after which the unit's contact is told."""
GONE = 410
NO_PLACE = "The address, or its unit, has as many callbacks under way as it may have."
NOT_LOOKED_UP = "the name server did not answer in time"
NO_SECRET = "There is no secret to sign callbacks with; set BACKLINE_CALLBACK_SECRET."  # noqa: S105  # a sentence


class Dials(Protocol):
    async def post(self, url: str, content: bytes, headers: dict[str, str], *, unit: str) -> Answer: ...


class Clock(Protocol):
    def now(self) -> datetime: ...


class Tells(Protocol):
    """Who is told what was seen of an address. Neither raises; each says whether it is on record."""

    async def gone(self, callback: Callback, delivery: str) -> bool: ...

    async def works(self, callback: Callback, delivery: str) -> bool: ...

    async def failing(self, callback: Callback, item: Item) -> bool: ...


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """How one attempt went: the status, or why there is none; how long it took, and when to come again if that was said.

    It is not `made` when the address could not even be looked up in time, which may be nobody's fault who owns it.
    """

    status: int | None
    problem: str
    seconds: float
    asked: float | None = None
    made: bool = True

    @property
    def taken(self) -> bool:
        """Whether it was taken."""
        return self.status is not None and 200 <= self.status < 300


class Callbacks:
    """The effect of kind `callback`. `master` is the master secret; without one nothing is sent."""

    def __init__(
        self,
        *,
        directory: Callable[[], Directory],
        dialler: Dials,
        endpoints: Endpoints,
        tells: Tells,
        clock: Clock,
        master: bytes | None,
        schedule: tuple[float, ...] = SCHEDULE,
    ) -> None:
        self._directory = directory
        self._dialler = dialler
        self._endpoints = endpoints
        self._tells = tells
        self._clock = clock
        self._master = master
        self._schedule = schedule

    async def perform(self, item: Item, _point_of_no_return: PointOfNoReturn) -> Ending:
        """One attempt at `item`."""
        unit, identity = item.data["unit"], item.data["recipient"]
        callback = self._directory().callbacks.get(unit, {}).get(identity)
        if callback is None or not callback.active:
            return Terminal(problem=f"The callback {identity} of {unit} is not active; switch it on and send this again.")
        attempt = await self.attempt(callback, item.id, item.data["payload"])
        if isinstance(attempt, float):
            return Retry(problem=NO_PLACE if self._master else NO_SECRET, seconds=attempt, counted=False)
        return await self._ending(item, callback, attempt)

    async def attempt(self, callback: Callback, identity: str, payload: Json) -> Attempt | float:
        """Post `payload` once; or the seconds after which there may be a place for it."""
        if self._master is None:
            return self._schedule[0]
        wait = self._endpoints.enter(callback.unit, callback.id)
        if wait is not None:
            return wait
        started, attempt = time.monotonic(), None
        try:
            attempt = await self._post(self._master, callback, identity, payload, started)
            return attempt
        finally:
            works = attempt is not None and attempt.status is not None
            self._endpoints.leave(callback.unit, callback.id, works=works, seconds=time.monotonic() - started)

    async def _post(self, master: bytes, callback: Callback, identity: str, payload: Json, started: float) -> Attempt:
        body, now = orjson.dumps(payload), self._clock.now()
        timestamp = int(now.timestamp())
        headers = {
            "content-type": "application/json",
            "user-agent": "Backline-Callbacks/1",
            "webhook-id": identity,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": signatures(keys_at(master, callback, now), identity, timestamp, body),
        }
        try:
            answer = await self._dialler.post(callback.url, body, headers, unit=callback.unit)
        except SilentNameServerError:
            return Attempt(status=None, problem=NOT_LOOKED_UP, seconds=time.monotonic() - started, made=False)
        except UnsafeAddressError as error:
            return Attempt(status=None, problem=str(error), seconds=time.monotonic() - started)
        except NotReachedError as error:
            return Attempt(status=None, problem=str(error), seconds=time.monotonic() - started)
        asked = seconds_of(answer.retry_after, now)
        problem = f"the address answered {answer.status}"
        return Attempt(status=answer.status, problem=problem, seconds=time.monotonic() - started, asked=asked)

    async def _ending(self, item: Item, callback: Callback, attempt: Attempt) -> Ending:
        if attempt.taken:
            if callback.failing is not None:
                await self._tells.works(callback, item.id)
            return Done(data={"status": attempt.status})
        if attempt.status == GONE:
            if not await self._tells.gone(callback, item.id):
                return Retry(problem="the address answered 410, which could not be put on record", seconds=self._schedule[0])
            return Terminal(problem=f"The address answered 410: the callback {callback.id} of {callback.unit} has ended.")
        if not attempt.made and self._recent(item):
            seconds = min(LONGEST_UNMADE, FIRST_UNMADE * 2 ** min(item.attempt, 10))
            return Retry(problem=attempt.problem, seconds=_spread(seconds), counted=False)
        if item.tries >= FAILING_AFTER and callback.contact:
            await self._tells.failing(callback, item)
        return self._again(item, attempt)

    def _again(self, item: Item, attempt: Attempt) -> Ending:
        """Later, as the schedule has it and not before the address asked for; or never, after the last attempt."""
        if item.tries > len(self._schedule):
            return Terminal(problem=f"Given up after {item.tries} attempts: {attempt.problem}. Send it again when it is mended.")
        seconds = _spread(self._schedule[item.tries - 1])
        return Retry(problem=attempt.problem, seconds=max(seconds, min(LONGEST_ASKED, attempt.asked or 0.0)))

    def _recent(self, item: Item) -> bool:
        """Whether what it tells of is younger than the schedule is long; no name server is waited for any longer."""
        told = datetime.fromisoformat(item.data["payload"]["timestamp"])
        return self._clock.now() - told < timedelta(seconds=sum(self._schedule))


def _spread(seconds: float) -> float:
    return seconds * random.uniform(0.9, 1.1)  # noqa: S311  # jitter needs no secrecy
