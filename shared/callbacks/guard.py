"""Finds where a callback's host is, and refuses it unless every address it has may be called."""

import asyncio
import socket
import threading
from collections import Counter
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from shared.callbacks.addresses import Rules, Target, UnsafeAddressError, permitted, target_of

RESOLVING_AT_ONCE = 64
RESOLVING_EACH = 8
"""Look-ups of one unit at once: an eighth of all, and as many as notify has places for a unit."""
RESOLVING_SECONDS = 5.0
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""The network addresses of a host, in the order in which they should be tried. Raises OSError."""
_UNKNOWN_HOST = (
    "url_unknown_host",
    "现在查不到 url 中的主机；请检查域名后再试。",
    "The host in url cannot be found now; check its name and try again.",
)


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Where to connect: one of `addresses`, which were checked, and nothing that a name may mean later."""

    target: Target
    addresses: tuple[str, ...]


class SilentNameServerError(UnsafeAddressError):
    """The host was not looked up in time, or its unit has as many look-ups under way as it may have: nothing is known of the
    address.
    """

    def __init__(self) -> None:
        super().__init__(*_UNKNOWN_HOST)


class LookUps:
    """Asks the machine's resolver, in threads of its own.

    Invariant: a look-up counts against its unit until its thread is free, however long ago its caller gave up; so name servers
    that are silent keep the threads of their own units, and no others.
    """

    def __init__(self, *, at_once: int = RESOLVING_AT_ONCE, each: int = RESOLVING_EACH) -> None:
        self._threads = ThreadPoolExecutor(at_once, thread_name_prefix="resolve")
        self._each = each
        self._under_way: Counter[str] = Counter()
        self._lock = threading.Lock()

    async def of(self, unit: str, host: str, port: int) -> list[str]:
        """The addresses of `host`, looked up for `unit`. Raises OSError, and SilentNameServerError when the unit has no look-up left."""
        with self._lock:
            if self._under_way[unit] >= self._each:
                raise SilentNameServerError
            self._under_way[unit] += 1
        looking = self._threads.submit(_look_up, host, port)
        looking.add_done_callback(lambda _: self._done(unit))
        return await asyncio.wrap_future(looking)

    def _done(self, unit: str) -> None:
        with self._lock:
            self._under_way[unit] -= 1
            if not self._under_way[unit]:
                del self._under_way[unit]


class Guard:
    """Every look-up is bounded in time, and each unit has only so many: a name server that is silent holds up no other unit."""

    def __init__(self, rules: Rules, resolve: Resolve | None = None) -> None:
        self._rules = rules
        self._resolve = resolve
        self._look_ups = LookUps()

    async def check(self, url: str, *, unit: str) -> Checked:
        """Where `url` leads now, which is `unit`'s. Raises UnsafeAddressError, of which SilentNameServerError says nothing of `url`."""
        target = target_of(url, self._rules)
        try:
            async with asyncio.timeout(RESOLVING_SECONDS):
                addresses = tuple(dict.fromkeys(await self._found(target, unit)))
        except TimeoutError as error:
            raise SilentNameServerError from error
        except (OSError, UnicodeError):
            addresses = ()
        if not addresses:
            raise UnsafeAddressError(*_UNKNOWN_HOST)
        if not all(permitted(address, self._rules) for address in addresses):
            raise UnsafeAddressError(
                "url_not_public",
                "url 中的主机不在公共网络上，不能作为回调地址；请使用公共地址，或请系统管理员放行该网络。",
                "The host in url is not on the public network and cannot be called; use a public address, or ask the system "
                "administrators to allow its network.",
            )
        return Checked(target=target, addresses=addresses)

    async def _found(self, target: Target, unit: str) -> list[str]:
        if self._resolve is not None:
            return await self._resolve(target.host, target.port)
        return await self._look_ups.of(unit, target.host, target.port)


def _look_up(host: str, port: int) -> list[str]:
    return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
