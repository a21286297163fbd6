"""What the bid room and the pursuit file show."""

from collections.abc import Sequence
from datetime import datetime

from services.routing.domain import State
from services.routing.domain.bidding.reading import starred
from services.routing.domain.bidding.state import Child, Confirmed
from shared.schemas.bidding import SOURCE_SYSTEM, BidPlan
from shared.schemas.model import Frozen
from shared.schemas.requests import Attachment, Origin, number_of
from shared.schemas.routing import Seat
from shared.schemas.status import WorkStatus


class StarredItem(Frozen):
    """A ★ item, counted from 1, and who vouches for it."""

    item: int
    text: str
    confirmed_by: str | None = None
    remark: str = ""
    at: datetime | None = None


class Pursued(Frozen):
    """One request of an opportunity, and who works on it. `stage` is the opportunity's (1 to 6) when it was filed."""

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


class BidRoom(Frozen):
    """`plan` is None until people have the bid. `children` are the requests it opened, by part; `submitted` what intake said of each."""

    id: str
    number: str
    status: WorkStatus
    revision: int
    version: int
    plan: BidPlan | None
    submitted: dict[str, Child]
    children: dict[str, Pursued]
    items: tuple[StarredItem, ...]


class Pursuit(Frozen):
    """The requests of an opportunity that the caller may see, by stage. `people` are all who work on one of them."""

    opportunity: str
    name: str
    customer: str
    stage: int | None
    stages: dict[int, tuple[str, ...]]
    people: tuple[str, ...]
    requests: tuple[Pursued, ...]


class Assessed(Frozen):
    """The plan as it would be now."""

    plan: BidPlan


def room_of(request_id: str, state: State, around: Sequence[tuple[str, State]], marks: tuple[str, ...]) -> BidRoom:
    """The room of one bid; `around` are the requests of its opportunity."""
    assert state.request is not None, "a bid that is shown is known"
    bid, number = state.bid, number_of(request_id)
    vouched = {one.item: one for one in (bid.confirmed if bid else ())}
    items = enumerate(starred(state.request, marks), start=1)
    parts = {part.request: part.part for part in (bid.plan.parts if bid and bid.plan else ()) if part.request}
    unit, children = state.request.business_unit, dict[str, Pursued]()
    for identity, one in around:
        if one.request is not None and one.request.business_unit == unit:
            own = one.request.source.system == SOURCE_SYSTEM and one.request.source.reference.startswith(f"{number}/")
            part = one.request.source.reference.split("/", 1)[1] if own else parts.get(identity)
            if part is not None:
                children[part] = _pursued(identity, one)
    return BidRoom(
        id=request_id,
        number=number,
        status=state.status,
        revision=state.revision,
        version=bid.version if bid else 0,
        plan=bid.plan if bid else None,
        submitted=bid.children if bid else {},
        children=children,
        items=tuple(_item(place, text, vouched) for place, text in items),
    )


def file_of(opportunity: str, found: Sequence[tuple[str, State]]) -> Pursuit:
    """The pursuit file of the requests found, of which there is one at least."""
    requests = tuple(_pursued(identity, state) for identity, state in found)
    about = next(state.request.opportunity for _, state in found if state.request and state.request.opportunity)
    stages: dict[int, tuple[str, ...]] = {}
    for one in requests:
        if one.stage is not None:
            stages[one.stage] = (*stages.get(one.stage, ()), one.id)
    people = {seat.person for one in requests for seat in (*one.supporters, *((one.coordinator,) if one.coordinator else ()))}
    return Pursuit(
        opportunity=opportunity,
        name=about.name,
        customer=about.customer.name,
        stage=max(stages, default=None),
        stages=dict(sorted(stages.items())),
        people=tuple(sorted(people)),
        requests=requests,
    )


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
    )


def _item(place: int, text: str, vouched: dict[str, Confirmed]) -> StarredItem:
    one = vouched.get(text)
    if one is None:
        return StarredItem(item=place, text=text)
    return StarredItem(item=place, text=text, confirmed_by=one.by, remark=one.remark, at=one.at)
