"""Routing's own environment variables, besides those every service reads."""

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from shared.acting.settings import ActingSettings
from shared.http.access import monotonous

SHORTEST_PEPPER = 32
DEVELOPMENT_PEPPER = "clashes-in-development-are-no-secret"  # refused outside development


class RoutingSettings(ActingSettings):
    """See Settings and ActingSettings. Without a pepper outside development units' pursuits are not compared."""

    routing_policy: str | None = Field(default=None, description="file with routing's figures; the examples that ship when unset")
    holidays: str | None = Field(default=None, description="file with public holidays and make-up workdays; China's when unset")
    clash_pepper: SecretStr | None = Field(
        default=None, description="under which tenders and customers are compared between units; the same for all processes"
    )

    @field_validator("clash_pepper")
    @classmethod
    def _pepper(cls, value: SecretStr | None, info: ValidationInfo) -> SecretStr | None:
        return SecretStr(_checked(value.get_secret_value(), info)) if value else None

    @property
    def clash_key(self) -> bytes | None:
        """The pepper, or None where nothing is compared."""
        if self.clash_pepper:
            return self.clash_pepper.get_secret_value().encode()
        return DEVELOPMENT_PEPPER.encode() if self.environment == "development" else None


def _checked(pepper: str, info: ValidationInfo) -> str:
    if len(pepper) < SHORTEST_PEPPER:
        raise ValueError(f"should be a random text of at least {SHORTEST_PEPPER} characters")
    if monotonous(pepper):
        raise ValueError("has so few different characters that it can be guessed; set a random one")
    if pepper == DEVELOPMENT_PEPPER and info.data.get("environment") != "development":
        raise ValueError("is the pepper of development, which anybody knows; set a random one")
    return pepper
