"""What routing says about people who are away while they have a part in a request."""

from datetime import date

from shared.schemas.model import Frozen
from shared.schemas.routing import Step


class AbsenceNoticed(Frozen):
    """Whoever has a seat is away until `until`, the last day, and keeps it. `person` stands in; without one somebody has to decide.

    `since` is the first day of a leave that is yet to begin, and takes up a time that was agreed on. Of somebody who has `left`, `until`
    is the day on which that was noticed.
    """

    holder: str
    role: str
    step: Step
    until: date
    person: str | None = None
    since: date | None = None
    left: bool = False
