"""A moment as people read it in their language and zone. Pure."""

from datetime import datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError


def spoken(moment: datetime, *, locale: str, time_zone: str) -> str:
    """`moment` (with an offset) in `time_zone`, with the zone named; in UTC where there is no such zone."""
    try:
        zone, named = ZoneInfo(time_zone), time_zone
    except (ZoneInfoNotFoundError, ValueError):
        zone, named = ZoneInfo("UTC"), "UTC"
    local = moment.astimezone(zone)
    if locale == "en":
        return f"{local.day} {local:%b %Y, %H:%M} ({named})"
    return f"{local.year}年{local.month}月{local.day}日 {local:%H:%M}（{named}）"
