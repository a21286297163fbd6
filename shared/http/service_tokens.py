"""How our services show each other who they are: a token for one of them, from one of them, that is over within a minute.

bls_<issuer>_<audience>_<unix seconds of its end>_<HMAC-SHA-256 under a key made from the shared service token>

Invariant: the shared service token itself is never sent from service to service.
"""

import hashlib
import hmac
import re
import time
from collections.abc import Callable, Generator, Mapping

import httpx

PREFIX = "bls_"
LIFE_SECONDS = 60
SKEW_SECONDS = 30
TOKEN = re.compile(r"bls_([a-z]{1,40})_([a-z]{1,40})_([0-9]{1,12})_([0-9a-f]{64})")


class ServiceTokens:
    """Signs and proves the tokens of the services that share `secret`. `clock` gives unix seconds."""

    def __init__(self, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._key = hmac.digest(secret.encode(), b"backline service tokens, 1", hashlib.sha256)
        self._clock = clock

    def sign(self, issuer: str, audience: str) -> str:
        """A token by which `issuer` asks `audience`."""
        until = str(int(self._clock()) + LIFE_SECONDS)
        return f"{PREFIX}{issuer}_{audience}_{until}_{self._mac(issuer, audience, until)}"

    def issuer(self, token: str, audience: str) -> str | None:
        """Who asks `audience` by `token`; None when it is forged, over, from the future or for somebody else."""
        form = TOKEN.fullmatch(token)
        if form is None:
            return None
        issuer, named, until, mac = form.groups()
        proved = hmac.compare_digest(self._mac(issuer, named, until), mac)
        left = int(until) - self._clock()
        return issuer if proved and named == audience and -SKEW_SECONDS <= left <= LIFE_SECONDS + SKEW_SECONDS else None

    def _mac(self, issuer: str, audience: str, until: str) -> str:
        return hmac.digest(self._key, f"{issuer}_{audience}_{until}".encode(), hashlib.sha256).hex()


class ServiceAuth(httpx.Auth):
    """Signs what `issuer` asks of the services at `addresses` (address → service); nobody else is shown a token."""

    def __init__(self, tokens: ServiceTokens, issuer: str, addresses: Mapping[str, str]) -> None:
        self._tokens = tokens
        self._issuer = issuer
        self._addresses = {f"{address.rstrip('/')}/": service for address, service in addresses.items()}

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """The request with its token."""
        address = str(request.url)
        audience = next((service for begin, service in self._addresses.items() if address.startswith(begin)), None)
        if audience is not None:
            request.headers["Authorization"] = f"Bearer {self._tokens.sign(self._issuer, audience)}"
        yield request
