"""The WeCom group robot: HTTP 200 says nothing, the error code in the body says whether the message was taken.

Source: WeCom developer documents, group robot configuration (markdown ≤ 4096 bytes, 20 messages a minute per robot).
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import quote

import httpx

from services.notify.channels.robot import Allowance, Robot
from shared.ledger.effects import Done, Doubt, Ending, PointOfNoReturn, Retry, Terminal

OFTEN = 45009
BUSY = frozenset({-1, 45033})
MAYBE = "the message may be in the room"
REFUSED = {
    93000: "The chat server does not know the robot's key (93000); correct it in the settings.",
    40058: "The chat server finds the message too long or malformed (40058).",
}
_BEFORE = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, kw_only=True)
class WeCom:
    """The vendor's address without trailing slash, and the rooms: unit code → the robot's key (a secret)."""

    url: str
    rooms: Mapping[str, str]
    allowance: Allowance = field(default_factory=Allowance)
    timeout: float = 10.0


class ChatRooms:
    """The Robots of all rooms, made when they are first spoken to."""

    def __init__(self, settings: WeCom, client: httpx.AsyncClient, *, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._settings = settings
        self._client = client
        self._monotonic = monotonic
        self._robots: dict[str, Robot] = {}

    @property
    def units(self) -> frozenset[str]:
        """The units that have a room."""
        return frozenset(self._settings.rooms)

    async def say(self, unit: str, markdown: str, point_of_no_return: PointOfNoReturn) -> Ending:
        """Say `markdown` in the room of `unit`, perhaps together with what else waits for that room."""
        key = self._settings.rooms.get(unit)
        if key is None:
            return Terminal(problem=f"Business unit {unit} has no chat room here; add its robot to the settings.")
        if unit not in self._robots:
            robot = Robot(partial(self._post, key), self._settings.allowance, monotonic=self._monotonic)
            self._robots[unit] = robot
        return await self._robots[unit].say(markdown, point_of_no_return)

    async def _post(self, key: str, content: str) -> Ending:
        url = f"{self._settings.url}/cgi-bin/webhook/send?key={quote(key, safe='')}"
        body = {"msgtype": "markdown", "markdown": {"content": content}}
        try:
            answer = await self._client.post(url, json=body, timeout=self._settings.timeout)
        except _BEFORE as error:
            return Retry(problem=f"The chat server could not be reached ({type(error).__name__}).")
        except httpx.HTTPError as error:
            return Doubt(problem=f"The chat server was lost before it answered ({type(error).__name__}); {MAYBE}.")
        return read_answer(answer, minute=self._settings.allowance.minute)


def read_answer(answer: httpx.Response, *, minute: float = 60.0) -> Ending:
    """What the vendor's answer means. `minute` is how long a robot that spoke too often must be silent, in seconds."""
    if answer.status_code != 200:
        return _read_status(answer.status_code)
    try:
        code = answer.json()["errcode"]
    except (ValueError, KeyError, TypeError):
        return Doubt(problem=f"The chat server answered 200 without an error code; {MAYBE}.")
    if code == 0:
        return Done()
    if code == OFTEN:
        return Retry(problem="The chat robot spoke too often (45009).", seconds=minute)
    if code in BUSY:
        return Retry(problem=f"The chat server is busy ({code}).")
    return Terminal(problem=REFUSED.get(code, f"The chat server refused the message with error code {str(code)[:10]}."))


def _read_status(status: int) -> Ending:
    if status in {429, 503}:
        return Retry(problem=f"The chat server answered {status}.")
    if status >= 500:
        return Doubt(problem=f"The chat server answered {status}; {MAYBE}.")
    return Terminal(problem=f"The chat server answered {status}; check its address in the settings.")
