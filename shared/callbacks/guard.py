"""Finds where a callback's host is, and refuses it unless every address it has may be called."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from shared.callbacks.addresses import Rules, Target, UnsafeAddressError, permitted, target_of

RESOLVING_AT_ONCE = 8
RESOLVING_SECONDS = 5.0
Resolve = Callable[[str, int], Awaitable[list[str]]]
"""The network addresses of a host, in the order in which they should be tried. Raises OSError."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Where to connect: one of `addresses`, which were checked, and nothing that a name may mean later."""

    target: Target
    addresses: tuple[str, ...]


class Guard:
    """Every look-up is bounded in time and has threads of its own: a name server that is silent holds up nobody else."""

    def __init__(self, rules: Rules, resolve: Resolve | None = None) -> None:
        self._rules = rules
        self._threads = ThreadPoolExecutor(RESOLVING_AT_ONCE, thread_name_prefix="resolve")
        self._resolve = resolve or self._look_up

    async def check(self, url: str) -> Checked:
        """Where `url` leads now. Raises UnsafeAddressError."""
        target = target_of(url, self._rules)
        try:
            async with asyncio.timeout(RESOLVING_SECONDS):
                addresses = tuple(dict.fromkeys(await self._resolve(target.host, target.port)))
        except (OSError, UnicodeError, TimeoutError):
            addresses = ()
        if not addresses:
            raise UnsafeAddressError(
                "url_unknown_host",
                "现在查不到 url 中的主机；请检查域名后再试。",
                "The host in url cannot be found now; check its name and try again.",
            )
        if not all(permitted(address, self._rules) for address in addresses):
            raise UnsafeAddressError(
                "url_not_public",
                "url 中的主机不在公共网络上，不能作为回调地址；请使用公共地址，或请系统管理员放行该网络。",
                "The host in url is not on the public network and cannot be called; use a public address, or ask the system "
                "administrators to allow its network.",
            )
        return Checked(target=target, addresses=addresses)

    async def _look_up(self, host: str, port: int) -> list[str]:
        def found() -> list[str]:
            return [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]

        return await asyncio.get_running_loop().run_in_executor(self._threads, found)
