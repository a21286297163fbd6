"""What routing says of a bid, for notify's tests."""

from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import BaseModel

from shared.schemas import bidding
from shared.schemas.model import Text

NOW = datetime(2027, 3, 1, 1, 0, tzinfo=UTC)


def bid_planned(**changes: Any) -> BaseModel:
    part = bidding.BidPart(
        part="survey",
        type="tech.survey",
        label=Text(zh="需求调研", en="Survey"),
        hours=15,
        latest_start=NOW,
        due=NOW + timedelta(days=2),
        status="planned",
    )
    plan = bidding.BidPlan(
        at=NOW,
        due=NOW + timedelta(days=9),
        zone="Asia/Shanghai",
        almanac="0",
        parts=(part,),
        verdict="can",
        message=Text(zh="可以按期完成。", en="The dates can be met."),
    )
    return bidding.BidPlanned(**{"version": 1, "cause": "assigned", "plan": plan, **changes})


def bid_child_returned() -> BaseModel:
    return bidding.BidChildReturned(
        part="survey",
        label=Text(zh="需求调研", en="Survey"),
        child="C1",
        number="BL-C1",
        outcome="returned",
        missing=("details.mode",),
        message=Text(zh="请补充后重新提交。", en="Add what is missing."),
    )
