"""The environment variables every service reads, as one frozen model, validated before the first message."""

import os
from collections.abc import Mapping
from typing import Self

from pydantic import Field, ValidationError

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
    database: str = ""
    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    environment: str = Field(default="production", pattern="^(development|production)$")
    clock: str | None = None
    service_token: str = Field(min_length=8)
    keys_file: str | None = None
    link_secret: str | None = Field(
        default=None,
        pattern=r"^[^,\s]{16,}(,[^,\s]{16,})*$",
        description="what signed addresses of files are signed with, of 16 characters or more; several with commas between: the "
        "first signs, all are known. Unset: one made from the service token",
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
        values = {name: environ[PREFIX + name.upper()] for name in cls.model_fields if PREFIX + name.upper() in environ}
        try:
            settings = cls.model_validate({"database": f"backline_{service}", **values, "service": service})
        except ValidationError as error:
            faults = [f"{PREFIX}{str(fault['loc'][0]).upper()}: {fault['msg']}" for fault in error.errors()]
            raise SettingsError("Set these environment variables right: " + "; ".join(faults)) from error
        return settings

    @property
    def link_secrets(self) -> tuple[str, ...]:
        """What addresses of files are signed with, the one to sign with first."""
        return tuple(self.link_secret.split(",")) if self.link_secret else (self.service_token,)

    def url_of(self, source: str) -> str:
        """Where `source`'s HTTP interface is."""
        return {
            "intake": self.intake_url,
            "routing": self.routing_url,
            "notify": self.notify_url,
            "documents": self.documents_url,
        }[source]
