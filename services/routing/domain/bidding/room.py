"""What is said of a bid: its plan once people have it, again when it has to change, and what became of its parts. Pure."""

from datetime import UTC, datetime

from services.routing.domain.bidding.amending import amended, amendments, settled_amendment
from services.routing.domain.bidding.children import AMEND_CHILD, OPEN_CHILD, identity, item
from services.routing.domain.bidding.filling import copied
from services.routing.domain.bidding.plan import OVER, Question, plan, ready
from services.routing.domain.bidding.reading import dates, lines, wanted
from services.routing.domain.bidding.state import Bid, Child, Confirmed
from services.routing.domain.bidding.telling import is_news, read_of
from services.routing.domain.context import Context
from services.routing.domain.state import State
from shared.ledger.messages import NOTHING, Decision, Settled
from shared.schemas.bidding import BID, BidChildAmended, BidChildOpened, BidChildReturned, BidItemConfirmed, BidPlan, BidPlanned
from shared.schemas.envelope import Event
from shared.schemas.model import Text
from shared.schemas.requests import Request

AT_ONCE = datetime(2000, 1, 1, tzinfo=UTC)
NOT_TAKEN = Text(
    zh="未能自动提交，请由申请人手工提交。", en="It could not be submitted by itself; the requester has to submit it."
)
Update = dict[str, object]


def look_at(state: State) -> datetime | None:
    """When the plan of a bid is to be looked at: at once where it has none that stands, else when the next part is due.

    While parts are being amended none that has to change is: of two amendments of a part the later one is to come last.
    """
    if state.request is None or state.request.type != BID or not state.staffed or _waits(state.bid):
        return None
    if state.bid is None or state.bid.plan is None or state.bid.stale:
        return AT_ONCE
    return state.bid.look_at


def look(state: State, subject: str, context: Context) -> Decision:
    """Plan a bid that people have, or plan it again when something has changed; nothing for any other request.

    A look that was due is always followed by a plan, so that the next one is later: else the bid would wake for ever.
    """
    if state.request is None or state.policy is None or state.request.type != BID or not state.staffed:
        return NOTHING
    if _waits(state.bid):
        return NOTHING
    bid = state.bid or Bid()
    question = Question(
        subject=subject,
        request=state.request,
        pin=state.policy,
        bid=bid,
        kin=context.kin.get(subject, ()),
        going=tuple(seat.person for seat in state.supporters),
        within=_within(state.request, context),
        amends=bid.before is not None,
    )
    made = plan(question, wanted(state.request, context), context)
    opening = ready(question, made, context.policy.bidding)
    due = bid.look_at is not None and bid.look_at <= context.now
    if bid.plan is not None and not (bid.stale or due or opening) and _standing(bid.plan) == _standing(made):
        return NOTHING
    parts = {part.part: part for part in made.parts}
    items = tuple(item(subject, question, parts[name], context.policy.bidding, made.due) for name in opening)
    changes = amendments(subject, question, made, context.policy.bidding)
    told = bid.told or (read_of(bid.plan) if bid.plan else None)  # before that was kept, people were told of every plan
    news = is_news(told, made)
    fact = BidPlanned(
        version=bid.version + 1, cause=_cause(bid, made), plan=made, opening=opening, amending=tuple(changes), news=news
    )
    return Decision(facts=(fact,), items=(*items, *changes.values()))


def settled(state: State, message: Settled) -> Decision:
    """What intake made of a part, or of its amendment."""
    if message.item.kind == AMEND_CHILD:
        return settled_amendment(state, message)
    if message.item.kind != OPEN_CHILD or message.item.data["part"] in _taken(state):
        return NOTHING
    part, label = message.item.data["part"], Text.model_validate(message.item.data["label"])
    said = message.data
    if message.end == "done" and said.get("outcome") == "accepted":
        return Decision(facts=(BidChildOpened(part=part, label=label, child=said["id"], number=said["number"]),))
    returned = BidChildReturned(
        part=part,
        label=label,
        child=said.get("id"),
        number=said.get("number"),
        outcome=str(said.get("outcome") or message.end),
        missing=tuple(said.get("missing") or ()),
        message=Text.model_validate(said["message"]) if said.get("message") else NOT_TAKEN,
    )
    return Decision(facts=(returned,))


