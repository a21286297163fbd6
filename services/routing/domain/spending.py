"""What people say of the money behind a request: what was spent on its budget, corrections, and the gifts that it gave away. Pure."""

from services.routing.domain import unaccounted
from services.routing.domain.accounting import MOST_CORRECTIONS, correctable, late
from services.routing.domain.context import Context
from services.routing.domain.efforts import Effort, corrections_of, fen, money, to_the_cent
from services.routing.domain.refusals import NOT_YOURS
from services.routing.domain.state import State
from services.routing.domain.wish import Wish
from shared.catalogue import Pack
from shared.ledger.messages import Decision, Refusal
from shared.schemas.effort import GiftsIssued, IssuedGift, SpendCorrected, SpendLogged

MOST_SPENDS = 200
"""Money of one request, corrections not counted, so that its document stays small."""
BUDGET = "budget"
"""The field of a request's details that names what each line may cost."""


def log_spend(state: State, wish: Wish, context: Context) -> Decision:
    """Whoever has a seat says what was spent on a line of the request's budget; more than was budgeted may be said."""
    seat = wish.any_seat(state, context)
    if seat is None:
        return Decision(refusal=NOT_YOURS)
    effort = state.effort or Effort()
    checked = _entry(state, wish, context, least=1)
    if isinstance(checked, Refusal):
        return Decision(refusal=checked)
    if sum(spent.corrects is None for spent in effort.spent) >= MOST_SPENDS:
        return Decision(refusal=unaccounted.too_many_spends(MOST_SPENDS))
    line, amount = checked
    fact = SpendLogged(
        number=len(effort.spent) + 1,
        by=wish.by,
        line=line,
        amount=amount,
        budgeted=_budgeted(state, line),
        note=wish.text("note"),
        on_behalf_of=wish.behalf(seat.person),
    )
    return Decision(facts=(fact,))


def correct_spend(state: State, wish: Wish, context: Context) -> Decision:
    """Another amount in the place of entry `number`: by who said it, or by the coordinator. It may always be taken back."""
    effort = state.effort or Effort()
    old = correctable(effort.spent, lambda spent: spent.by, state, wish, context)
    if isinstance(old, Refusal):
        return Decision(refusal=old)
    checked = _entry(state, wish, context, least=0)
    if isinstance(checked, Refusal):
        return Decision(refusal=checked)
    line, amount = checked
    if corrections_of(effort.spent, old) >= MOST_CORRECTIONS and (fen(amount) or not old.fen):
        return Decision(refusal=unaccounted.too_many_corrections(MOST_CORRECTIONS))
    fact = SpendCorrected(
        number=len(effort.spent) + 1,
        corrects=old.number,
        by=wish.by,
        line=line,
        amount=amount,
        budgeted=_budgeted(state, line),
        note=wish.text("note"),
    )
    return Decision(facts=(fact,))


def issued(state: State, wish: Wish) -> tuple[GiftsIssued, ...]:
    """What a request for gifts has given away once it is completed; nothing for the others."""
    details = state.request.details if state.request else {}
    gifts = tuple(gift for line in _lines(details.get("gifts")) if (gift := _gift(line)))
    recipients = details.get("recipients")
    pointer = recipients if isinstance(recipients, dict) and set(recipients) == {"$personal"} else None
    return (GiftsIssued(by=wish.by, gifts=gifts, recipients=pointer),) if gifts else ()


def budget_lines(pack: Pack) -> frozenset[str]:
    """Every line that a budget of one of the pack's types has."""
    return frozenset(line for kind in pack.types for line in _lines_of(pack, kind))


def _entry(state: State, wish: Wish, context: Context, *, least: int) -> tuple[str, str] | Refusal:
    """Line and amount as they may be kept, or why not."""
    lines = _lines_of(context.pack(state.policy), state.request.type) if state.request and state.policy else ()
    line, amount = wish.text("line"), money(wish.data.get("amount"))
    if not lines:
        return unaccounted.NO_BUDGET
    if line not in lines:
        return unaccounted.unknown_line(lines)
    if amount is None or fen(amount) < least:
        return unaccounted.BAD_AMOUNT
    return late(state.effort or Effort(), context) or (line, amount)


def _lines_of(pack: Pack, kind: str) -> tuple[str, ...]:
    """The lines of the type's budget; none where it has no budget."""
    known = pack.types.get(kind)
    budget = known.fields.get(BUDGET) if known else None
    return tuple(budget.fields) if budget else ()


def _budgeted(state: State, line: str) -> str | None:
    budget = state.request.details.get(BUDGET) if state.request else None
    return to_the_cent(budget[line]) if isinstance(budget, dict) and line in budget else None


def _lines(value: object) -> list[dict[str, object]]:
    return [line for line in value if isinstance(line, dict)] if isinstance(value, list) else []


def _gift(line: dict[str, object]) -> IssuedGift | None:
    item, quantity, price = line.get("item"), line.get("quantity"), line.get("unit_price")
    if not isinstance(item, str) or not isinstance(quantity, int):
        return None
    return IssuedGift(item=item, quantity=quantity, unit_price=to_the_cent(price) if price is not None else None)
