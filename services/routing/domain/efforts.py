"""The effort behind one request as routing knows it: hours by entry, gifts, money by line, and the opportunity's outcome. Pure."""

import re
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Self, TypeVar

from shared.schemas.effort import (
    MONEY,
    QUARTERS_OF_A_DAY,
    EffortCorrected,
    EffortLogged,
    GiftsIssued,
    IssuedGift,
    OutcomeRecorded,
    SpendCorrected,
    SpendLogged,
    Won,
)
from shared.schemas.envelope import Event
from shared.schemas.model import Frozen, Json
from shared.schemas.registry import MODELS


class Numbered(Frozen):
    """What was said under a number, in the place of entry `corrects`. `corrected_by` is the number of the one that counts instead."""

    number: int
    corrects: int | None = None
    corrected_by: int | None = None


N = TypeVar("N", bound=Numbered)


class Entry(Numbered):
    """One person's work on one day."""

    person: str
    by: str
    day: date
    quarters: int
    note: str = ""
    at: datetime


class Spent(Numbered):
    """Money on a line of the budget; `fen` are the hundredths of a yuan in `amount`, to be added up."""

    by: str
    line: str
    amount: str
    fen: int
    budgeted: str | None = None
    note: str = ""
    at: datetime


class Concluded(Frozen):
    """What somebody said became of the opportunity."""

    opportunity: str
    outcome: Won
    amount: str | None = None
    reason: str = ""
    by: str
    at: datetime


class Effort(Frozen):
    """`begun` and `ended` bound the days that may be logged, and for how long. `gifts` are those of the last completion."""

    begun: datetime | None = None
    ended: datetime | None = None
    entries: tuple[Entry, ...] = ()
    spent: tuple[Spent, ...] = ()
    gifts: tuple[IssuedGift, ...] = ()
    recipients: Json | None = None
    outcome: Concluded | None = None

    def room_on(self, person: str, day: date, without: int = 0) -> int:
        """How many quarters of `day` are left to `person` on this request, entry `without` left out."""
        counted = (one for one in standing(self.entries) if one.number != without)
        return QUARTERS_OF_A_DAY - sum(one.quarters for one in counted if (one.person, one.day) == (person, day))

    def with_entry(self, entry: Entry) -> Self:
        """With one more entry, which stands for the one it corrects."""
        return self.model_copy(update={"entries": (*_without(self.entries, entry), entry)})

    def with_spent(self, spent: Spent) -> Self:
        """With more money spent, which stands for what it corrects."""
        return self.model_copy(update={"spent": (*_without(self.spent, spent), spent)})

    @property
    def spent_fen(self) -> int:
        """What was spent all in all, in hundredths of a yuan."""
        return sum(one.fen for one in standing(self.spent))


def standing(said: Iterable[N]) -> Iterator[N]:
    """Those of `said` that nothing took the place of."""
    return (one for one in said if one.corrected_by is None)


def numbered(said: Iterable[N], number: object) -> N | None:
    """The one of `said` that has that number."""
    return next((one for one in said if type(number) is int and one.number == number), None)


def corrections_of(said: Iterable[Numbered], last: Numbered) -> int:
    """How many corrections led to `last`."""
    corrects = {one.number: one.corrects for one in said}
    number, count = last.corrects, 0
    while number is not None:
        number, count = corrects.get(number), count + 1
    return count


def _without(said: Iterable[N], latest: N) -> tuple[N, ...]:
    """`said`, where `latest` counts in the place of the one it corrects."""
    return tuple(one.model_copy(update={"corrected_by": latest.number}) if one.number == latest.corrects else one for one in said)


def begun(at: datetime) -> Effort:
    """Of a request that is submitted `at`."""
    return Effort(begun=at)


def ended(effort: Effort | None, at: datetime) -> Effort:
    """`effort` of a request that ended `at`."""
    return (effort or Effort()).model_copy(update={"ended": at})


def after(effort: Effort | None, event: Event) -> Effort:
    """`effort` after one of its own facts."""
    before = effort or Effort()
    match event.read_as(MODELS[event.type]):
        case EffortLogged() | EffortCorrected() as said:
            return before.with_entry(Entry(**said.model_dump(), at=event.time))
        case SpendLogged() | SpendCorrected() as said:
            return before.with_spent(Spent(**said.model_dump(), fen=fen(said.amount), at=event.time))
        case GiftsIssued() as said:
            return before.model_copy(update={"gifts": said.gifts, "recipients": said.recipients})
        case OutcomeRecorded() as said:
            return before.model_copy(update={"outcome": Concluded(**said.model_dump(), at=event.time)})
        case _:
            return before


def worth(gifts: Iterable[IssuedGift]) -> int:
    """What gifts cost together, in fen; one without a price counts nothing."""
    return sum(gift.quantity * fen(gift.unit_price) for gift in gifts if gift.unit_price)


def money(value: object) -> str | None:
    """An amount in CNY as a decimal text of two places; None when it is no such text."""
    text = value.strip() if isinstance(value, str) else ""
    if not re.fullmatch(MONEY, text, re.ASCII):
        return None
    whole, _, part = text.partition(".")
    return f"{int(whole)}.{part.ljust(2, '0')}"


def to_the_cent(value: object) -> str | None:
    """An amount of a request's details as `money`, half a cent rounded up; None when it is no amount.

    Intake takes whole cents alone; requests that it accepted before it did may hold more places.
    """
    try:
        amount = Decimal(str(value)).quantize(Decimal("0.01"), ROUND_HALF_UP)
    except InvalidOperation:
        return None
    return f"{amount:f}" if amount.is_finite() and amount >= 0 else None


def fen(amount: str) -> int:
    """A decimal text of at most two places in hundredths."""
    whole, _, part = amount.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0"))


def yuan(hundredths: int) -> str:
    """Hundredths as a decimal text of two places."""
    return f"{hundredths // 100}.{hundredths % 100:02d}"
