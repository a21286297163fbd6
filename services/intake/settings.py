"""Intake's own environment variables, besides those every service reads."""

from typing import Self

from pydantic import Field, Json, field_validator, model_validator

from services.intake.mail.settings import MailSettings
from shared.catalogue.attachments import MAX_BYTES
from shared.schemas.topics import inbound_of


class IntakeSettings(MailSettings):
    """See Settings, CallbackSettings and MailSettings."""

    max_batch_bytes: int = Field(default=64 * 1024 * 1024, description="largest body of POST /v1/requests:batch")
    max_attachment_bytes: int = Field(
        default=MAX_BYTES, description="largest attachment that can be stored; at most what a request may name"
    )
    files_for: Json[dict[str, frozenset[str]]] = Field(
        default_factory=dict, description='JSON: unit → the other units it may file requests for; "*" for all'
    )
    inbound_units: str = Field(
        default="", description="codes of the units that have a topic of their own to write requests to, with commas between"
    )
    inbound_shared: bool | None = Field(
        default=None, description="whether the topic that anybody may write to is read as well; unset: in development alone"
    )
    inbound_unauthenticated: bool = Field(
        default=False,
        description="units' topics are read although the broker does not ask who its clients are: everybody who reaches the broker is "
        "taken for any unit. Outside development they are refused without it",
    )
    waiving_units: str = Field(
        default="",
        description="codes of the units, with commas between, whose systems may say which of the unit's own people waives a precondition",
    )
    early_minutes: float = Field(
        default=15, gt=0, le=24 * 60, description="so long an amendment that comes before its submission waits for it"
    )
    desk_entries: int = Field(default=10_000, ge=1, description="most open entries of refused messages on one unit's desk")

    @field_validator("inbound_units", "waiving_units")
    @classmethod
    def _codes(cls, value: str) -> str:
        for unit in value.split(","):
            if unit.strip():
                inbound_of(unit.strip())
        return value

    @model_validator(mode="after")
    def _units_are_known(self) -> Self:
        """A unit's topic says who wrote to it where the broker asks its clients who they are, and only there."""
        asked = self.kafka_security.startswith("SASL_") or self.inbound_unauthenticated
        if self.units_inbound and self.environment != "development" and not asked:
            raise ValueError(
                f"BACKLINE_INBOUND_UNITS needs a broker that asks who its clients are, and BACKLINE_KAFKA_SECURITY is "
                f"{self.kafka_security}; use SASL_SSL, or set BACKLINE_INBOUND_UNAUTHENTICATED=true where everybody who reaches the "
                "broker may be taken for any unit"
            )
        return self

    @property
    def units_inbound(self) -> tuple[str, ...]:
        """The units that have a topic of their own, each once."""
        return tuple(dict.fromkeys(unit.strip() for unit in self.inbound_units.split(",") if unit.strip()))

    @property
    def units_proven(self) -> bool:
        """Whether who writes to a unit's topic is that unit: the broker asks. In development everybody may be taken for anybody."""
        return self.kafka_security.startswith("SASL_") or self.environment == "development"

    @property
    def waiving(self) -> frozenset[str]:
        """The units whose systems may say who of them waives."""
        return frozenset(unit.strip() for unit in self.waiving_units.split(",") if unit.strip())

    @property
    def reads_shared(self) -> bool:
        """Whether the shared inbound topic is read: nobody there shows who they are."""
        return self.environment == "development" if self.inbound_shared is None else self.inbound_shared
