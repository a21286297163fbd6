"""How our clients show who they are to Kafka, and how they know that it is Kafka: SASL/SCRAM-SHA-512 and TLS.

Invariant: the password is in no log, no error and no representation of a value.
"""

import ssl
from dataclasses import dataclass, field
from typing import Any, Literal

from faststream.kafka import KafkaBroker
from faststream.security import BaseSecurity, SASLScram512

Protocol = Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"]
MECHANISM = "SCRAM-SHA-512"


class SecurityError(Exception):
    """What a secure connection needs is missing or cannot be read; the message says what to set."""


@dataclass(frozen=True, kw_only=True)
class Security:
    """What a client says of itself. `ca_file` holds the certificates (PEM) that sign the brokers'; the system's when unset."""

    protocol: Protocol = "PLAINTEXT"
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: str | None = None

    def __post_init__(self) -> None:
        if self.protocol.startswith("SASL") and not (self.username and self.password):
            raise SecurityError(
                f"{self.protocol} needs BACKLINE_KAFKA_USERNAME and BACKLINE_KAFKA_PASSWORD (or …_PASSWORD_FILE)."
            )

    def client(self) -> dict[str, Any]:
        """The settings of an aiokafka client."""
        settings: dict[str, Any] = {"security_protocol": self.protocol, "ssl_context": self._context()}
        if self.protocol.startswith("SASL"):
            settings["sasl_mechanism"] = MECHANISM
            settings["sasl_plain_username"], settings["sasl_plain_password"] = self.username, self.password
        return settings

    def broker(self, address: str) -> KafkaBroker:
        """The same as a FastStream broker that is not connected yet; `address` as everywhere."""
        return KafkaBroker(
            address.split(","),
            acks="all",
            enable_idempotence=False,
            graceful_timeout=1,
            logger=None,
            apply_types=False,
            security=self._told(),
        )

    def _told(self) -> BaseSecurity | None:
        """None for a plain connection."""
        if self.protocol == "PLAINTEXT":
            return None
        context, encrypted = self._context(), self.protocol.endswith("SSL")
        if not self.protocol.startswith("SASL"):
            return BaseSecurity(ssl_context=context, use_ssl=encrypted)
        return SASLScram512(self.username or "", self.password or "", ssl_context=context, use_ssl=encrypted)

    def _context(self) -> ssl.SSLContext | None:
        if not self.protocol.endswith("SSL"):
            return None
        try:
            return ssl.create_default_context(cafile=self.ca_file)
        except (OSError, ssl.SSLError) as error:
            raise SecurityError(f"BACKLINE_KAFKA_CA_FILE {self.ca_file} cannot be read ({type(error).__name__}).") from error


PLAIN = Security()
