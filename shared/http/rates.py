"""How often somebody may ask: a bucket per caller, and one per address for whoever gives no valid token. Per process.

Invariant: looking costs no input or output, and what is remembered is bounded: the least used bucket is forgotten first.
"""

import ipaddress
import math
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from fastapi import Request

from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.model import Text

REMEMBERED = 10_000
FORWARDED_AT_MOST = 20
TOO_OFTEN = Refusal(
    code="too_often",
    status=429,
    message=Text(
        zh="请求过于频繁；请在 Retry-After 头给出的秒数之后再发。",
        en="You ask too often; send this again after the seconds that the Retry-After header says.",
    ),
)
TOO_MANY_GUESSES = Refusal(
    code="too_many_guesses",
    status=429,
    message=Text(
        zh="来自此地址的无效凭证过多；请在 Retry-After 头给出的秒数之后，用有效的令牌再发。",
        en="Too many tokens from this address were not valid; send a valid one after the seconds that Retry-After says.",
    ),
)
Address = ipaddress.IPv4Address | ipaddress.IPv6Address
Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, kw_only=True)
class Rate:
    """So many a second on average, and so many at once after a pause."""

    per_second: float
    burst: int

    @property
    def window(self) -> int:
        """In how many seconds an empty bucket is full again."""
        return max(1, math.ceil(self.burst / self.per_second))


class Buckets:
    """Token buckets by name, all of one rate."""

    def __init__(self, rate: Rate, *, clock: Callable[[], float] = time.monotonic, remembered: int = REMEMBERED) -> None:
        self.rate = rate
        self._clock = clock
        self._remembered = remembered
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def wait(self, name: str) -> float:
        """Seconds until there is one to take; 0 when there is."""
        return max(0.0, (1.0 - self._level(name)) / self.rate.per_second)

    def take(self, name: str) -> float:
        """Take one if there is one, and then 0; else the seconds until there is."""
        level = self._level(name)
        if level < 1.0:
            return (1.0 - level) / self.rate.per_second
        self._buckets[name] = level - 1.0, self._clock()
        self._buckets.move_to_end(name)
        if len(self._buckets) > self._remembered:
            self._buckets.popitem(last=False)
        return 0.0

    def _level(self, name: str) -> float:
        level, at = self._buckets.get(name, (float(self.rate.burst), 0.0))
        return min(float(self.rate.burst), level + (self._clock() - at) * self.rate.per_second)


class Limits:
    """Both limits of a process; None is no limit. `proxies` are those whose X-Forwarded-For is believed."""

    def __init__(self, callers: Buckets | None = None, guesses: Buckets | None = None, proxies: Sequence[Network] = ()) -> None:
        self._callers = callers
        self._guesses = guesses
        self._proxies = proxies

    def before(self, request: Request) -> None:
        """Raise Refused while too many tokens from the request's address were not valid."""
        if self._guesses is not None and (seconds := self._guesses.wait(self._address(request))):
            raise _refused(TOO_MANY_GUESSES, "unauthenticated", self._guesses.rate, seconds)

    def guessed(self, request: Request) -> None:
        """A token from this address was not valid."""
        if self._guesses is not None:
            self._guesses.take(self._address(request))

    def asked(self, caller: str) -> None:
        """Raise Refused when `caller` asks too often."""
        if self._callers is not None and (seconds := self._callers.take(caller)):
            raise _refused(TOO_OFTEN, "caller", self._callers.rate, seconds)

    def _address(self, request: Request) -> str:
        """Who is at the other end; behind proxies of ours, the last address that none of them has."""
        peer = request.client.host if request.client else ""
        hops = [hop.strip() for hop in ",".join(request.headers.getlist("x-forwarded-for")).split(",")[-FORWARDED_AT_MOST:]]
        for hop in [*hops, peer][::-1] if self._proxies else [peer]:
            address = _parsed(hop)
            if address is None:
                return peer
            if not any(address in network for network in self._proxies):
                return _neighbourhood(address)
        return peer


def networks(setting: str) -> tuple[Network, ...]:
    """The networks in a list with commas between. Raises ValueError."""
    return tuple(ipaddress.ip_network(part.strip()) for part in setting.split(",") if part.strip())


def _parsed(text: str) -> Address | None:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, ipaddress.IPv6Address) else address


def _neighbourhood(address: Address) -> str:
    """The address; of IPv6 its /64, which is what one subscriber has."""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.ip_network((address, 64), strict=False))


def _refused(refusal: Refusal, policy: str, rate: Rate, seconds: float) -> Refused:
    """With what clients need to slow down: Retry-After, and the fields of draft-ietf-httpapi-ratelimit-headers."""
    wait = str(max(1, math.ceil(seconds)))
    return Refused(
        refusal,
        headers={
            "Retry-After": wait,
            "RateLimit-Policy": f'"{policy}";q={rate.burst};w={rate.window}',
            "RateLimit": f'"{policy}";r=0;t={wait}',
        },
    )
