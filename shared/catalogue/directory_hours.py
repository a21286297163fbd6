"""Working hours as directory files write them, brought to one form: spans of hours by weekday. Pure."""

from collections.abc import Mapping
from typing import Any

from shared.calendar.windows import WindowsError, read_week
from shared.schemas.people import WeekHours

SAME_ON_DAYS = {"days", "start", "end", "windows"}


def read_hours(given: object) -> WeekHours | None:
    """From {days, start, end}, {days, windows: ["09:00-12:00", "13:30-18:00"]} or {mon: [...], ...}; None for nothing given.

    Raises WindowsError.
    """
    if given is None:
        return None
    if not isinstance(given, dict):
        raise WindowsError("write {days: [mon, tue], start: '09:00', end: '18:00'}.")
    hours = _same(given) if given.keys() & SAME_ON_DAYS else {str(day): _texts(spans) for day, spans in given.items()}
    read_week(hours)
    if not any(hours.values()):
        raise WindowsError("no hour is worked; name days and hours, or leave working_hours out.")
    return hours


def _same(given: Mapping[str, Any]) -> WeekHours:
    """The same hours on each of the days."""
    if unknown := sorted(str(key) for key in given.keys() - SAME_ON_DAYS):
        raise WindowsError(f"{unknown[0]!r} does not go with days; write {', '.join(sorted(SAME_ON_DAYS))}.")
    days = given.get("days")
    if not isinstance(days, list):
        raise WindowsError("days must be a list such as [mon, tue, wed, thu, fri].")
    windows = _texts(given["windows"]) if "windows" in given else (f"{given.get('start')}-{given.get('end')}",)
    if "windows" in given and given.keys() & {"start", "end"}:
        raise WindowsError("give either windows or start and end.")
    if len({str(day) for day in days}) < len(days):
        raise WindowsError("a day is named twice; name each once.")
    return {str(day): windows for day in days}


def _texts(spans: object) -> tuple[str, ...]:
    if not isinstance(spans, list):
        raise WindowsError("the hours of a day must be a list such as ['09:00-12:00', '13:30-18:00'].")
    return tuple(str(span) for span in spans)
