"""What routing's own policy says: times that 营销支持工作管理办法 leaves open. Pure."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from services.routing.domain.bidding.policy import BiddingPolicy
from services.routing.domain.review.rules import ChainRule
from services.routing.domain.seasons.rules import SeasonRules
from shared.calendar import WindowsError, read_week

Hours = Annotated[float, Field(gt=0, le=24 * 366)]
Priority = Literal["low", "normal", "high", "urgent"]


class Level(BaseModel):
    """How many working hours each step may take; one that is not named has no clock. `delivery` is for requests without a date."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    assignment: Hours | None = None
    response: Hours | None = None
    delivery: Hours | None = None


class ServiceLevels(BaseModel):
    """The levels by priority; what a type names goes before them. `warn_after` is the part of the time after which people are warned."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    warn_after: float = Field(default=0.75, gt=0, lt=1)
    leader_after_hours: Hours | None = None
    by_priority: dict[Priority, Level] = {}
    by_type: dict[str, Level] = {}

    def of(self, kind: str, priority: Priority) -> Level:
        """The level of a request."""
        plain, own = self.by_priority.get(priority, Level()), self.by_type.get(kind)
        return plain.model_copy(update=own.model_dump(exclude_none=True)) if own else plain


class AssignmentRules(BaseModel):
    """What counts in an assignment beside the pack's weights. The record of a choice repeats the weights that it used.

    Between two places at least `travel_minutes` pass; in one of `remote_modes` (the request's detail `mode`) nobody travels.
    Up to `together_at_most` requests of a batch are assigned together, if that is better than one by one; below 2 none are. With
    `together_when` short that is tried where one by one leaves a request without people, else always.
    `absence` is what being away until the work is needed costs, in part by its share.
    `fairness` is for whoever was given least within `fairness_days`: half of it is left at an effort of `fairness_half`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    travel_minutes: int = Field(default=0, ge=0, le=24 * 60)
    remote_modes: tuple[str, ...] = ()
    together_at_most: int = Field(default=0, ge=0, le=500)
    together_when: Literal["short", "always"] = "always"
    language: float = Field(default=0.0, ge=0)
    absence: float = Field(default=0.0, ge=0)
    fairness: float = Field(default=0.0, ge=0)
    fairness_days: int = Field(default=14, ge=1, le=90)
    fairness_half: float = Field(default=10.0, gt=0)

    @property
    def travel(self) -> timedelta:
        """The time between appointments in two places."""
        return timedelta(minutes=self.travel_minutes)


class EstimateRules(BaseModel):
    """From how many deliveries on they are believed; of fewer the service level speaks, from `level_early` of it to `level_late`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    least_observations: int = Field(default=10, ge=5, le=1000)
    most_observations: int = Field(default=200, ge=10, le=1000)
    level_early: float = Field(default=0.25, gt=0, le=1)
    level_median: float = Field(default=0.75, gt=0, le=2)
    level_late: float = Field(default=1.5, ge=1, le=10)
    several_late: float = Field(default=4.0, ge=1, le=20)


class RoutingPolicy(BaseModel):
    """The table. `example` says that the figures are ours: the policy names none. Times that run keep what they began with.

    All hours are working hours. `week` is that of people and units whose directory entry names no hours.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    example: bool
    confirm_within_hours: Hours
    assignment: AssignmentRules = AssignmentRules()
    week: dict[str, tuple[str, ...]] = dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("09:00-12:00", "13:00-18:00"))
    service_levels: ServiceLevels = ServiceLevels()
    reviews: dict[str, ChainRule] = Field(default={}, description="per type, whose opinion is asked for, in which order")
    rates: dict[str, Annotated[float, Field(gt=0)]] = Field(
        default={}, description="what one of a currency is worth in yuan, for the limits of reviews"
    )
    account_within_days: int = Field(default=30, ge=0, le=3660)
    clash_contacts: tuple[str, ...] = ("bu_leader",)
    linked_overdue_hours: Hours = 16
    bidding: BiddingPolicy
    season: SeasonRules = SeasonRules()
    estimates: EstimateRules = EstimateRules()

    @field_validator("week")
    @classmethod
    def _worked(cls, week: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        try:
            read_week(week)
        except WindowsError as error:
            raise ValueError(str(error)) from error
        if not any(week.get(day) for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")):
            raise ValueError("name the hours of at least one day")
        return week

    @property
    def confirm_within(self) -> timedelta:
        """How much working time the requester has to object to what was delivered."""
        return timedelta(hours=self.confirm_within_hours)

    @property
    def account_within(self) -> timedelta:
        """How long after its end hours and money may be logged for a request."""
        return timedelta(days=self.account_within_days)

    @property
    def leader_after(self) -> timedelta | None:
        """How long after a breach the leaders are told, in working time."""
        hours = self.service_levels.leader_after_hours
        return timedelta(hours=hours) if hours else None
