"""Where a page of requests ended, as the text that asks for the next one. Pure.

Invariant: it is written from what never changes of a request, so that a page follows its predecessor without gap or repetition.
"""

import re
from datetime import datetime
from typing import NamedTuple

from services.intake.domain.state import sortable

FORM = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)~([0-9A-Za-z-]{1,64})")


class Place(NamedTuple):
    """A request's place in the order of lists: when it was received (as `sortable` writes it), and its id."""

    received: str
    request: str

    def cursor(self) -> str:
        """The text that `place` reads."""
        return f"{self.received}~{self.request}"


def place_of(request: str, received: datetime) -> Place:
    """Where `request` stands."""
    return Place(sortable(received), request)


def place(cursor: str) -> Place | None:
    """The place that `cursor` names; None when it was never one."""
    found = FORM.fullmatch(cursor)
    return Place(*found.groups()) if found else None
