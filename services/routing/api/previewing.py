"""A look at the chain before a request is filed: it changes nothing and is kept nowhere."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import APIRouter, Depends
from pydantic import Field

from services.routing.api.commanding import Body, PersonId
from services.routing.api.reading import Authenticate
from services.routing.domain import Context
from services.routing.domain.review.preview import Preview, previewed
from services.routing.domain.review.refusals import NO_REVIEW
from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.model import Json, Text
from shared.schemas.requests import CURRENCY, Origin, Request, Requester

Surroundings = Callable[[], Awaitable[Context]]
"""The context of a decision at this moment."""
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]
Name = Annotated[str, Field(min_length=1, max_length=100)]
NOT_YOUR_UNIT = Refusal(
    code="not_your_unit",
    status=403,
    message=Text(zh="只能预览本经营单位的评审；请填写本单位代码。", en="Preview the reviews of your own unit; give its code."),
)
BAD_AMOUNT = Refusal(
    code="bad_amount",
    status=422,
    message=Text(
        zh="决定评审链的金额（details）须为不小于 0 的有限数字；请按表单填写。",
        en="What the chain is chosen by (in details) must be finite numbers, none below 0; fill it in as the form asks.",
    ),
)


class Previewing(Body):
    """What the chain depends on. `requester` is who would ask, and is asked for no opinion; without it, who calls."""

    type: Name
    business_unit: Name
    details: Json = Field(default_factory=dict)
    currency: Currency | None = Field(default=None, description="what the amounts are in; yuan unless it says something else")
    requester: PersonId | None = None


def previewing_routes(router: APIRouter, surroundings: Surroundings, principal: Authenticate) -> None:
    @router.post("/reviews:preview", summary="Who would be asked for an opinion, in which order; nothing is filed")
    async def preview(body: Previewing, caller: Annotated[Principal, Depends(principal)]) -> Preview:
        if not caller.sees(units={body.business_unit}, people=()):
            raise Refused(NOT_YOUR_UNIT)
        context = await surroundings()
        packs = [pack for _, pack in sorted(context.packs.items()) if body.type in pack.types]
        if not packs or not packs[-1].types[body.type].review:
            raise Refused(NO_REVIEW)
        rule = context.policy.reviews.get(body.type)
        if rule is not None and not rule.amount.readable(body.details):
            raise Refused(BAD_AMOUNT)
        request = Request(
            type=body.type,
            business_unit=body.business_unit,
            requester=Requester(id=body.requester or caller.id, role=""),
            source=Origin(system="", reference=""),
            details=body.details,
            extra={CURRENCY: body.currency} if body.currency else {},
        )
        return previewed(request, packs[-1], context)
