"""Tokens of an OAuth 2.0 / OpenID Connect issuer (RFC 9068, RFC 8725): client credentials of units' systems, and people.

Invariant: a token names at most which of the issuer's cached keys proves it; algorithm, issuer and audience are ours to say, and
whatever else its header says (jwk, jku, x5u, x5c) is not read. One that demands more of us (crit) is refused.
"""

import base64
import binascii
from collections.abc import Mapping
from typing import Any

import jwt

from shared.http.issuing import Claims, Identity
from shared.http.jwks import Jwks
from shared.http.limits import BadJson, parse_json
from shared.schemas.access import SCOPES

MAX_TOKEN = 8 * 1024
MAX_HEADER = 2 * 1024
LEEWAY_SECONDS = 30
LONGEST_NAME = 100
TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})


class Issuer:
    """Proves the tokens of one issuer."""

    def __init__(self, keys: Jwks, *, issuer: str, audience: str, claims: Claims) -> None:
        self._keys = keys
        self._issuer = issuer
        self._audience = audience
        self._claims = claims
        self._required = ["exp", "iat", "aud", "iss", *(["nbf"] if claims.needs_nbf else [])]

    async def identity(self, token: str) -> Identity | None:
        """Whom `token` stands for, or None when it is not one of this issuer's for us, now. Raises IssuerAwayError."""
        kid = _named_key(token)
        key = await self._keys.key(kid) if kid is not None else None
        if key is None:
            return None
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._audience,
                issuer=self._issuer,
                leeway=LEEWAY_SECONDS,
                options={"require": self._required},
            )
        except (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError):
            return None
        return self._meant(claims)

    def _meant(self, claims: Mapping[str, Any]) -> Identity | None:
        """Exactly one of unit and person: a token that says both, or neither, stands for nobody."""
        unit, person = _name(claims.get(self._claims.unit)), _name(claims.get(self._claims.person))
        client = next((name for key in ("azp", "client_id", "sub") if (name := _name(claims.get(key)))), None)
        scopes = self._scopes(claims.get(self._claims.scope))
        if (unit is None) == (person is None) or client is None:
            return None
        if unit is not None:
            return Identity(kind="unit", id=unit, client=client, scopes=scopes)
        return Identity(kind="person", id=person or "", client=client, scopes=scopes or self._claims.person_scopes)

    def _scopes(self, given: Any) -> frozenset[str]:
        """A text with blanks between, or a list; what is no scope of ours counts for nothing."""
        words = given.split(" ") if isinstance(given, str) else given if isinstance(given, list) else []
        prefix = self._claims.scope_prefix
        return SCOPES & {word.removeprefix(prefix) for word in words if isinstance(word, str) and word.startswith(prefix)}


def _named_key(token: str) -> str | None:
    """The `kid` of a token that may be looked at: of bounded size, signed, without `crit`; else None."""
    if len(token) > MAX_TOKEN or token.count(".") != 2 or not token.isascii():
        return None
    segment = token.partition(".")[0]
    try:
        header = parse_json(
            base64.b64decode(segment + "=" * (-len(segment) % 4), altchars=b"-_", validate=True), limit=MAX_HEADER
        )
    except (BadJson, binascii.Error, ValueError):
        return None
    if not isinstance(header, dict) or "crit" in header or "b64" in header:
        return None
    kid, kind = header.get("kid"), header.get("typ", "JWT")
    known = isinstance(kid, str) and 0 < len(kid) <= LONGEST_NAME and isinstance(kind, str) and kind.lower() in TYPES
    return kid if known else None


def _name(value: Any) -> str | None:
    return value if isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and value.isprintable() else None
