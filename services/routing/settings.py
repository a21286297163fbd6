"""Routing's own environment variables, besides those every service reads."""

from pydantic import Field

from shared.service.settings import Settings


class RoutingSettings(Settings):
    """See Settings."""

    routing_policy: str | None = Field(default=None, description="file with routing's figures; the examples that ship when unset")
    holidays: str | None = Field(default=None, description="file with public holidays and make-up workdays; China's when unset")
