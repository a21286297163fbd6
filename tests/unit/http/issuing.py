"""An issuer of tokens on this machine: real keys, a real HTTP address for its JWKS, and hands that can forge."""

import base64
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

ISSUER, AUDIENCE = "https://login.lanqiao.example", "backline"
RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
SHORT_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=1024)
OTHER_RSA_KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())
ED_KEY = ed25519.Ed25519PrivateKey.generate()
PEM = RSA_KEY.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def jwk(key: Any, kid: str, **more: Any) -> dict[str, Any]:
    """The public half of `key` as a JWK."""
    algorithm: Any = {rsa.RSAPrivateKey: RSAAlgorithm, ec.EllipticCurvePrivateKey: ECAlgorithm}.get(
        next(kind for kind in (rsa.RSAPrivateKey, ec.EllipticCurvePrivateKey, object) if isinstance(key, kind)), OKPAlgorithm
    )
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig", **more}


KEYS = [jwk(RSA_KEY, "rsa"), jwk(EC_KEY, "ec"), jwk(ED_KEY, "ed"), jwk(SHORT_RSA_KEY, "short")]


class LocalIssuer:
    """What the address answers, and how often it was asked."""

    def __init__(self) -> None:
        self.body = json.dumps({"keys": KEYS}).encode()
        self.status = 200
        self.headers: dict[str, str] = {}
        self.asked: list[str] = []
        self.stalled = threading.Event()
        self.stalled.set()
        self.url = ""


@contextmanager
def local_issuer() -> Iterator[LocalIssuer]:
    """A running one."""
    issuer = LocalIssuer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.asked.append(self.path)
            issuer.stalled.wait(10)
            self.send_response(issuer.status)
            for name, value in issuer.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(issuer.body)))
            self.end_headers()
            self.wfile.write(issuer.body)

        def log_message(self, *_arguments: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    issuer.url = f"http://127.0.0.1:{server.server_port}/keys"
    try:
        yield issuer
    finally:
        issuer.stalled.set()
        server.shutdown()
        server.server_close()


def claims(now: float, **changes: Any) -> dict[str, Any]:
    """Those of the east unit's CRM; a change to None takes the claim away."""
    usual = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": "crm-client",
        "client_id": "crm-client",
        "iat": int(now),
        "nbf": int(now),
        "exp": int(now) + 300,
        "business_unit": "east",
        "scope": "requests:read requests:write",
    }
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


def signed(payload: dict[str, Any], key: Any = RSA_KEY, algorithm: str = "RS256", **header: Any) -> str:
    """A token as the issuer makes it, its header changed by `header`."""
    return jwt.encode(payload, key, algorithm=algorithm, headers={"kid": "rsa", "typ": "at+jwt", **header})


def by_hand(header: dict[str, Any] | bytes, payload: dict[str, Any], signature: bytes = b"") -> str:
    """A token that no library would make."""
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return ".".join(_segment(part) for part in (raw, json.dumps(payload).encode(), signature))


def honest(header: dict[str, Any], payload: dict[str, Any]) -> str:
    """A token that no library would make, with a signature that is right."""
    unsigned = by_hand({"alg": "RS256", "kid": "rsa", **header}, payload).rsplit(".", 1)[0]
    signature = RSA_KEY.sign(unsigned.encode(), padding.PKCS1v15(), hashes.SHA256())
    return f"{unsigned}.{_segment(signature)}"


def _segment(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
