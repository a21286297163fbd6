"""The environment variables about callbacks, which intake and notify both read and must agree on."""

import ipaddress

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from shared.callbacks.addresses import Network, Rules
from shared.http.access import monotonous
from shared.service.settings import Settings

SHORTEST_SECRET = 32
DEVELOPMENT_SECRET = "callbacks-in-development-are-no-secret"  # noqa: S105  # refused outside development


class CallbackSettings(Settings):
    """See Settings. Lists have commas between their entries. Without a secret outside development there are no callbacks."""

    callback_secret: SecretStr | None = Field(
        default=None, description="what the units' signing secrets follow from; whoever changes it changes them all"
    )
    callback_ports: str = "443,8443"
    callback_networks: str = Field(default="", description="networks that are not public and may be called all the same")
    callback_http_hosts: str = Field(default="", description="hosts that may be called without TLS")
    callback_ca_file: str | None = Field(default=None, description="certificates to trust besides the public ones, as PEM")

    @field_validator("callback_secret")
    @classmethod
    def _secret(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        return SecretStr(_checked(value.get_secret_value(), info)) if value else None

    @field_validator("callback_ports")
    @classmethod
    def _ports(cls, value: str) -> str:
        if not all(entry.isdecimal() and 0 < int(entry) < 65536 for entry in _listed(value)):
            raise ValueError("should be port numbers with commas between")
        return value

    @field_validator("callback_networks")
    @classmethod
    def _networks(cls, value: str) -> str:
        _networks(value)
        return value

    @property
    def callback_master(self) -> bytes | None:
        """The master secret, or None where there are no callbacks."""
        if self.callback_secret:
            return self.callback_secret.get_secret_value().encode()
        return DEVELOPMENT_SECRET.encode() if self.environment == "development" else None

    @property
    def callback_rules(self) -> Rules:
        """Where callbacks may go."""
        return Rules(
            ports=frozenset(int(port) for port in _listed(self.callback_ports)),
            networks=_networks(self.callback_networks),
            http_hosts=frozenset(host.lower() for host in _listed(self.callback_http_hosts)),
        )


def _listed(value: str) -> list[str]:
    return [entry.strip() for entry in value.split(",") if entry.strip()]


def _networks(value: str) -> tuple[Network, ...]:
    return tuple(ipaddress.ip_network(entry) for entry in _listed(value))


def _checked(secret: str, info: ValidationInfo) -> str:
    if len(secret) < SHORTEST_SECRET:
        raise ValueError(f"should be a random text of at least {SHORTEST_SECRET} characters")
    if monotonous(secret):
        raise ValueError("has so few different characters that it can be guessed; set a random one")
    if secret == DEVELOPMENT_SECRET and info.data.get("environment") != "development":
        raise ValueError("is the secret of development, which anybody knows; set a random one")
    return secret
