"""Reads Retry-After (RFC 9110, 10.2.3): seconds, or a date. Pure."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST = 40


def seconds_of(given: str, now: datetime) -> float | None:
    """How many seconds from `now` (aware) an answer asks to wait; None when it says nothing that can be read."""
    text = given.strip()
    if not text or len(text) > LONGEST:
        return None
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return max(0.0, ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds())
