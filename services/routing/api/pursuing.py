"""What the bid room and the pursuit file show."""

from collections.abc import Sequence
from datetime import datetime

from services.routing.domain import State
from services.routing.domain.bidding.policy import BiddingPolicy
from services.routing.domain.bidding.reading import starred
from services.routing.domain.bidding.state import Child, Confirmed
from shared.schemas.bidding import SOURCE_SYSTEM, BidPlan, reference_of
from shared.schemas.model import Frozen
from shared.schemas.requests import Attachment, Origin, number_of
from shared.schemas.routing import Seat
from shared.schemas.status import WorkStatus
from shared.storage import Sight


class StarredItem(Frozen):
    """A ★ item, counted from 1, and who vouches for it."""

    item: int
    text: str
    confirmed_by: str | None = None
    remark: str = ""
    at: datetime | None = None


class Pursued(Frozen):
    """One request of an opportunity, and who works on it. `stage` is the opportunity's (1 to 6) when it was filed.

    `files` came with it; `documents` is the address, at the documents service, of what was made of it.
    """

    id: str
    number: str
    type: str
    source: Origin
    status: WorkStatus
    stage: int | None
    needed_by: datetime | None
    coordinator: Seat | None
    supporters: tuple[Seat, ...]
    files: tuple[Attachment, ...]
    documents: str


class BidRoom(Frozen):
    """`plan` is None until people have the bid. `children` are the requests it opened, by part; `submitted` what intake said of each.

    Of an opportunity with `more` than a thousand requests those behind them are not looked at for `children`.
    The plan names a part's request to those who may see it, and who could take a part to the bid's unit alone.
    """

    id: str
    number: str
    status: WorkStatus
    revision: int
    version: int
    plan: BidPlan | None
    submitted: dict[str, Child]
    children: dict[str, Pursued]
    items: tuple[StarredItem, ...]
    more: bool = False


class UnitPursuit(Frozen):
    """The requests of one unit, by stage. `people` are all who work on one of them."""

    business_unit: str
    name: str
    customer: str
    stage: int | None
    stages: dict[int, tuple[str, ...]]
    people: tuple[str, ...]
    requests: tuple[Pursued, ...]


class Pursuit(Frozen):
    """The requests of an opportunity that the caller may see, by unit: two units' opportunities of one id need not be the same.

    Of a long file a page, by the requests' ids: where there is `more`, the next begins after `next`.
    """

    opportunity: str
    units: tuple[UnitPursuit, ...]
    more: bool = False
    next: str | None = None


class Assessed(Frozen):
    """The plan as it would be now."""

    plan: BidPlan


def room_of(
    request_id: str, state: State, around: Sequence[tuple[str, State]], policy: BiddingPolicy, sight: Sight, *, more: bool
) -> BidRoom:
    """The room of one bid; `around` are the requests of its opportunity that `sight` allows, or the first of them."""
    assert state.request is not None, "a bid that is shown is known"
    bid, unit = state.bid, state.request.business_unit
    vouched = {one.item: one for one in (bid.confirmed if bid else ())}
    items = enumerate(starred(state.request, policy.marks), start=1)
    planned = {part.request: part.part for part in (bid.plan.parts if bid and bid.plan else ()) if part.request}
    parts = {(SOURCE_SYSTEM, reference_of(request_id, name), part.type): name for name, part in policy.parts.items()}
    children: dict[str, Pursued] = {}
    for identity, one in around:
        if one.request is not None and one.request.business_unit == unit:
            source = one.request.source
            part = parts.get((source.system, source.reference, one.request.type)) or planned.get(identity)
            if part is not None:
                children[part] = _pursued(identity, one)
    inside = sight.in_unit().allows(units={unit}, people=())
    return BidRoom(
        id=request_id,
        number=number_of(request_id),
        status=state.status,
        revision=state.revision,
        version=bid.version if bid else 0,
        plan=_shown(bid.plan, frozenset(identity for identity, _ in around), inside=inside) if bid and bid.plan else None,
        submitted=bid.children if bid else {},
        children=children,
        items=tuple(_item(place, text, vouched) for place, text in items),
        more=more,
    )


def file_of(opportunity: str, found: Sequence[tuple[str, State]], *, more: bool) -> Pursuit:
    """The pursuit file of the requests found, of which there is one at least."""
    units: dict[str, list[tuple[str, State]]] = {}
    for identity, state in found:
        if state.request is not None:
            units.setdefault(state.request.business_unit, []).append((identity, state))
    shown = tuple(_of_unit(unit, theirs) for unit, theirs in sorted(units.items()))
    return Pursuit(opportunity=opportunity, units=shown, more=more, next=found[-1][0] if more else None)


def _of_unit(unit: str, found: Sequence[tuple[str, State]]) -> UnitPursuit:
    requests = tuple(_pursued(identity, state) for identity, state in found)
    about = next(state.request.opportunity for _, state in found if state.request and state.request.opportunity)
    stages: dict[int, tuple[str, ...]] = {}
    for one in requests:
        if one.stage is not None:
            stages[one.stage] = (*stages.get(one.stage, ()), one.id)
    people = {seat.person for one in requests for seat in (*one.supporters, *((one.coordinator,) if one.coordinator else ()))}
    return UnitPursuit(
        business_unit=unit,
        name=about.name,
        customer=about.customer.name,
        stage=max(stages, default=None),
        stages=dict(sorted(stages.items())),
        people=tuple(sorted(people)),
        requests=requests,
    )


def _shown(plan: BidPlan, seen: frozenset[str], *, inside: bool) -> BidPlan:
    """The plan without the requests that are not among those `seen`; who could take a part is for those `inside` the unit."""
    parts = (
        part.model_copy(
            update={
                "request": part.request if part.request in seen else None,
                "helpers": part.helpers if inside and (part.request is None or part.request in seen) else (),
            }
        )
        for part in plan.parts
    )
    return plan.model_copy(update={"parts": tuple(parts)})


def _pursued(identity: str, state: State) -> Pursued:
    request = state.request
    assert request is not None, "only requests are found by their opportunity"
    return Pursued(
        id=identity,
        number=number_of(identity),
        type=request.type,
        source=request.source,
        status=state.status,
        stage=request.opportunity.stage if request.opportunity else None,
        needed_by=request.needed_by,
        coordinator=state.coordinator,
        supporters=tuple(Seat(**seat.model_dump(exclude={"accepted"})) for seat in state.supporters),
        files=request.attachments,
        documents=f"/v1/requests/{identity}/documents",
    )


def _item(place: int, text: str, vouched: dict[str, Confirmed]) -> StarredItem:
    one = vouched.get(text)
    if one is None:
        return StarredItem(item=place, text=text)
    return StarredItem(item=place, text=text, confirmed_by=one.by, remark=one.remark, at=one.at)
