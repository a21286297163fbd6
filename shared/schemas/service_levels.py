"""Service levels: until when each step of a request is due in working time, and what routing says when time runs out."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from shared.schemas.model import Frozen

ClockName = Literal["assignment", "response", "delivery", "confirmation"]
"""Somebody is found, somebody accepts, the work is delivered, the requester says whether it is what they asked for."""


class Due(Frozen):
    """A clock is set: it runs from `since` to `due`, which is `working_seconds` of working time later.

    One `by_date` runs against a moment that the request itself names; without `working_seconds` it is due then. `used_seconds` ran
    before `since`, until the work was halted or somebody else had it; a clock that was over by then is due when it was. `person` is
    whose working time it is reckoned in, None the unit's. It is warned of after the part `warn_after` of its time, and the leaders are
    told `leader_seconds` of working time after it is due. A `provisional` one touches days that a notice to come may change;
    `almanac` is the version of the calendar it was reckoned with.
    """

    clock: ClockName
    since: datetime
    due: datetime
    warn_at: datetime
    leader_at: datetime | None = None
    working_seconds: float | None = Field(default=None, gt=0)
    used_seconds: float = 0.0
    warn_after: float | None = None
    leader_seconds: float | None = None
    by_date: bool = False
    person: str | None = None
    almanac: str
    provisional: bool = False


class Timed(Frozen):
    """A fact that may set clocks: all those that are due at another moment since."""

    clocks: tuple[Due, ...] = ()


class ServiceLevelWarned(Frozen):
    """Most of the time has passed."""

    clock: ClockName
    due: datetime


class ServiceLevelBreached(Frozen):
    """The time has passed, and what was due is not done."""

    clock: ClockName
    due: datetime


class ConfirmationReminded(Frozen):
    """What was delivered counts as accepted unless the requester objects before `due`."""

    due: datetime


class ClocksRecalculated(Frozen):
    """Clocks that run were reckoned again: an operator asked for it, or the calendar's notice is published (`almanac`, its version)."""

    by: str
    cause: Literal["operator", "almanac"]
    almanac: str
    clocks: tuple[Due, ...]
