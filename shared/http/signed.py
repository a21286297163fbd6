"""Addresses that carry their own permission: for one method, one path and one audience, until they expire.

Invariant: the signature covers all four, so that nothing of it can be changed or extended; it is compared in constant time.
"""

import hashlib
import hmac
from base64 import urlsafe_b64encode
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated
from urllib.parse import urlencode

from fastapi import Query, Request, Security

from shared.http.openapi import BEARER
from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.access import Scope
from shared.schemas.model import Frozen, Text

SKEW_SECONDS = 30
"""How far apart the clocks of two of our machines may be."""
LONGEST_SECONDS = 3600
LABEL = b"backline signed address 1"
LINK = "link"
NOT_VALID = Refusal(
    code="link_not_valid",
    status=403,
    message=Text(
        zh="链接已过期或不完整；请重新获取链接，或用凭证访问。",
        en="The link has expired or is not whole; ask for a new one, or use your token.",
    ),
)
Signature = Annotated[str, Query(max_length=100, description="of a signed address")]
Expires = Annotated[int | None, Query(ge=0, le=2**40, description="of a signed address: seconds since 1970")]
Audience = Annotated[str, Query(max_length=40, description="of a signed address: whom it was made for")]


class Link(Frozen):
    """A signed address, from the root of this service, and until when it may be used."""

    address: str
    expires_at: datetime


@dataclass(frozen=True, kw_only=True)
class Grant:
    """What an address says of its own permission."""

    expires: int | None
    audience: str
    signature: str


class Signer:
    """Signs with the first of `secrets`, knows addresses signed with any of them, so that they can be rotated."""

    def __init__(self, secrets: Sequence[str], now: Callable[[], datetime]) -> None:
        self._keys = [hmac.digest(secret.encode(), LABEL, hashlib.sha256) for secret in secrets]
        self._now = now

    def sign(self, path: str, *, audience: str, seconds: int = 300, method: str = "GET") -> Link:
        """The address of `path` for `audience`, good for `seconds`, at most an hour."""
        expires = int(self._now().timestamp()) + min(seconds, LONGEST_SECONDS)
        signature = _signature(self._keys[0], method, path, expires, audience)
        query = urlencode({"expires": expires, "audience": audience, "signature": signature})
        return Link(address=f"{path}?{query}", expires_at=datetime.fromtimestamp(expires, UTC))

    def allows(self, method: str, path: str, grant: Grant) -> bool:
        """Whether `grant` was signed for just this and has not expired. What may be got may be asked about (HEAD)."""
        if grant.expires is None:
            return False
        now = self._now().timestamp()
        if not now - SKEW_SECONDS <= grant.expires <= now + LONGEST_SECONDS + SKEW_SECONDS:
            return False
        signed = "GET" if method == "HEAD" else method
        given = grant.signature.encode("utf-8", "surrogatepass")
        expected = [_signature(key, signed, path, grant.expires, grant.audience).encode() for key in self._keys]
        return any(hmac.compare_digest(given, one) for one in expected)


class Readers:
    """Who reads a file: whoever the token stands for, or the holder of a signed address made for `audiences`.

    A holder is let through as one of our own services would be, for the one path that was signed.
    """

    def __init__(
        self,
        signer: Signer,
        audiences: frozenset[str],
        principal: Callable[..., object] | None = None,
        scope: Scope | None = None,
    ) -> None:
        """`scope` is what `principal` asks of a token, for the OpenAPI document."""
        self._signer = signer
        self._audiences = audiences
        self._principal = principal
        self._scopes = [scope] if scope else []

    @property
    def reader(self) -> Callable[..., Awaitable[Principal]]:
        """The FastAPI dependency. It raises Refused: 403 for an address that is not valid, else what the token is refused with."""
        Documented = Annotated[object, Security(BEARER, scopes=self._scopes)]

        async def found(
            request: Request,
            expires: Expires = None,
            audience: Audience = "",
            signature: Signature = "",
            _documented: Documented = None,
        ) -> Principal:
            return await self._found(request, Grant(expires=expires, audience=audience, signature=signature))

        return found

    async def _found(self, request: Request, grant: Grant) -> Principal:
        if not grant.signature and self._principal is not None:
            found = await self._principal(request)  # type: ignore[misc]
            assert isinstance(found, Principal), "an authenticator finds principals"
            return found
        if grant.audience not in self._audiences or not self._signer.allows(request.method, request.scope["path"], grant):
            raise Refused(NOT_VALID)
        return Principal(kind="service", id=LINK)


def _signature(key: bytes, method: str, path: str, expires: int, audience: str) -> str:
    message = "\n".join((method, path, str(expires), audience)).encode("utf-8", "surrogatepass")
    return urlsafe_b64encode(hmac.digest(key, message, hashlib.sha256)).rstrip(b"=").decode()
