"""When a week is worked: the hours of each weekday, in wall-clock minutes from midnight.

Invariant: the windows of a day are in order and do not overlap; a shift over midnight is two windows.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

DAY_MINUTES = 24 * 60
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_WINDOW = re.compile(r"(\d\d):(\d\d)-(\d\d):(\d\d)")


class WindowsError(Exception):
    """Hours that cannot be worked; the message names the weekday, the problem and the remedy."""


@dataclass(frozen=True, kw_only=True, order=True)
class Window:
    """From minute `start` up to, and without, minute `end`; 1440 is the day's end."""

    start: int
    end: int


@dataclass(frozen=True, kw_only=True)
class Week:
    """The windows of each weekday, Monday first, and those of a make-up workday."""

    days: tuple[tuple[Window, ...], ...]
    make_up: tuple[Window, ...]


def read_week(given: Mapping[str, Sequence[str]]) -> Week:
    """From {"mon": ["09:00-12:00", "13:30-18:00"], …}; a day that is not named is not worked.

    `make_up` is a make-up workday, like Monday when it is not named. Raises WindowsError.
    """
    unknown = sorted(set(given) - {*WEEKDAYS, "make_up"})
    if unknown:
        raise WindowsError(f"{unknown[0]!r} is no weekday; write {', '.join(WEEKDAYS)} or make_up.")
    days = tuple(_windows(name, given.get(name, ())) for name in WEEKDAYS)
    return Week(days=days, make_up=_windows("make_up", given["make_up"]) if "make_up" in given else days[0])


def _windows(name: str, given: Sequence[str]) -> tuple[Window, ...]:
    if isinstance(given, str):
        raise WindowsError(f"{name}: the hours must be a list such as ['09:00-12:00', '13:30-18:00'].")
    windows = [_window(name, text) for text in given]
    for before, after in pairwise(windows):
        if after.start < before.end:
            raise WindowsError(f"{name}: the hours overlap or are not in order; write them one after the other.")
    return tuple(windows)


def _window(name: str, text: str) -> Window:
    found = _WINDOW.fullmatch(text)
    if found is None:
        raise WindowsError(f"{name}: {text!r} is no span of hours; write it like 09:00-12:00.")
    start, end = (int(found[place]) * 60 + int(found[place + 1]) for place in (1, 3))
    if int(found[2]) > 59 or int(found[4]) > 59 or not start < end <= DAY_MINUTES:
        raise WindowsError(f"{name}: {text!r} does not end after it begins, by 24:00; a night shift is two spans on two days.")
    return Window(start=start, end=end)
