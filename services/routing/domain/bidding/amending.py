"""An amended bid amends its open parts: each is asked to say what the bid says now, and what came of it is said. Pure."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from services.routing.domain.bidding.children import amendment, body, changes
from services.routing.domain.bidding.plan import OVER, Question
from services.routing.domain.bidding.policy import BiddingPolicy
from services.routing.domain.bidding.reading import moment
from services.routing.domain.bidding.state import Bid
from services.routing.domain.state import State
from shared.ledger.messages import NOTHING, Decision, Item, Settled
from shared.schemas.bidding import BidChildAmended, BidChildReturned, BidPlan
from shared.schemas.model import Text

NOT_AMENDED = Text(
    zh="未能自动变更，该分项仍按变更前的内容办理；请申请人手工变更。",
    en="It could not be amended by itself and stands as it was before; the requester has to amend it.",
)
TAKEN = frozenset({"accepted", "held", "returned"})


def amendments(subject: str, question: Question, made: BidPlan, policy: BiddingPolicy) -> Mapping[str, Item]:
    """By part, what amends those that were filled from the bid as it was before, and are not over, to what it says now."""
    bid = question.bid
    if bid.before is None:
        return {}
    before, bid_due = replace(question, request=bid.before), moment(bid.before.details.get("due"))
    dues = bid.dues or {part.part: part.due for part in (bid.plan.parts if bid.plan else ())}
    found: dict[str, Item] = {}
    for part in made.parts:
        name, due = part.part, dues.get(part.part)
        if due is not None and part.status not in OVER and _there(bid, name):
            was = body(before, name, due, policy, bid_due)
            patch = changes(was, body(question, name, part.due, policy, made.due))
            if patch is not None:
                found[name] = amendment(subject, part, patch, bid.version + 1)
    return found


def _there(bid: Bid, part: str) -> bool:
    """Whether intake has the request of `part`, or will: an amendment that comes before what it amends waits for it there."""
    child = bid.children.get(part)
    return part in bid.opening and (child is None or child.request is not None)


def settled_amendment(state: State, message: Settled) -> Decision:
    """What intake made of an amendment. A part that still lacks something is amended all the same."""
    asked, said = message.item.data, message.data
    part, label, needed_by = asked["part"], Text.model_validate(asked["label"]), datetime.fromisoformat(asked["needed_by"])
    if state.bid is None or part not in state.bid.amending or not state.open:
        return NOTHING
    child, number = said.get("id"), said.get("number")
    if message.end == "done" and said.get("outcome") in TAKEN and said.get("amended"):
        return Decision(facts=(BidChildAmended(part=part, label=label, child=child, number=number, needed_by=needed_by),))
    known = state.bid.children.get(part)
    returned = BidChildReturned(
        part=part,
        label=label,
        child=child or (known.request if known else None),
        number=number or (known.number if known else None),
        outcome=str(said.get("outcome") or message.end),
        missing=tuple(said.get("missing") or ()),
        message=_why(said.get("message")),
        amending=True,
        needed_by=needed_by,
    )
    return Decision(facts=(returned,))


def amended(bid: Bid, part: str, needed_by: datetime | None) -> dict[str, object]:
    """The bid once `part` is asked for by `needed_by`, or, for None, stands as it was: then the plan has to say so."""
    left = tuple(name for name in bid.amending if name != part)
    known = {name: moment for name, moment in bid.amended.items() if name != part}
    if needed_by is not None:
        return {"bid": bid.model_copy(update={"amending": left, "amended": {**known, part: needed_by}})}
    return {"bid": bid.model_copy(update={"amending": left, "amended": known, "stale": True})}


def _why(message: object) -> Text:
    """What intake said, and that the part stands as it was."""
    said = Text.model_validate(message) if message else None
    return Text(zh=f"{said.zh}{NOT_AMENDED.zh}", en=f"{said.en} {NOT_AMENDED.en}") if said else NOT_AMENDED
