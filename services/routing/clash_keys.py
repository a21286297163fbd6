"""The keyed digests under which requests of different units find each other, and the names of their clashes.

Invariant: nothing that a request says is in what is made here; without the pepper no guess at a customer can be tried.
"""

import hashlib
import hmac
import json
from dataclasses import dataclass

from services.routing.domain.matching import pursued
from shared.schemas.clashes import ClashKind
from shared.schemas.requests import Request

NAME_DIGITS = 16


@dataclass(frozen=True, order=True)
class Mark:
    """One thing that a request pursues, as its HMAC-SHA256 in hex."""

    kind: ClashKind
    digest: str


class ClashKeys:
    """Digests under one pepper. Another pepper makes all of them anew: the sweep puts them in the place of the old."""

    def __init__(self, pepper: bytes) -> None:
        self._pepper = pepper

    def marks(self, request: Request) -> frozenset[Mark]:
        """What `request` pursues."""
        return frozenset(Mark(one.kind, self._digest("pursued", one.kind, one.text)) for one in pursued(request))

    def name(self, digest: str, unit: str, other: str) -> str:
        """What the clash of two units over one thing is called, on both sides: 16 hex digits."""
        return self._digest("clash", digest, *sorted((unit, other)))[:NAME_DIGITS]

    def _digest(self, *parts: str) -> str:
        return hmac.digest(self._pepper, json.dumps(parts, ensure_ascii=False).encode(), hashlib.sha256).hex()
