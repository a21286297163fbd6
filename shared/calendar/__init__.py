"""Working time: the almanac of public holidays and make-up workdays, a week's hours, and reckoning with both. Pure."""

from shared.calendar.almanac import Almanac, AlmanacError, Kind, read_almanac
from shared.calendar.windows import Week, WindowsError, read_week
from shared.calendar.working_time import FURTHEST, NoWorkingTimeError, WorkingTime

__all__ = [
    "FURTHEST",
    "Almanac",
    "AlmanacError",
    "Kind",
    "NoWorkingTimeError",
    "Week",
    "WindowsError",
    "WorkingTime",
    "read_almanac",
    "read_week",
]
