"""How the mail receiver is secured: its certificate, read again when it was renewed, and the relays that may hand mails over.

Invariant: no secret is kept, only its SHA-256, and digests are compared in constant time. Secrets are random texts of 256 bits, as
keys are (docs/decisions/0020), so that a fast digest of one tells nothing.
"""

import hashlib
import hmac
import re
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog
from aiosmtpd.smtp import AuthResult, LoginPassword

log = structlog.get_logger()
RELAY = re.compile(r"(?P<user>[!-9;-~]{1,100}):(?P<digest>[0-9a-f]{64})")
NOBODY = hashlib.sha256(b"").hexdigest()
MECHANISMS = ("LOGIN", "PLAIN")
Stamp = tuple[tuple[int, int, int], ...]


class CertificateError(Exception):
    """The certificate and its key cannot be used; the message says which files, and holds nothing of them."""


class Certificates:
    """The TLS context of the receiver. Raises CertificateError when it cannot be made at first."""

    def __init__(self, certificate: str, key: str) -> None:
        self._files = (Path(certificate), Path(key))
        self._seen: Stamp | None = None
        self._context: ssl.SSLContext | None = None
        self.context()

    def context(self) -> ssl.SSLContext:
        """The context for the next connection: of the files as they are now, or of those before while these do not fit together."""
        try:
            seen = tuple(_stamp(path) for path in self._files)
            if self._context is None or seen != self._seen:
                self._seen, self._context = seen, _loaded(*self._files)
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            if self._context is None:
                named = " and ".join(str(path) for path in self._files)
                raise CertificateError(f"the certificate and key in {named} cannot be used ({type(error).__name__})") from error
            log.warning("mail.certificate_not_loaded", problem=type(error).__name__)
        return self._context


class Relays:
    """Who may hand mails over: user names with the SHA-256 of their secrets. aiosmtpd calls it as its authenticator."""

    def __init__(self, digests: Mapping[str, str]) -> None:
        self._digests = dict(digests)

    def __call__(self, _server: Any, _session: Any, _envelope: Any, _mechanism: str, given: LoginPassword) -> AuthResult:
        """Whether user and secret are known; the answer to a wrong one is 535, whichever of the two is wrong."""
        user = given.login.decode("utf-8", "replace")
        known = self._digests.get(user, NOBODY)
        right = hmac.compare_digest(hashlib.sha256(given.password).hexdigest(), known) and user in self._digests
        if not right:
            log.warning("mail.relay_refused")
        return AuthResult(success=right, handled=False)


@dataclass(frozen=True, kw_only=True)
class Secured:
    """TLS is offered where there are `certificates`, and needed before a mail where it is `required`. Where `relays` are named, mails
    are taken of them alone; AUTH is offered over TLS only.
    """

    certificates: Certificates | None = None
    required: bool = False
    relays: Relays | None = None

    def options(self) -> dict[str, Any]:
        """What aiosmtpd is told for one connection."""
        if self.certificates is None:
            return {}
        return {
            "tls_context": self.certificates.context(),
            "auth_require_tls": True,
            "auth_required": self.relays is not None,
            "authenticator": self.relays,
            "auth_exclude_mechanism": () if self.relays is not None else MECHANISMS,
        }

    def lacking(self, session: Any) -> str | None:
        """Why no mail is taken in this session yet, as a line of SMTP; None when it is. (aiosmtpd's own check does not know LHLO.)"""
        return "530 5.7.0 Must issue a STARTTLS command first" if self.required and session.ssl is None else None

    def offered(self, responses: list[str]) -> list[str]:
        """The answer to EHLO: no AUTH where nobody could pass it."""
        return [line for line in responses if self.relays is not None or not line[4:].startswith("AUTH")]


def relays_in(text: str) -> dict[str, str]:
    """User → digest of `text`: a line each, user:SHA-256 in hex; # begins a comment. Raises ValueError that names the line."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        bare = line.strip()
        if not bare or bare.startswith("#"):
            continue
        entry = RELAY.fullmatch(bare)
        if entry is None or entry["user"] in found or entry["digest"] == NOBODY:
            raise ValueError(f"line {number} should be user:SHA-256 of the user's secret in small hex, each user once")
        found[entry["user"]] = entry["digest"]
    if not found:
        raise ValueError("it names no relay; write lines of user:SHA-256 of the user's secret")
    return found


def _stamp(path: Path) -> tuple[int, int, int]:
    """What changes when a file does."""
    found = path.stat()
    return found.st_mtime_ns, found.st_size, found.st_ino


def _loaded(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key, password="")  # a key with a password is refused, not asked about
    return context
