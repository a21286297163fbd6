"""The ★ items of a bid: each needs a supporter's name before the bid can be completed. Pure."""

from services.routing.domain.bidding.reading import starred
from services.routing.domain.context import Context
from services.routing.domain.refusals import NOT_YOURS
from services.routing.domain.state import State
from services.routing.domain.wish import Wish
from shared.ledger.messages import Decision, Refusal
from shared.schemas.bidding import BID, BidItemConfirmed
from shared.schemas.model import Text

LONGEST_REMARK = 500
NO_ITEM = Refusal(
    code="no_such_item",
    status=422,
    message=Text(
        zh="没有这个★条款（item，从 1 起的序号）；请查看 bid-room。",
        en="There is no such ★ item (item, counted from 1); see the bid room.",
    ),
)
NO_REMARK = Refusal(
    code="no_remark",
    status=422,
    message=Text(zh="请说明如何满足该条款（remark）。", en="Say how the bid meets the item (remark)."),
)
TOO_LONG = Refusal(
    code="remark_too_long",
    status=422,
    message=Text(
        zh=f"说明（remark）不能超过 {LONGEST_REMARK} 字；请写明标书中的位置即可。",
        en=f"The remark has at most {LONGEST_REMARK} characters; say where in the bid to look.",
    ),
)
LONGEST = 60
MOST_NAMED = 10


def confirm_item(state: State, wish: Wish, context: Context) -> Decision:
    """A supporter vouches for the item of that number; saying it again replaces what was said."""
    seat = wish.seat_in(state.supporters, context)
    if seat is None:
        return Decision(refusal=NOT_YOURS)
    items = items_of(state, context)
    number = wish.data.get("item")
    if isinstance(number, bool) or not isinstance(number, int) or not 1 <= number <= len(items):
        return Decision(refusal=NO_ITEM)
    if not wish.text("remark"):
        return Decision(refusal=NO_REMARK)
    if len(wish.text("remark")) > LONGEST_REMARK:
        return Decision(refusal=TOO_LONG)
    said = BidItemConfirmed(by=wish.by, item=items[number - 1], remark=wish.text("remark"), on_behalf_of=wish.behalf(seat.person))
    return Decision(facts=(said,))


def items_of(state: State, context: Context) -> tuple[str, ...]:
    """The ★ items of the bid as it reads now; none of any other request."""
    if state.request is None or state.request.type != BID:
        return ()
    return starred(state.request, context.policy.bidding.marks)


def unconfirmed(state: State, context: Context) -> Refusal | None:
    """Why the bid cannot be completed yet: how many items nobody vouches for, the first of them by number and beginning."""
    known = {one.item for one in state.bid.confirmed} if state.bid else set()
    open_ = [(number, text) for number, text in enumerate(items_of(state, context), start=1) if text not in known]
    if not open_:
        return None
    named = "；".join(f"{number}. {text[:LONGEST]}" for number, text in open_[:MOST_NAMED])
    more_zh, more_en = ("等", ", …") if len(open_) > MOST_NAMED else ("", "")
    return Refusal(
        code="items_unconfirmed",
        message=Text(
            zh=f"还有 {len(open_)} 条★条款尚未确认：{named}{more_zh}。请先逐条确认（confirm-item）。",
            en=f"{len(open_)} ★ item(s) are not confirmed yet: {named}{more_en}. Confirm each of them first (confirm-item).",
        ),
    )
