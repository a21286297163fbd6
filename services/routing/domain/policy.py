"""What routing's own policy says: times that 营销支持工作管理办法 leaves open. Pure."""

from datetime import timedelta

from pydantic import BaseModel, ConfigDict, Field

from services.routing.domain.bidding.policy import BiddingPolicy
from services.routing.domain.review.rules import ChainRule


class RoutingPolicy(BaseModel):
    """The table. `example` says that the figures are ours: the policy names none. Times that run keep what they began with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    example: bool
    confirm_within_hours: float = Field(gt=0, le=24 * 366)
    reviews: dict[str, ChainRule] = Field(default={}, description="per type, whose opinion is asked for, in which order")
    account_within_days: int = Field(default=30, ge=0, le=3660)
    clash_contacts: tuple[str, ...] = ("bu_leader",)
    bidding: BiddingPolicy

    @property
    def confirm_within(self) -> timedelta:
        """How long the requester may object to what was delivered."""
        return timedelta(hours=self.confirm_within_hours)

    @property
    def account_within(self) -> timedelta:
        """How long after its end hours and money may be logged for a request."""
        return timedelta(days=self.account_within_days)
