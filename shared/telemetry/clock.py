"""The one clock of a process, so that samples give the same counts in any year; production has only the real one."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time, always aware and in UTC."""

    def now(self) -> datetime: ...


class ClockError(Exception):
    """The clock setting cannot be used; the message names the setting and what to write instead."""


@dataclass(frozen=True, kw_only=True)
class ShiftedClock:
    """The system clock plus a fixed shift; it runs on at real speed. Without a shift it is the system clock."""

    shift: timedelta = timedelta()

    def now(self) -> datetime:
        """The present moment, shifted, in UTC."""
        return datetime.now(UTC) + self.shift


def clock_from(setting: str | None, environment: str) -> Clock:
    """The clock for BACKLINE_CLOCK: unset, "<ISO time>" (it is that time now), or "<ISO time>@<unix seconds>" (it was then).

    All processes of one stack get the second form, and so agree. Raises ClockError when the setting is malformed, has no
    offset, or is used outside development.
    """
    if not setting:
        return ShiftedClock()
    if environment != "development":
        raise ClockError(
            "BACKLINE_CLOCK shifts time and is for development only; unset it, or set BACKLINE_ENVIRONMENT=development."
        )
    told, real = _read(setting)
    if told.tzinfo is None:
        raise ClockError(f"BACKLINE_CLOCK is {setting!r} and has no offset; write for example 2027-03-01T09:00:00+08:00.")
    clock = ShiftedClock(shift=told - real)
    try:
        clock.now()
    except OverflowError as error:
        raise ClockError(f"BACKLINE_CLOCK is {setting!r}, which lies outside the years 1 to 9999; set a nearer time.") from error
    return clock


def _read(setting: str) -> tuple[datetime, datetime]:
    """The told time and the real moment it was told for."""
    moment, at, since = setting.partition("@")
    try:
        return datetime.fromisoformat(moment), datetime.fromtimestamp(float(since) if at else time.time(), UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise ClockError(
            f"BACKLINE_CLOCK is {setting!r}; write an ISO 8601 time with offset, optionally @ unix seconds."
        ) from error
