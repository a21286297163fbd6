"""What people say of the effort behind a request: hours, their corrections, and what became of the opportunity. Pure."""

import re
from collections.abc import Callable, Iterable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from services.routing.domain import unaccounted
from services.routing.domain.context import Context
from services.routing.domain.efforts import Effort, N, corrections_of, money, numbered
from services.routing.domain.leading import leads
from services.routing.domain.refusals import NOT_YOURS
from services.routing.domain.state import State
from services.routing.domain.wish import Wish
from shared.ledger.messages import Decision, Refusal
from shared.schemas.effort import QUARTERS_OF_A_DAY, EffortCorrected, EffortLogged, OutcomeRecorded

MOST_ENTRIES, MOST_CORRECTIONS = 200, 10
"""Hours of one request, and corrections of one of its entries, so that its document stays small."""
OUTCOMES = ("won", "lost", "dropped")


def log_effort(state: State, wish: Wish, context: Context) -> Decision:
    """Whoever has or had a seat, or stands in, says how long they worked on a day; the coordinator says it for others too."""
    whose = _whose(state, wish, context)
    if isinstance(whose, Refusal):
        return Decision(refusal=whose)
    person, behalf = whose
    effort = state.effort or Effort()
    checked = _entry(wish, effort, context, person, least=1)
    if isinstance(checked, Refusal):
        return Decision(refusal=checked)
    if sum(entry.corrects is None for entry in effort.entries) >= MOST_ENTRIES:
        return Decision(refusal=unaccounted.too_many_entries(MOST_ENTRIES))
    day, quarters = checked
    number, note = len(effort.entries) + 1, wish.text("note")
    fact = EffortLogged(number=number, by=wish.by, person=person, day=day, quarters=quarters, note=note, on_behalf_of=behalf)
    return Decision(facts=(fact,))


def correct_effort(state: State, wish: Wish, context: Context) -> Decision:
    """Another entry in the place of entry `number`: by whose it is, or by the coordinator. It may always be taken back."""
    effort = state.effort or Effort()
    old = correctable(effort.entries, lambda entry: entry.person, state, wish, context)
    if isinstance(old, Refusal):
        return Decision(refusal=old)
    checked = _entry(wish, effort, context, old.person, least=0, instead_of=old.number)
    if isinstance(checked, Refusal):
        return Decision(refusal=checked)
    day, quarters = checked
    if corrections_of(effort.entries, old) >= MOST_CORRECTIONS and (quarters or not old.quarters):
        return Decision(refusal=unaccounted.too_many_corrections(MOST_CORRECTIONS))
    number, note = len(effort.entries) + 1, wish.text("note")
    fact = EffortCorrected(
        number=number, corrects=old.number, by=wish.by, person=old.person, day=day, quarters=quarters, note=note
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


def correctable(said: Iterable[N], whose: Callable[[N], str], state: State, wish: Wish, context: Context) -> N | Refusal:
    """The one of `said` that is to be corrected, by whom it belongs to or by the coordinator; or why it cannot be."""
    old = numbered(said, wish.data.get("number"))
    own = old is not None and wish.acts_for(whose(old), context)
    if not own and wish.coordinating(state, context) is None:
        return unaccounted.NOT_YOUR_ENTRY
    if old is None:
        return unaccounted.UNKNOWN_ENTRY
    return old if old.corrected_by is None else unaccounted.corrected_already(old.corrected_by)


def late(effort: Effort, context: Context) -> Refusal | None:
    """Why nothing more may be logged once its time is over."""
    over: datetime | None = effort.ended + context.policy.account_within if effort.ended else None
    if over is not None and context.now > over:
        return unaccounted.accounts_closed(context.policy.account_within_days)
    return None


def _whose(state: State, wish: Wish, context: Context) -> tuple[str, str | None] | Refusal:
    """Whose work it is, and for whom `by` says so."""
    named = wish.text("person")
    if named not in {"", wish.by}:
        coordinating = wish.coordinating(state, context)
        if coordinating is None:
            return unaccounted.NOT_YOUR_HOURS
        return (named, wish.behalf(coordinating.person)) if named in state.involved() else unaccounted.NEVER_SEATED
    seat = wish.any_seat(state, context)
    if seat is not None:
        return wish.by, wish.behalf(seat.person)
    return (wish.by, None) if wish.by in state.involved() else NOT_YOURS


def _entry(
    wish: Wish, effort: Effort, context: Context, person: str, *, least: int, instead_of: int = 0
) -> tuple[date, int] | Refusal:
    """Day and quarters as they may be kept, or why not."""
    if (closed := late(effort, context)) is not None:
        return closed
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
