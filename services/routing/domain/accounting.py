"""What people say of the effort behind a request: hours, corrections, money, and what became of the opportunity. Pure."""

import re
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.routing.domain import unaccounted
from services.routing.domain.context import Context
from services.routing.domain.efforts import Effort, yuan
from services.routing.domain.leading import leads
from services.routing.domain.refusals import NOT_YOURS
from services.routing.domain.state import State
from services.routing.domain.wish import Wish
from shared.ledger.messages import Decision, Refusal
from shared.schemas.effort import (
    MONEY,
    QUARTERS_OF_A_DAY,
    EffortCorrected,
    EffortLogged,
    GiftsIssued,
    IssuedGift,
    OutcomeRecorded,
    SpendLogged,
)

MOST_ENTRIES, MOST_SPENDS, MOST_CORRECTIONS = 200, 200, 10
"""Hours and money of one request, and corrections of one of its entries, so that its document stays small."""
OUTCOMES = ("won", "lost", "dropped")


def log_effort(state: State, wish: Wish, context: Context) -> Decision:
    """Whoever has a seat, or stands in, says how long they worked on a day; it is the work of whoever says it."""
    seat = wish.any_seat(state, context)
    if seat is None:
        return Decision(refusal=NOT_YOURS)
    effort = state.effort or Effort()
    checked = _entry(wish, effort, context, wish.by, least=1)
    if isinstance(checked, Refusal):
        return Decision(refusal=checked)
    if sum(entry.corrects is None for entry in effort.entries) >= MOST_ENTRIES:
        return Decision(refusal=unaccounted.too_many_entries(MOST_ENTRIES))
    day, quarters = checked
    number, note = len(effort.entries) + 1, wish.text("note")
    behalf = wish.behalf(seat.person)
    return Decision(
        facts=(
            EffortLogged(number=number, by=wish.by, person=wish.by, day=day, quarters=quarters, note=note, on_behalf_of=behalf),
        )
    )


def correct_effort(state: State, wish: Wish, context: Context) -> Decision:
    """Another entry in the place of entry `number`: by whose it is, or by the coordinator. It may always be taken back."""
    effort = state.effort or Effort()
    given = wish.data.get("number")
    old = effort.entry(given) if isinstance(given, int) else None
    own = old is not None and wish.acts_for(old.person, context)
    if not own and wish.coordinating(state, context) is None:
        return Decision(refusal=unaccounted.NOT_YOUR_ENTRY)
    if old is None:
        return Decision(refusal=unaccounted.UNKNOWN_ENTRY)
    if old.corrected_by is not None:
        return Decision(refusal=unaccounted.corrected_already(old.corrected_by))
    checked = _entry(wish, effort, context, old.person, least=0, instead_of=old.number)
    if isinstance(checked, Refusal):
        return Decision(refusal=checked)
    day, quarters = checked
    if effort.corrections_of(old) >= MOST_CORRECTIONS and (quarters or not old.quarters):
        return Decision(refusal=unaccounted.too_many_corrections(MOST_CORRECTIONS))
    number, note = len(effort.entries) + 1, wish.text("note")
    fact = EffortCorrected(
        number=number, corrects=old.number, by=wish.by, person=old.person, day=day, quarters=quarters, note=note
    )
    return Decision(facts=(fact,))


def log_spend(state: State, wish: Wish, context: Context) -> Decision:
    """Whoever has a seat says what was spent on a line of the request's budget; more than was budgeted may be said."""
    seat = wish.any_seat(state, context)
    if seat is None:
        return Decision(refusal=NOT_YOURS)
    effort = state.effort or Effort()
    lines = _budget_lines(state, context)
    line, amount = wish.text("line"), money(wish.data.get("amount"))
    if not lines:
        return Decision(refusal=unaccounted.NO_BUDGET)
    if line not in lines:
        return Decision(refusal=unaccounted.unknown_line(lines))
    if amount is None or amount == yuan(0):
        return Decision(refusal=unaccounted.BAD_AMOUNT)
    if late := _late(effort, context):
        return Decision(refusal=late)
    if len(effort.spent) >= MOST_SPENDS:
        return Decision(refusal=unaccounted.too_many_spends(MOST_SPENDS))
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


