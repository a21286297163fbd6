"""The effort behind one request as routing knows it: hours by entry, gifts, money by line, and the opportunity's outcome. Pure."""

from collections.abc import Iterable
from datetime import date, datetime
from typing import Self

from shared.schemas.effort import (
    QUARTERS_OF_A_DAY,
    EffortCorrected,
    EffortLogged,
    GiftsIssued,
    IssuedGift,
    OutcomeRecorded,
    SpendLogged,
    Won,
)
from shared.schemas.envelope import Event
from shared.schemas.model import Frozen, Json
from shared.schemas.registry import MODELS


class Entry(Frozen):
    """One person's work on one day. `corrected_by` is the number of the entry that counts instead."""

    number: int
    person: str
    by: str
    day: date
    quarters: int
    note: str = ""
    at: datetime
    corrects: int | None = None
    corrected_by: int | None = None


class Spent(Frozen):
    """Money on a line of the budget; `fen` are the hundredths of a yuan in `amount`, to be added up."""

    number: int
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

    def entry(self, number: int) -> Entry | None:
        """The entry of that number."""
        return next((entry for entry in self.entries if entry.number == number), None)

    def corrections_of(self, entry: Entry) -> int:
        """How many corrections led to `entry`."""
        corrects = {one.number: one.corrects for one in self.entries}
        number, count = entry.corrects, 0
        while number is not None:
            number, count = corrects.get(number), count + 1
        return count

    def room_on(self, person: str, day: date, without: int = 0) -> int:
        """How many quarters of `day` are left to `person` on this request, entry `without` left out."""
        counted = (one for one in self.entries if one.corrected_by is None and one.number != without)
        return QUARTERS_OF_A_DAY - sum(one.quarters for one in counted if (one.person, one.day) == (person, day))

    def with_entry(self, entry: Entry) -> Self:
        """With one more entry, which stands for the one it corrects."""
        older = tuple(
            one.model_copy(update={"corrected_by": entry.number}) if one.number == entry.corrects else one for one in self.entries
        )
        return self.model_copy(update={"entries": (*older, entry)})


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
        case SpendLogged() as said:
            spent = Spent(**said.model_dump(), fen=fen(said.amount), at=event.time)
            return before.model_copy(update={"spent": (*before.spent, spent)})
        case GiftsIssued() as said:
            return before.model_copy(update={"gifts": said.gifts, "recipients": said.recipients})
        case OutcomeRecorded() as said:
            return before.model_copy(update={"outcome": Concluded(**said.model_dump(), at=event.time)})
        case _:
            return before


def worth(gifts: Iterable[IssuedGift]) -> int:
    """What gifts cost together, in fen; one without a price counts nothing."""
    return sum(gift.quantity * fen(gift.unit_price) for gift in gifts if gift.unit_price)


def fen(amount: str) -> int:
    """A decimal text of at most two places in hundredths."""
    whole, _, part = amount.partition(".")
    return int(whole) * 100 + int(part.ljust(2, "0"))


def yuan(hundredths: int) -> str:
    """Hundredths as a decimal text of two places."""
    return f"{hundredths // 100}.{hundredths % 100:02d}"
