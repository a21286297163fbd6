"""The environment variables every service reads, as one frozen model, validated before the first message."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, SecretStr, ValidationError

from shared.messaging.security import Security, SecurityError
from shared.schemas.envelope import Source
from shared.schemas.model import Frozen

PREFIX = "BACKLINE_"


class SettingsError(Exception):
    """A setting is missing or wrong; the message names the variable and what it should be."""


class Settings(Frozen):
    """Read from BACKLINE_<FIELD IN CAPITALS>. URLs have no trailing slash."""

    service: Source
    mongo_uri: str
    broker: str = Field(description="host:port of a Kafka broker, or of several with commas between")
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_username: str | None = Field(default=None, description="SCRAM-SHA-512 user; the service's name when unset")
    kafka_password: SecretStr | None = None
    kafka_password_file: str | None = Field(default=None, description="file whose first line is the password")
    kafka_ca_file: str | None = Field(default=None, description="PEM file with the certificates that sign the brokers'")
    database: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    environment: str = Field(default="production", pattern="^(development|production)$")
    clock: str | None = None
    service_token: str = Field(min_length=8)
    keys_file: str | None = None
    intake_url: str = "http://127.0.0.1:8001"
    routing_url: str = "http://127.0.0.1:8002"
    notify_url: str = "http://127.0.0.1:8003"
    documents_url: str = "http://127.0.0.1:8004"
    log: str = Field(default="auto", pattern="^(auto|json|console)$")
    policy: str = "sales-support"
    policy_root: str | None = Field(default=None, description="folder of policy packs; the packs that ship when unset")
    lease_seconds: float = Field(default=60.0, gt=0, description="how long an effect may take before another process may try it")
    session_timeout_ms: int = 45_000
    rebalance_timeout_ms: int = 60_000

    @classmethod
    def read(cls, service: Source, environ: Mapping[str, str] | None = None) -> Self:
        """The settings of `service`; raises SettingsError naming every variable that is missing or wrong."""
        environ = os.environ if environ is None else environ
        values = {name: environ[PREFIX + name.upper()] for name in cls.model_fields if PREFIX + name.upper() in environ}
        try:
            settings = cls.model_validate({"database": f"backline_{service}", **values, "service": service})
        except ValidationError as error:
            faults = [f"{PREFIX}{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors()]
            raise SettingsError("Set these environment variables right: " + "; ".join(faults)) from error
        return settings

    @property
    def kafka(self) -> Security:
        """Who the service is to Kafka. Raises SettingsError."""
        try:
            return Security(
                protocol=self.kafka_security,
                username=self.kafka_username or self.service,
                password=self._kafka_password(),
                ca_file=self.kafka_ca_file,
            )
        except SecurityError as error:
            raise SettingsError(str(error)) from error

    def _kafka_password(self) -> str | None:
        if self.kafka_password_file is None:
            return self.kafka_password.get_secret_value() if self.kafka_password else None
        try:
            return Path(self.kafka_password_file).read_text(encoding="utf-8").splitlines()[0]
        except (OSError, UnicodeDecodeError, IndexError) as error:
            raise SettingsError(f"{PREFIX}KAFKA_PASSWORD_FILE cannot be read ({type(error).__name__}).") from error

    def url_of(self, source: str) -> str:
        """Where `source`'s HTTP interface is."""
        return {
            "intake": self.intake_url,
            "routing": self.routing_url,
            "notify": self.notify_url,
            "documents": self.documents_url,
        }[source]
