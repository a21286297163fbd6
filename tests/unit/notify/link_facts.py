"""What routing says of a price request that is waited for, one fact of each kind."""

from datetime import UTC, datetime

from shared.schemas import links
from shared.schemas.model import Text
from shared.schemas.requests import number_of, request_id
from shared.schemas.reviews import ReviewCondition

LATER = datetime(2027, 3, 3, 2, 0, tzinfo=UTC)
PRICE = request_id("east", "crm-east", "CRM-7")
NAMED = links.LinkedRequest(request=PRICE, number=number_of(PRICE), business_unit="east", system="crm-east", reference="CRM-7")
WHY = Text(zh="价格申请尚未批准。", en="The price is not approved yet.")
CHANGED = (ReviewCondition(id="C1", text="不低于九折", concerns=("lines",)),)


def awaited(standing: links.Awaited = "pending") -> links.LinkedRequestAwaited:
    return links.LinkedRequestAwaited(linked=NAMED, standing=standing, held_by=("fin",), reason=WHY, look_at=LATER)


def failed(standing: links.Failed = "rejected") -> links.LinkedRequestFailed:
    return links.LinkedRequestFailed(linked=NAMED, standing=standing, reason=WHY, look_at=LATER)


def decided(standing: links.Approved = "approved_with_changes", *, awaited: bool = True) -> links.LinkedRequestDecided:
    line = {"item": "平台", "list_price": 10, "asked_price": 8, "quantity": 5}
    conditions = CHANGED if standing == "approved_with_changes" else ()
    return links.LinkedRequestDecided(
        linked=NAMED,
        standing=standing,
        round=1,
        version=2,
        amount=40,
        lines=(line,),
        conditions=conditions,
        awaited=awaited,
        reason=WHY,
    )
