"""Posts to an address that a unit gave: the address that was checked is the one that is dialled, and nothing else is followed.

Invariant: no name is resolved after the check. The connection goes to a checked network address; Host header, SNI and the
certificate's name are those of the URL. No redirect, no proxy, no credentials, no connection kept, no body read.
"""

import asyncio
import ssl
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from shared.callbacks.guard import Checked, Guard

TIMEOUT = 10.0
CONNECT_TIMEOUT = 5.0
MOST_ADDRESSES = 3
_NOT_CONNECTED = (httpx.ConnectError, httpx.ConnectTimeout)


class NotReachedError(Exception):
    """No status came back; the message says in a word what happened, and names no address."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What the address answered: its status, and its Retry-After as it was written."""

    status: int
    retry_after: str


def trust(ca_file: str | None) -> ssl.SSLContext:
    """The public certificate authorities, and those of `ca_file`. Raises OSError when it cannot be read."""
    context = httpx.create_ssl_context(trust_env=False)
    if ca_file:
        context.load_verify_locations(ca_file)
    return context


class Dialler:
    """Posts, each time over a connection of its own: one that is kept was checked for another name, or another moment."""

    def __init__(self, guard: Guard, trusted: ssl.SSLContext, *, timeout: float = TIMEOUT) -> None:
        self._guard = guard
        self._timeout = timeout
        limits = httpx.Limits(max_keepalive_connections=0)
        timeouts = httpx.Timeout(timeout, connect=min(CONNECT_TIMEOUT, timeout))
        self._client = httpx.AsyncClient(
            verify=trusted, trust_env=False, follow_redirects=False, http2=False, limits=limits, timeout=timeouts
        )

    async def post(self, url: str, content: bytes, headers: Mapping[str, str], *, unit: str) -> Answer:
        """What `url` of `unit` answers within the time-out, all in all. Raises UnsafeAddressError and NotReachedError."""
        try:
            async with asyncio.timeout(self._timeout):
                checked = await self._guard.check(url, unit=unit)
                return await self._through(checked, content, headers)
        except TimeoutError as error:
            raise NotReachedError(f"no answer within {self._timeout:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
            raise NotReachedError(f"no answer: {type(error).__name__}") from error

    async def _through(self, checked: Checked, content: bytes, headers: Mapping[str, str]) -> Answer:
        """The first of the checked addresses that takes a connection."""
        *others, last = checked.addresses[:MOST_ADDRESSES]
        for address in others:
            try:
                return await self._at(address, checked, content, headers)
            except _NOT_CONNECTED:
                continue
        return await self._at(last, checked, content, headers)

    async def _at(self, address: str, checked: Checked, content: bytes, headers: Mapping[str, str]) -> Answer:
        target = checked.target
        request = self._client.build_request(
            "POST",
            target.at(address),
            content=content,
            headers={**headers, "host": target.host_header, "connection": "close", "accept-encoding": "identity"},
            extensions={"sni_hostname": target.host},
        )
        answer = await self._client.send(request, stream=True)
        try:
            return Answer(status=answer.status_code, retry_after=answer.headers.get("retry-after", ""))
        finally:
            await answer.aclose()

    async def close(self) -> None:
        """Close what is open."""
        await self._client.aclose()