def stale(state: State, request: Request) -> Bid | None:
    """The bid after an amendment to `request`: its plan stands unless the dates are others, or what its parts were filled with; and
    so does who vouched for what it still says.
    """
    bid = state.bid
    if bid is None or state.request is None:
        return bid
    texts = {*lines(request)}
    kept = tuple(one for one in bid.confirmed if one.item in texts)
    other = dates(state.request) != dates(request) or (bool(bid.opening) and copied(state.request) != copied(request))
    before = bid.before or (state.request if other and bid.opening else None)
    return bid.model_copy(update={"stale": bid.stale or other, "before": before, "confirmed": kept})


def planned(state: State, event: Event) -> Update:
    """The plan stands until the next undelivered part is due."""
    said, bid = event.read_as(BidPlanned), state.bid or Bid()
    opening = tuple(dict.fromkeys((*bid.opening, *said.opening)))
    update = {"version": said.version, "stale": False, "plan": said.plan, "opening": opening, "look_at": _next(said.plan)}
    update |= {"amending": (*bid.amending, *said.amending)}
    if said.plan.parts:  # dates that no part can be placed by leave the parts as they were filled
        update |= {
            "before": None,
            "dues": bid.dues | {part.part: part.due for part in said.plan.parts if part.status not in OVER},
        }
    if said.news:
        update["told"] = read_of(said.plan)
    return {"bid": bid.model_copy(update=update)}


def opened(state: State, event: Event) -> Update:
    """Intake took a part."""
    said = event.read_as(BidChildOpened)
    return _child(state, said.part, Child(request=said.child, number=said.number, outcome="accepted"))


def returned(state: State, event: Event) -> Update:
    """Intake wants more of a part, or did not take it."""
    said = event.read_as(BidChildReturned)
    if said.amending:
        return amended(state.bid or Bid(), said.part, None)
    return _child(state, said.part, Child(request=said.child, number=said.number, outcome=said.outcome, missing=said.missing))


def followed_bid(state: State, event: Event) -> Update:
    """The request of a part says what the bid says now."""
    said = event.read_as(BidChildAmended)
    return amended(state.bid or Bid(), said.part, said.needed_by)


def confirmed(state: State, event: Event) -> Update:
    """Somebody vouches for an item; the latest word stands."""
    said, bid = event.read_as(BidItemConfirmed), state.bid or Bid()
    kept = tuple(one for one in bid.confirmed if one.item != said.item)
    one = Confirmed(item=said.item, by=said.by, remark=said.remark, at=event.time)
    return {"bid": bid.model_copy(update={"confirmed": (*kept, one)})}


def _waits(bid: Bid | None) -> bool:
    return bid is not None and bid.stale and bool(bid.amending)


def _within(request: Request, context: Context) -> bool:
    """Whether whoever asks for the bid is of its unit by the directory."""
    person = context.directory.people.get(request.requester.id)
    return person is not None and person.business_unit == request.business_unit


def _child(state: State, part: str, child: Child) -> Update:
    bid = state.bid or Bid()
    return {"bid": bid.model_copy(update={"children": {**bid.children, part: child}})}


def _taken(state: State) -> frozenset[str]:
    return frozenset(state.bid.children) if state.bid else frozenset()


def _next(made: BidPlan) -> datetime | None:
    """The first moment after which a part that is not late yet will be. It is late only once its time is past."""
    return min((part.due for part in made.parts if part.status not in {*OVER, "late"}), default=None)


def _standing(made: BidPlan) -> object:
    """What of a plan people have to hear of again: how far the parts are, and whether the dates can be met."""
    steps = {part.part: part.status if part.status in {*OVER, "late"} else "ahead" for part in made.parts}
    return steps, made.verdict, made.faults, made.due, made.pitch


def _cause(bid: Bid, made: BidPlan) -> str:
    if bid.plan is None:
        return "assigned"
    if bid.stale:
        return "amended"
    before = {part.part for part in bid.plan.parts if part.status == "late"}
    late = {part.part for part in made.parts if part.status == "late"}
    return "late" if late - before else "progress"


def unopened(state: State, subject: str) -> tuple[str, ...]:
    """The items of parts that are wanted no more once the bid is withdrawn."""
    bid = state.bid
    if bid is None:
        return ()
    opening = (identity(subject, part) for part in bid.opening if part not in bid.children)
    return (*opening, *(identity(subject, part, bid.version) for part in bid.amending))
