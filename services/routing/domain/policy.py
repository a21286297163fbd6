"""What routing's own policy says: times that 营销支持工作管理办法 leaves open. Pure."""

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field

from services.routing.domain.bidding.policy import BiddingPolicy


class RoutingPolicy(BaseModel):
    """The table. `example` says that the figures are ours: the policy names none. Times that run keep what they began with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    example: bool
    confirm_within_hours: float = Field(gt=0, le=24 * 366)
    bidding: BiddingPolicy

    @property
    def confirm_within(self) -> timedelta:
        """How long the requester may object to what was delivered."""
        return timedelta(hours=self.confirm_within_hours)
