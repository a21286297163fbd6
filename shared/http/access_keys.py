"""Keys of units' systems as tokens: bl_<id>_<secret>. Found by the id, proved by the secret's HMAC under the deployment's pepper.

Invariant: a secret exists in the answer that issued it and with whoever got it, nowhere else; its comparison takes the same time
whatever is wrong with it.
"""

import hashlib
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import datetime

from shared.schemas.access import HeldKey, KeyRing

PREFIX = "bl_"
TOKEN = re.compile(r"bl_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
NO_MAC = "0" * 64


@dataclass(frozen=True, kw_only=True, repr=False)
class Minted:
    """A new key: what is kept, and the token that is shown once."""

    id: str
    mac: str
    token: str


class Peppers:
    """The pepper that new keys get, and the one before it, under which older keys are still proved."""

    def __init__(self, pepper: str | None, before: str | None = None) -> None:
        self._keys = [one.encode() for one in (pepper, before) if one]
        self.usable = pepper is not None

    def mint(self) -> Minted:
        """A key with 256 random bits. Only while `usable`."""
        identity, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        return Minted(id=identity, mac=_mac(self._keys[0], identity, secret), token=f"{PREFIX}{identity}_{secret}")

    def proves(self, identity: str, secret: str, mac: str) -> bool:
        """Whether `secret` is that of the key `identity` whose HMAC is `mac`."""
        proofs = [hmac.compare_digest(_mac(key, identity, secret), mac) for key in self._keys]
        return any(proofs)  # all are made, however the first ends


def holder(token: str, ring: KeyRing, peppers: Peppers, now: datetime) -> HeldKey | None:
    """Whose key `token` is: None when it has another form, is unknown, not proved, over or revoked."""
    form = TOKEN.fullmatch(token)
    if form is None:
        return None
    held = ring.by_id.get(form[1])
    proved = peppers.proves(form[1], form[2], held.key.mac if held else NO_MAC)
    return held if held is not None and proved and held.key.alive(now) else None


def _mac(key: bytes, identity: str, secret: str) -> str:
    return hmac.digest(key, f"{identity}.{secret}".encode(), hashlib.sha256).hex()
