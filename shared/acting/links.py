"""The token of a link: who is asked for what, about which wording, until when; signed, and readable by nobody but us. Pure.

    1 form | 1 purpose | 16 request | 12 person | 4 until | 4 stamp | 2 round | 16 HMAC-SHA-256, cut     (bytes, then base64url)

Invariant: all of it is signed, under a key of its own for each secret; one asking has one form, so that what is read is what was
made. The person is a keyed digest: nothing in a token says who they are to anybody without the secret.
"""

import hashlib
import hmac
import re
import struct
import uuid
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

Purpose = Literal["opinion", "support", "coordinate", "delivery"]
"""A review's opinion; a supporter's seat; the coordinator's; what was delivered to the requester."""
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
FORM = 1
FIELDS = struct.Struct(">BB16s12sIIH")
MAC_BYTES = 16
"""Half of the digest, as RFC 2104 (section 5) allows: 2^128 guesses, each of them over HTTP."""
LENGTH = 75
WRITTEN = re.compile(rf"[A-Za-z0-9_-]{{{LENGTH}}}")
SIGNING, NAMING = b"backline link to act, signature 1", b"backline link to act, person 1"
LATEST = 2**32 - 1


@dataclass(frozen=True, kw_only=True)
class Asking:
    """What somebody is asked. `stamp` and `round` say about which wording, delivery or round; `until` is in seconds since 1970."""

    purpose: Purpose
    request: str
    person: str
    until: int
    stamp: int
    round: int = 0


@dataclass(frozen=True, kw_only=True)
class Ask:
    """An asking as its token says it: `person` is a digest (see `Links.who`), `command` the id under which it is answered, once."""

    purpose: Purpose
    request: str
    person: bytes
    until: int
    stamp: int
    round: int
    command: str
    naming: bytes


class Links:
    """Signs with the first of `secrets`, knows what any of them signed, so that they can be changed."""

    def __init__(self, secrets: Sequence[str]) -> None:
        self._keys = [(_key(secret, SIGNING), _key(secret, NAMING)) for secret in secrets]

    def token(self, asking: Asking) -> str:
        """The token of `asking`, always the same; empty for a request whose id is no UUID, which no token can hold."""
        signing, naming = self._keys[0]
        try:
            request = uuid.UUID(asking.request)
        except ValueError:
            return ""
        person = _named(naming, asking.person)
        numbers = (min(asking.until, LATEST), asking.stamp, asking.round)
        said = FIELDS.pack(FORM, PURPOSES.index(asking.purpose), request.bytes, person, *numbers)
        return _written(said + _mac(signing, said))

    def read(self, token: str) -> Ask | None:
        """What a token of ours says; None for every other text. Whether it is over is the caller's to ask."""
        raw = _bytes(token)
        if raw is None:
            return None
        said, given = raw[: FIELDS.size], raw[FIELDS.size :]
        naming = next((naming for signing, naming in self._keys if hmac.compare_digest(_mac(signing, said), given)), None)
        if naming is None:
            return None
        form, purpose, request, person, until, stamp, round_ = FIELDS.unpack(said)
        if form != FORM or purpose >= len(PURPOSES):
            return None
        return Ask(
            purpose=PURPOSES[purpose],
            request=str(uuid.UUID(bytes=request)),
            person=person,
            until=until,
            stamp=stamp,
            round=round_,
            command=f"link-{hashlib.sha256(said).hexdigest()[:32]}",
            naming=naming,
        )

    def who(self, ask: Ask, people: Iterable[str]) -> str | None:
        """Whom of `people` a token was made for; None when it was for somebody else."""
        return next((one for one in people if hmac.compare_digest(_named(ask.naming, one), ask.person)), None)


def _key(secret: str, label: bytes) -> bytes:
    return hmac.digest(secret.encode(), label, hashlib.sha256)


def _named(naming: bytes, person: str) -> bytes:
    return hmac.digest(naming, person.encode("utf-8", "surrogatepass"), hashlib.sha256)[:12]


def _mac(signing: bytes, said: bytes) -> bytes:
    return hmac.digest(signing, said, hashlib.sha256)[:MAC_BYTES]


def _written(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


def _bytes(token: str) -> bytes | None:
    """The bytes that `token` writes, if it writes them in the one way there is."""
    if not WRITTEN.fullmatch(token):
        return None
    try:
        raw = urlsafe_b64decode(token + "=")
    except Error:
        return None
    return raw if _written(raw) == token else None
