"""When and where the builders' bodies ask people to be."""

import json
import zlib
from datetime import datetime, timedelta

from shared.schemas.model import Json

SLOTS = 6000


def window(
    start: str = "2027-03-10T14:00:00+08:00", end: str = "2027-03-10T16:30:00+08:00", place: str = "三号码头会议厅"
) -> Json:
    """A time and place in the shape the forms ask for."""
    return {"start": start, "end": end, "place": place, "time_zone": "Asia/Shanghai"}


def at_hours_of(source: object, details: Json) -> Json:
    """`details` with their appointments in one of 6,000 slots of six hours, which follows from `source`."""
    slot = zlib.crc32(json.dumps(source, sort_keys=True).encode()) % SLOTS
    later = timedelta(hours=6 * slot)
    return {key: _later(value, later) if isinstance(value, dict) and "end" in value else value for key, value in details.items()}


def _later(appointment: Json, by: timedelta) -> Json:
    return appointment | {end: (datetime.fromisoformat(appointment[end]) + by).isoformat() for end in ("start", "end")}
