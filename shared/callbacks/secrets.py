"""Signing keys and signatures by Standard Webhooks 1.0. Pure.

Invariant: no key is stored. It follows from the master secret and from whose it is, so that whoever reads a stream can sign nothing.
"""

import base64
import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta

import orjson

from shared.schemas.callbacks import Callback

PREFIX = "whsec_"
BOTH_FOR = timedelta(days=1)
"""How long the secret before the present one signs too, after it was turned."""


def key_of(master: bytes, unit: str, identity: str, version: int) -> bytes:
    """The 32 bytes that sign what the subscription `identity` of `unit` is sent while its secret has this version."""
    about = orjson.dumps(["backline callback 1", unit, identity, version])
    return hmac.new(master, about, hashlib.sha256).digest()


def shown(key: bytes) -> str:
    """The key as its unit is given it: `whsec_` and base64."""
    return PREFIX + base64.b64encode(key).decode()


def keys_at(master: bytes, callback: Callback, now: datetime) -> tuple[bytes, ...]:
    """The keys that sign now: the present one, and for a day the one before it."""
    turned = callback.turned_at
    both = callback.version > 1 and turned is not None and now < turned + BOTH_FOR
    versions = (callback.version, callback.version - 1) if both else (callback.version,)
    return tuple(key_of(master, callback.unit, callback.id, version) for version in versions)


def signature(key: bytes, identity: str, timestamp: int, body: bytes) -> str:
    """`v1,` and base64 of HMAC-SHA256 over "<id>.<timestamp>.<body>"."""
    signed = b".".join((identity.encode(), str(timestamp).encode(), body))
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()


def signatures(keys: Sequence[bytes], identity: str, timestamp: int, body: bytes) -> str:
    """One signature by each key, with spaces between; a receiver takes any of them."""
    return " ".join(signature(key, identity, timestamp, body) for key in keys)
