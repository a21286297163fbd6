"""Moments as an operator writes them: a day, or an ISO 8601 time with its offset. One reading for every command."""

import re
from datetime import datetime

from infra.commands.ending import WRONGLY_ASKED, fail

_A_DAY = re.compile(r"\d{4}-\d\d-\d\d")


def moment_of(text: str, option: str = "--since") -> datetime | None:
    """What `text` says; None for no text. A day begins at midnight on this machine. Ends the command when it says neither."""
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is not None and _A_DAY.fullmatch(text):
        return moment.astimezone()
    if moment is None or moment.tzinfo is None:
        fail(
            f"{option} says {text!r}; write a day such as 2027-03-01, or an ISO time with its offset such as "
            "2027-03-01T09:00:00+08:00.",
            WRONGLY_ASKED,
        )
    return moment
