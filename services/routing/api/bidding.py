"""The bid room, the pursuit file of an opportunity, and whether a bid's dates could be met."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Protocol

from fastapi import APIRouter, Depends, Query
from pydantic import AwareDatetime, Field

from services.routing.api.commanding import Body
from services.routing.api.pursuing import Assessed, BidRoom, Pursuit, file_of, room_of
from services.routing.api.reading import Authenticate
from services.routing.api.shown import Assignment
from services.routing.api.telling import Caller, Teller
from services.routing.domain import Context, State
from services.routing.domain.bidding.confirming import LONGEST_REMARK
from services.routing.domain.bidding.plan import Question, plan
from services.routing.domain.bidding.policy import BiddingPolicy
from services.routing.domain.bidding.reading import wanted
from services.routing.domain.bidding.state import Bid, Kin
from services.routing.domain.refusals import UNKNOWN
from shared.catalogue import Pack
from shared.catalogue.shapes import MAX_ITEMS
from shared.http.principal import Principal
from shared.http.problems import Refused
from shared.ledger.messages import Refusal
from shared.schemas.bidding import BID
from shared.schemas.model import Json, Text
from shared.schemas.requests import Customer, Opportunity, Origin, Request, Requester
from shared.storage import Sight

NO_BID = Refusal(
    code="no_bid",
    status=404,
    message=Text(zh="这个申请不是项目投标（tech.bid）。", en="This request is no bid (tech.bid)."),
)
NO_PURSUIT = Refusal(
    code="unknown_opportunity",
    status=404,
    message=Text(zh="没有这个商机的申请，或您看不到。", en="There is no request of this opportunity, or none that you may see."),
)
OTHER_UNIT = Refusal(
    code="other_unit",
    status=403,
    message=Text(
        zh="只能为本经营单位评估投标；请改正 business_unit。",
        en="Bids are assessed for one's own unit alone; correct business_unit.",
    ),
)
LONG = 200
MOST = 1000
Limit = Annotated[int, Query(ge=1, le=MOST, description="so many requests at once")]
After = Annotated[str, Query(max_length=100, description="`next` of the page before")]
Short = Annotated[str, Field(min_length=1, max_length=LONG)]


class ConfirmingItem(Body):
    """`item` counts the ★ items of the bid room from 1."""

    item: Annotated[int, Field(ge=1, le=MAX_ITEMS)]
    remark: Annotated[str, Field(min_length=1, max_length=LONGEST_REMARK)]


class Window(Body):
    start: AwareDatetime
    end: AwareDatetime | None = None
    place: Annotated[str, Field(max_length=LONG)] = ""
    time_zone: Annotated[str, Field(max_length=100)] | None = None


class Assessing(Body):
    """A bid that may be filed: its unit, its dates, and where known who asks, the opportunity and the customer's region."""

    business_unit: Short
    due: AwareDatetime
    pitch: Window | None = None
    opportunity: Short | None = None
    region: Short | None = None
    requester: Short | None = None


class Reading(Protocol):
    """Reads of routing's own requests, each as far as whoever asks may see."""

    async def state(self, sight: Sight, request: str) -> State | None: ...
    async def pursued(self, sight: Sight, opportunity: str, after: str, limit: int) -> Sequence[tuple[str, State]]: ...


class Surroundings(Protocol):
    async def assessing(self, sight: Sight, pursuit: tuple[str, str] | None) -> tuple[Context, tuple[Kin, ...]]: ...


def bidding_routes(
    projection: Reading, surroundings: Surroundings, pack: Pack, policy: BiddingPolicy, principal: Authenticate
) -> Callable[[APIRouter, Teller, Callable[..., Any]], None]:
    """What adds to a router the addresses of the bid room; `policy` says of what parts, `pack` judges what is not filed yet."""
    Who = Annotated[Principal, Depends(principal)]

    def routes(router: APIRouter, teller: Teller, commanding: Callable[..., Any]) -> None:
        @router.get("/requests/{request_id}/bid-room", summary="A bid's plan, its parts, people, conflicts and ★ items")
        async def bid_room(request_id: str, caller: Who) -> BidRoom:
            state = await projection.state(caller.sight, request_id)
            if state is None or state.request is None:
                raise Refused(UNKNOWN)
            if state.request.type != BID:
                raise Refused(NO_BID)
            opportunity = state.request.opportunity
            around = await projection.pursued(caller.sight, opportunity.id, "", MOST + 1) if opportunity else []
            return room_of(request_id, state, around[:MOST], policy, caller.sight, more=len(around) > MOST)

        @router.post("/requests/{request_id}/confirm-item", summary="A supporter vouches by name for a ★ item of the bid")
        async def confirm_item(
            request_id: str, caller: Annotated[Caller, Depends(commanding)], body: ConfirmingItem
        ) -> Assignment:
            return await teller.tell(request_id, caller, "confirm_item", body.model_dump())

        @router.get("/opportunities/{opportunity}/pursuit", summary="All requests of an opportunity that the caller may see")
        async def pursuit(opportunity: str, caller: Who, after: After = "", limit: Limit = MOST) -> Pursuit:
            found = await projection.pursued(caller.sight, opportunity, after, limit + 1)
            if not found:
                raise Refused(NO_PURSUIT)
            return file_of(opportunity, found[:limit], more=len(found) > limit)

        @router.post("/bids:assess", summary="Whether a bid's dates could be met as things stand; nothing is filed by it")
        async def assess(body: Assessing, caller: Who) -> Assessed:
            if not caller.sight.in_unit().allows(units={body.business_unit}, people=()):
                raise Refused(OTHER_UNIT)
            pursuit = (body.business_unit, body.opportunity) if body.opportunity else None
            context, kin = await surroundings.assessing(caller.sight, pursuit)
            request = _request(body)
            question = Question(subject="", request=request, pin=pack.pin, bid=Bid(), kin=kin)
            return Assessed(plan=plan(question, wanted(request, context), context))

    return routes


def _request(body: Assessing) -> Request:
    details: Json = {"due": body.due.isoformat()}
    if body.pitch is not None:
        details["pitch"] = body.pitch.model_dump(mode="json", exclude_none=True)
    customer = Customer(name="", region=body.region)
    return Request(
        type=BID,
        business_unit=body.business_unit,
        requester=Requester(id=body.requester or "", role=""),
        source=Origin(system="", reference=""),
        opportunity=Opportunity(id=body.opportunity or "", name="", customer=customer),
        details=details,
    )
