"""What routing says of the effort behind a request: hours, gifts, money spent, and what became of the opportunity.

Hours are whole quarters of an hour; amounts are decimal texts in CNY. Names of those who received something are in none of it.
"""

from datetime import date
from typing import Literal

from pydantic import Field

from shared.schemas.model import Frozen, Json

QUARTERS_OF_A_DAY = 96
MONEY = r"^\d{1,12}(\.\d{1,2})?$"
Won = Literal["won", "lost", "dropped"]


class EffortLogged(Frozen):
    """Somebody with a seat worked `quarters` quarters of an hour on `day`. Entries are numbered per request, from 1.

    `person` is whose work it was: the seat's holder, whoever held one before, or `by` who stands in and did it. The coordinator may
    say it for one of them, and is `by` then.
    """

    number: int = Field(ge=1)
    by: str
    person: str
    day: date
    quarters: int = Field(ge=1, le=QUARTERS_OF_A_DAY)
    note: str = ""
    on_behalf_of: str | None = None


class EffortCorrected(Frozen):
    """Entry `number` takes the place of entry `corrects`, which stays in the history; no quarters: nothing was done after all."""

    number: int = Field(ge=1)
    corrects: int = Field(ge=1)
    by: str
    person: str
    day: date
    quarters: int = Field(ge=0, le=QUARTERS_OF_A_DAY)
    note: str = ""


class IssuedGift(Frozen):
    """One kind of gift that went out. Given `unit_price`, or none where the request names none."""

    item: str
    quantity: int
    unit_price: str | None = None


class GiftsIssued(Frozen):
    """What a completed request gave away. `recipients` is the pointer under which intake keeps who received it."""

    by: str
    gifts: tuple[IssuedGift, ...]
    recipients: Json | None = None


class SpendLogged(Frozen):
    """Money spent on a line of the request's budget; `budgeted` is what the request asked for on it."""

    number: int = Field(ge=1)
    by: str
    line: str
    amount: str = Field(pattern=MONEY)
    budgeted: str | None = None
    note: str = ""
    on_behalf_of: str | None = None


class SpendCorrected(Frozen):
    """Entry `number` takes the place of entry `corrects`, which stays in the history; an amount of 0: nothing was spent after all."""

    number: int = Field(ge=1)
    corrects: int = Field(ge=1)
    by: str
    line: str
    amount: str = Field(pattern=MONEY)
    budgeted: str | None = None
    note: str = ""


class OutcomeRecorded(Frozen):
    """What became of the opportunity that the request is about; the one recorded last counts."""

    by: str
    opportunity: str
    outcome: Won
    amount: str | None = Field(default=None, pattern=MONEY)
    reason: str = ""
    on_behalf_of: str | None = None