def record_outcome(state: State, wish: Wish, context: Context) -> Decision:
    """The requester, or who leads the unit, says what became of the opportunity."""
    request = state.request
    asked = wish.asked_for_it(state, context)
    if request is None or not (asked or leads(wish.by, request.business_unit, context)):
        return Decision(refusal=unaccounted.NOT_OUTCOMES)
    if request.opportunity is None:
        return Decision(refusal=unaccounted.NO_OPPORTUNITY)
    if wish.text("opportunity") not in {"", request.opportunity.id}:
        return Decision(refusal=unaccounted.OTHER_OPPORTUNITY)
    outcome = next((one for one in OUTCOMES if one == wish.text("outcome")), None)
    if outcome is None:
        return Decision(refusal=unaccounted.BAD_OUTCOME)
    given = wish.data.get("amount")
    amount = money(given)
    if (given is not None and amount is None) or (outcome == "won" and amount is None):
        return Decision(refusal=unaccounted.BAD_OUTCOME_AMOUNT)
    if outcome != "won" and not wish.text("reason"):
        return Decision(refusal=unaccounted.NO_OUTCOME_REASON)
    behalf = wish.behalf(request.requester.id) if asked else None
    fact = OutcomeRecorded(
        by=wish.by,
        opportunity=request.opportunity.id,
        outcome=outcome,
        amount=amount,
        reason=wish.text("reason"),
        on_behalf_of=behalf,
    )
    return Decision(facts=(fact,))


def issued(state: State, wish: Wish) -> tuple[GiftsIssued, ...]:
    """What a request for gifts has given away once it is completed; nothing for the others."""
    details = state.request.details if state.request else {}
    gifts = tuple(gift for line in _lines(details.get("gifts")) if (gift := _gift(line)))
    recipients = details.get("recipients")
    pointer = recipients if isinstance(recipients, dict) and set(recipients) == {"$personal"} else None
    return (GiftsIssued(by=wish.by, gifts=gifts, recipients=pointer),) if gifts else ()


def money(value: object) -> str | None:
    """An amount in CNY as a decimal text of two places; None when it is no such text."""
    text = value.strip() if isinstance(value, str) else ""
    if not re.fullmatch(MONEY, text, re.ASCII):
        return None
    whole, _, part = text.partition(".")
    return f"{int(whole)}.{part.ljust(2, '0')}"


def _entry(
    wish: Wish, effort: Effort, context: Context, person: str, *, least: int, instead_of: int = 0
) -> tuple[date, int] | Refusal:
    """Day and quarters as they may be kept, or why not."""
    if late := _late(effort, context):
        return late
    quarters = _quarters(wish.data.get("hours"), least)
    if quarters is None:
        return unaccounted.BAD_HOURS
    day = _day(wish.data.get("day"), effort, context, person)
    if day is None:
        return unaccounted.BAD_DAY
    if quarters > effort.room_on(person, day, instead_of):
        return unaccounted.DAY_FULL
    return day, quarters


def _quarters(hours: object, least: int) -> int | None:
    """Hours given as a number or a decimal text in whole quarters; None when they are none, or more than a day has."""
    if isinstance(hours, bool) or not isinstance(hours, int | float | str):
        return None
    found = re.fullmatch(r"(\d{1,2})(?:\.(0|00|25|5|50|75))?", str(hours).strip(), re.ASCII)
    if found is None:
        return None
    quarters = int(found[1]) * 4 + {"25": 1, "5": 2, "50": 2, "75": 3}.get(found[2] or "", 0)
    return quarters if least <= quarters <= QUARTERS_OF_A_DAY else None


def _day(given: object, effort: Effort, context: Context, person: str) -> date | None:
    """A day that is neither before the request nor in the future, in the person's own zone."""
    try:
        day = date.fromisoformat(str(given))
    except ValueError:
        return None
    known = context.directory.people.get(person)
    zone = ZoneInfo(known.time_zone if known else "Asia/Shanghai")
    first = effort.begun.astimezone(zone).date() if effort.begun else date.min
    return day if first <= day <= context.now.astimezone(zone).date() else None


def _late(effort: Effort, context: Context) -> Refusal | None:
    """Why nothing more may be logged once its time is over."""
    over: datetime | None = effort.ended + context.policy.account_within if effort.ended else None
    if over is not None and context.now > over:
        return unaccounted.accounts_closed(context.policy.account_within_days)
    return None


def _budget_lines(state: State, context: Context) -> tuple[str, ...]:
    """The lines of the type's budget; none where it has no budget."""
    if state.request is None or state.policy is None:
        return ()
    kind = context.pack(state.policy).types.get(state.request.type)
    budget = kind.fields.get("budget") if kind else None
    return tuple(budget.fields) if budget else ()


def _budgeted(state: State, line: str) -> str | None:
    budget = state.request.details.get("budget") if state.request else None
    return money(str(budget[line])) if isinstance(budget, dict) and line in budget else None


def _lines(value: object) -> list[dict[str, object]]:
    return [line for line in value if isinstance(line, dict)] if isinstance(value, list) else []


def _gift(line: dict[str, object]) -> IssuedGift | None:
    item, quantity, price = line.get("item"), line.get("quantity"), line.get("unit_price")
    if not isinstance(item, str) or not isinstance(quantity, int):
        return None
    return IssuedGift(item=item, quantity=quantity, unit_price=money(str(price)) if price is not None else None)
