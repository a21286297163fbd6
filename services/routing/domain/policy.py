"""What routing's own policy says: times that 营销支持工作管理办法 leaves open. Pure."""

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field


class AssignmentRules(BaseModel):
    """What counts in an assignment beside the pack's weights. The record of a choice repeats the weights that it used.

    Between two places at least `travel_minutes` pass; in one of `remote_modes` (the request's detail `mode`) nobody travels.
    `fairness` is for whoever was given least within `fairness_days`: half of it is left at an effort of `fairness_half`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    travel_minutes: int = Field(default=0, ge=0, le=24 * 60)
    remote_modes: tuple[str, ...] = ()
    language: float = Field(default=0.0, ge=0)
    fairness: float = Field(default=0.0, ge=0)
    fairness_days: int = Field(default=14, ge=1, le=90)
    fairness_half: float = Field(default=10.0, gt=0)

    @property
    def travel(self) -> timedelta:
        """The time between appointments in two places."""
        return timedelta(minutes=self.travel_minutes)


class RoutingPolicy(BaseModel):
    """The table. `example` says that the figures are ours: the policy names none. Times that run keep what they began with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    example: bool
    confirm_within_hours: float = Field(gt=0, le=24 * 366)
    assignment: AssignmentRules = AssignmentRules()

    @property
    def confirm_within(self) -> timedelta:
        """How long the requester may object to what was delivered."""
        return timedelta(hours=self.confirm_within_hours)
