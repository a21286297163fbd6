"""The environment variables every service reads, as one frozen model, validated before the first message."""

import os
from collections.abc import Mapping
from typing import Literal, Self

from pydantic import ConfigDict, Field, SecretStr, ValidationError, model_validator

from shared.http.access import OfService, monotonous, problems_of
from shared.http.auth import SHORTEST_SERVICE_TOKEN, weak_service_token
from shared.messaging.security import Security, SecurityError
from shared.schemas.envelope import Source
from shared.service.from_files import given

PREFIX = "BACKLINE_"
SHORTEST_LINK_SECRET = 32
SECRETS = ("_secret", "_pepper", "_pepper_before", "_token")
"""How the settings end that hold a secret of our own."""
LISTS = frozenset({"link_secret", "act_secret"})
"""Those that hold several with commas between: the first signs, all are known."""
HANDING_OUT = frozenset({"intake", "documents"})
"""The services that hand out files, and sign addresses of them."""


class SettingsError(Exception):
    """A setting is missing or wrong; the message names the variable and what it should be."""


class Settings(OfService):
    """Read from BACKLINE_<FIELD IN CAPITALS>, or from the file that BACKLINE_<FIELD IN CAPITALS>_FILE names. URLs have no trailing
    slash.

    Invariant: no secret is in an error or in the representation of the settings, so that none gets into a log.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    service: Source
    mongo_uri: str = Field(repr=False)
    broker: str = Field(description="host:port of a Kafka broker, or of several with commas between")
    kafka_security: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_username: str | None = Field(default=None, description="SCRAM-SHA-512 user; the service's name when unset")
    kafka_password: SecretStr | None = None
    kafka_ca_file: str | None = Field(default=None, description="PEM file with the certificates that sign the brokers'")
    database: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    environment: str = Field(default="production", pattern="^(development|production)$")
    clock: str | None = None
    service_token: str = Field(min_length=8, repr=False)
    keys_file: str | None = None
    link_secret: str | None = Field(
        default=None,
        repr=False,
        pattern=r"^[^,\s]{16,}(,[^,\s]{16,})*$",
        description="what signed addresses of files are signed with; several with commas between: the first signs, all are known. "
        "Needed where files are handed out, each of 32 characters or more; in development one follows from the service token",
    )
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
        read, faults = given([PREFIX + name.upper() for name in cls.model_fields], environ)
        if faults:
            raise SettingsError("Set these environment variables right: " + "; ".join(faults))
        values = {name.removeprefix(PREFIX).lower(): value for name, value in read.items()}
        try:
            settings = cls.model_validate({"database": f"backline_{service}", **values, "service": service})
        except ValidationError as error:
            faults = [
                f"{PREFIX}{str(fault['loc'][0]).upper()}: {fault['msg']}" if fault["loc"] else fault["msg"]
                for fault in error.errors()
            ]
            raise SettingsError("Set these environment variables right: " + "; ".join(faults)) from None
        return settings

    @property
    def link_secrets(self) -> tuple[str, ...]:
        """What addresses of files are signed with, the one to sign with first; none where no files are handed out.

        Never the service token, except in development: whoever has an address could try guesses at it in peace.
        """
        if self.link_secret:
            return tuple(self.link_secret.split(","))
        return (self.service_token,) if self.environment == "development" else ()

    @property
    def kafka(self) -> Security:
        """Who the service is to Kafka. Raises SettingsError."""
        try:
            return Security(
                protocol=self.kafka_security,
                username=self.kafka_username or self.service,
                password=self.kafka_password.get_secret_value() if self.kafka_password else None,
                ca_file=self.kafka_ca_file,
            )
        except SecurityError as error:
            raise SettingsError(str(error)) from error

    @model_validator(mode="after")
    def _no_guessable_secrets(self) -> Self:
        """Outside development no secret is one that others may know or guess."""
        problems = problems_of(self, development=self.environment == "development")
        if self.environment != "development" and weak_service_token(self.service_token):
            problems.append(
                f"{PREFIX}SERVICE_TOKEN can be guessed; set a random one of at least {SHORTEST_SERVICE_TOKEN} characters, "
                f"or {PREFIX}ENVIRONMENT=development on your own machine"
            )
        if self.environment != "development" and self._weak_link_secret():
            problems.append(
                f"{PREFIX}LINK_SECRET should be a random text of at least {SHORTEST_LINK_SECRET} characters: it signs the addresses "
                "of files"
            )
        if self.environment != "development":
            problems += self._shared_secrets()
        if problems:
            raise ValueError("; ".join(problems))
        return self

    def _weak_link_secret(self) -> bool:
        """Whether one is lacking where files are handed out, or may be guessed."""
        if not self.link_secrets:
            return self.service in HANDING_OUT
        return any(len(secret) < SHORTEST_LINK_SECRET or monotonous(secret) for secret in self.link_secrets)

    def _shared_secrets(self) -> list[str]:
        """What is set to the same text for two purposes: whoever comes by one could do what the other guards."""
        found: dict[str, str] = {}
        problems = []
        for name in type(self).model_fields:
            for secret in _secrets(getattr(self, name), several=name in LISTS) if name.endswith(SECRETS) else ():
                first = found.setdefault(secret, name)
                if first != name:
                    problems.append(f"{PREFIX}{first.upper()} and {PREFIX}{name.upper()} are the same; set a random one for each")
        return problems

    def url_of(self, source: str) -> str:
        """Where `source`'s HTTP interface is."""
        return {
            "intake": self.intake_url,
            "routing": self.routing_url,
            "notify": self.notify_url,
            "documents": self.documents_url,
        }[source]


def _secrets(value: SecretStr | str | None, *, several: bool) -> list[str]:
    """The secret that a setting holds, or the `several` with commas between."""
    plain = value.get_secret_value() if isinstance(value, SecretStr) else value or ""
    return [secret for secret in (plain.split(",") if several else (plain,)) if secret]
