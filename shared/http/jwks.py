"""The public keys of the token issuer, fetched from its JWKS address and kept for a bounded time.

Invariant: no token decides what is fetched, or from where; the issuer is asked at most once in APART_SECONDS, however many
unknown keys are named; keys older than LIFETIME_SECONDS prove nothing.
"""

import asyncio
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any

import httpx
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK, PyJWTError

from shared.http.issuing import KINDS, IssuerAwayError
from shared.http.limits import BadJson, parse_json

log = structlog.get_logger()
LIFETIME_SECONDS = 3600.0
REFRESH_SECONDS = 300.0
APART_SECONDS = 10.0
FETCH_SECONDS = 3.0
MAX_BYTES = 256 * 1024
MAX_KEYS = 100
SHORTEST_RSA = 2048


class UnreadableJwksError(Exception):
    """What the address answered is no set of keys."""


class Jwks:
    """The keys at `url` for `algorithms`. `client` follows no redirects and sends no token of ours."""

    def __init__(
        self, url: str, client: httpx.AsyncClient, algorithms: Collection[str], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._client = client
        self._algorithms = frozenset(algorithms)
        self._clock = clock
        self._keys: Mapping[str, PyJWK] = {}
        self._fetched_at = self._tried_at = float("-inf")
        self._fetching: asyncio.Task[None] | None = None

    async def key(self, kid: str) -> PyJWK | None:
        """The key of that name, or None. Raises IssuerAwayError when the keys are not known at all."""
        if self._age() <= LIFETIME_SECONDS and kid in self._keys:
            if self._age() > REFRESH_SECONDS:
                self._begin()  # in the background: whoever has a good key does not wait for the issuer
            return self._keys[kid]
        if (fetching := self._begin()) is not None:
            await asyncio.shield(fetching)
        if self._age() > LIFETIME_SECONDS:
            raise IssuerAwayError
        return self._keys.get(kid)

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    def _begin(self) -> "asyncio.Task[None] | None":
        """The fetch under way, or a new one unless the last was a moment ago."""
        if self._fetching is not None and not self._fetching.done():
            return self._fetching
        if self._clock() - self._tried_at < APART_SECONDS:
            return None
        self._tried_at = self._clock()
        self._fetching = asyncio.create_task(self._fetch(), name="Jwks.fetch")
        return self._fetching

    async def _fetch(self) -> None:
        try:
            async with asyncio.timeout(FETCH_SECONDS):
                content = await self._content()
            self._keys = _read(content, self._algorithms)
        except (TimeoutError, httpx.HTTPError, UnreadableJwksError) as error:
            log.warning("access.issuer_away", problem=type(error).__name__, known=len(self._keys))
            return
        self._fetched_at = self._clock()

    async def _content(self) -> bytes:
        content = bytearray()
        async with self._client.stream("GET", self._url, headers={"Accept": "application/json"}) as answer:
            if answer.status_code != httpx.codes.OK:
                raise UnreadableJwksError(f"status {answer.status_code}")
            async for part in answer.aiter_bytes():
                content += part
                if len(content) > MAX_BYTES:
                    raise UnreadableJwksError(f"more than {MAX_BYTES} bytes")
        return bytes(content)


def _read(content: bytes, algorithms: Collection[str]) -> Mapping[str, PyJWK]:
    """The usable keys by name; one that is named twice is nobody's. Raises UnreadableJwksError."""
    try:
        answered = parse_json(content, limit=MAX_BYTES)
    except BadJson as error:
        raise UnreadableJwksError("no JSON") from error
    listed = answered.get("keys") if isinstance(answered, dict) else None
    if not isinstance(listed, list) or len(listed) > MAX_KEYS:
        raise UnreadableJwksError(f"no list of at most {MAX_KEYS} keys")
    named = [(jwk["kid"], key) for jwk in listed if (key := _usable(jwk, algorithms)) is not None]
    names = [kid for kid, _ in named]
    return {kid: key for kid, key in named if names.count(kid) == 1}


def _usable(jwk: Any, algorithms: Collection[str]) -> PyJWK | None:
    """The key, if it is public, for signatures, of an allowed algorithm and long enough."""
    if not isinstance(jwk, dict) or not isinstance(jwk.get("kid"), str) or "d" in jwk or jwk.get("use", "sig") != "sig":
        return None
    kind, curve = jwk.get("kty"), jwk.get("crv")
    algorithm = KINDS.get((kind, curve)) if isinstance(kind, str) and isinstance(curve, str | None) else None
    if algorithm is None or algorithm not in algorithms or jwk.get("alg", algorithm) != algorithm:
        return None
    try:
        key = PyJWK(jwk, algorithm)
    except (PyJWTError, ValueError, TypeError, KeyError) as error:
        log.warning("access.issuers_key_unusable", problem=type(error).__name__)
        return None
    return None if isinstance(key.key, RSAPublicKey) and key.key.key_size < SHORTEST_RSA else key
