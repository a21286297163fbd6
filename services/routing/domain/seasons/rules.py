"""What the policy says of seasons: who declares them, how long one may be, and the figures of one that names none. Pure."""

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field

from shared.schemas.seasons import SeasonFigures


class Bounds(BaseModel):
    """The most that a season's figures may be."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    cap_factor: float = Field(default=3.0, ge=1, le=10)
    cap_more: int = Field(default=20, ge=0, le=1000)
    lenders_keep: int = Field(default=20, ge=0, le=1000)


class Ageing(BaseModel):
    """How much longer a request counts as having waited, in hours: by its priority, and at the most when it is needed now.

    What is needed within `soon_hours` gains, the more the sooner. All gain alike by waiting, so that nobody waits for ever.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    by_priority: dict[str, float] = {"high": 8.0, "urgent": 24.0}
    needed_now: float = Field(default=24.0, ge=0)
    soon_hours: float = Field(default=72.0, gt=0)


class SeasonRules(BaseModel):
    """`company_roles` declare seasons of any unit or all, `unit_roles` those of their own; `tell` are told in the units concerned.

    Of a unit, and of all together, `most_open` may be declared that are not over: they all stand in one entry, which nobody may fill.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    example: bool = True
    company_roles: tuple[str, ...] = ("company_leader", "corporate_marketing")
    unit_roles: tuple[str, ...] = ("bu_leader", "presales_manager")
    tell: tuple[str, ...] = ("bu_leader", "presales_manager", "bu_marketing")
    longest_days: int = Field(default=120, ge=1, le=366)
    ahead_days: int = Field(default=366, ge=1, le=3660)
    past_minutes: int = Field(default=60, ge=0, le=24 * 60)
    most_open: int = Field(default=20, ge=1, le=200)
    figures: SeasonFigures = SeasonFigures(cap_factor=1.5, borrowing=True, lenders_keep=2, ageing=True)
    bounds: Bounds = Bounds()
    ageing: Ageing = Ageing()

    @property
    def longest(self) -> timedelta:
        """The longest season."""
        return timedelta(days=self.longest_days)

    @property
    def ahead(self) -> timedelta:
        """How far ahead one may begin."""
        return timedelta(days=self.ahead_days)

    @property
    def tolerance(self) -> timedelta:
        """How long ago one may have begun when it is declared."""
        return timedelta(minutes=self.past_minutes)
