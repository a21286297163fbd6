"""A moment, or a day, as people read it in their language and zone. Pure."""

from datetime import date, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def spoken(moment: datetime, *, locale: str, time_zone: str) -> str:
    """`moment` (with an offset) in `time_zone`, with the zone named; in UTC where there is no such zone."""
    try:
        zone, named = ZoneInfo(time_zone), time_zone
    except (ZoneInfoNotFoundError, ValueError):
        zone, named = ZoneInfo("UTC"), "UTC"
    local = moment.astimezone(zone)
    if locale == "en":
        return f"{spoken_day(local, locale)}, {local:%H:%M} ({named})"
    return f"{spoken_day(local, locale)} {local:%H:%M}（{named}）"


def spoken_day(day: date, locale: str) -> str:
    """`day` as it is, whatever zone it is somebody's in."""
    return f"{day.day} {day:%b %Y}" if locale == "en" else f"{day.year}年{day.month}月{day.day}日"
